import { describe, expect, test } from "bun:test";
import type { AuditEvent } from "../../src/audit/event.ts";
import { err, ok } from "../../src/core/result.ts";
import type { AuditStore } from "../../src/gateway/deps.ts";
import { auditRoutes } from "../../src/http/audit.ts";
import { memoryAudit } from "../support/memory-audit.ts";
import { featuresOf } from "../support/policy.ts";

const ID = "019382c0-0000-7000-8000-000000000001";
const HASH = `sha256:${"ab".repeat(32)}`;

const EVENT: AuditEvent = {
  requestId: ID,
  receivedAt: new Date("2026-11-22T10:00:00.123Z"),
  completedAt: null,
  status: "pending",
  surface: "native",
  decision: "route",
  provider: "mistral-eu",
  zone: "eu",
  model: "m",
  answeredProvider: "local",
  answeredZone: "local",
  reasonCodes: ["team.reason"],
  policyHash: HASH,
  rule: "long-prompts",
  features: featuresOf({
    wish: "known",
    model: "m",
    wishPrice: { input: 1, output: 2 },
    requestedProvider: "mistral-eu",
    offeredBy: ["mistral-eu"],
    signals: ["personal"],
    labels: { team: "blue" },
  }),
  shadow: [{ rule: "stricter", outcome: "deny", provider: null, differs: true }],
  findings: {},
  scanRuleset: null,
  failureCategory: null,
  messageCount: 1,
  promptLength: 20,
  promptDigest: `hmac-sha256:k:${"0".repeat(64)}`,
  usage: { promptTokens: null, completionTokens: null },
  latencyMs: null,
  streamed: false,
};

async function ask(find: AuditStore["find"]) {
  const app = auditRoutes({ ...memoryAudit().store, find });
  const response = await app.handle(new Request(`http://gateway/v1/audit/${ID}`));
  return response.status === 200 ? await response.json() : response.status;
}

describe("GET /v1/audit/{request_id}", () => {
  test("shows the policy that decided, its rule, what it depended on and what watched rules would have done", async () => {
    expect(await ask(async () => ok(EVENT))).toMatchObject({
      zone: "eu",
      reason_codes: ["team.reason"],
      policy: { hash: HASH },
      rule: "long-prompts",
      features: {
        surface: "native",
        task: "chat",
        stream: false,
        message_count: 1,
        prompt_chars: 20,
        prompt_tokens: 5,
        max_output_tokens: null,
        choices: 1,
        has_tools: false,
        has_images: false,
        opaque_content: false,
        scan_incomplete: false,
        signals: ["personal"],
        wish: "known",
        model: "m",
        wish_price: { input: 1, output: 2 },
        requested_provider: "mistral-eu",
        offered_by: ["mistral-eu"],
        labels: { team: "blue" },
      },
      shadow: [{ rule: "stricter", outcome: "deny", provider: null, differs: true }],
    });
  });

  test("says null for what rows of older versions do not say", async () => {
    const older = { ...EVENT, policyHash: null, rule: null, features: null, shadow: null };
    expect(await ask(async () => ok(older))).toMatchObject({ policy: null, rule: null, features: null, shadow: null });
  });

  test("does not take a row for missing that cannot be read", async () => {
    const failed = ask(async () => err({ message: "away" }));
    expect(await failed).toBeGreaterThanOrEqual(500);
  });
});
