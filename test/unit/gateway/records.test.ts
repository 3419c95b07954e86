import { describe, expect, test } from "bun:test";
import { ok } from "../../../src/core/result.ts";
import type { Decided } from "../../../src/gateway/decided.ts";
import { countsOf, intentOf, outcomeOf } from "../../../src/gateway/records.ts";
import { Stopwatch } from "../../../src/gateway/stopwatch.ts";
import { chatRequest, fakeDeps } from "../../support/deps.ts";
import { featuresOf } from "../../support/policy.ts";
import { decisionFor, target } from "../../support/target.ts";

const RECEIVED_AT = new Date("2026-11-22T09:59:00.500Z");
const REQUEST = chatRequest("", {
  streamed: false,
  messages: [
    { role: "system", content: "be kind" },
    { role: "user", content: "👋" },
  ],
});

const { active: ACTIVE } = fakeDeps();
const FEATURES = featuresOf({ messageCount: 2, promptChars: 8 });
const DECISION = decisionFor(
  [
    { provider: "local", model: "llama" },
    { provider: "openai", model: "gpt" },
  ],
  {
    rule: "short-prompt",
    shadow: [{ rule: "later", outcome: "deny", provider: null, differs: true }],
  },
);

function decided(overrides: Partial<Decided> = {}): Decided {
  return {
    call: { requestId: "0193-id", signal: new AbortController().signal, labels: {} },
    request: REQUEST,
    findings: { "pii.email": 2 },
    active: ACTIVE,
    features: FEATURES,
    decision: DECISION,
    planned: ok([target("local", "llama"), target("openai", "gpt")] as const),
    reasonCodes: ["default"],
    stopwatch: new Stopwatch(() => 0),
    ...overrides,
  };
}

function intent(overrides: Partial<Decided> = {}, providerTimeoutMs = 1_000) {
  const { deps } = fakeDeps({ providerTimeoutMs });
  return intentOf(deps, decided(overrides), RECEIVED_AT);
}

describe("intentOf", () => {
  test("puts the decision and measures of the request on record", () => {
    expect(intent()).toEqual({
      requestId: "0193-id",
      receivedAt: RECEIVED_AT,
      settleBy: expect.any(Date),
      surface: "native",
      decision: "route",
      provider: "local",
      zone: "local",
      model: "llama",
      reasonCodes: ["default"],
      findings: { "pii.email": 2 },
      scanRuleset: expect.stringMatching(/^\d+\.\d+\.\d+:[0-9a-f]{64}$/),
      policyHash: DECISION.policyHash,
      rule: "short-prompt",
      features: FEATURES,
      shadow: DECISION.shadow,
      messageCount: 2,
      promptLength: 8,
      promptDigest: expect.stringMatching(/^hmac-sha256:/),
      streamed: false,
    });
  });

  test.each([
    [1_000, "2026-11-22T10:00:02.500Z"],
    [120_000, "2026-11-22T10:04:00.500Z"],
  ])("gives a row a minute more than two providers' %d ms each to be settled", (providerTimeoutMs, settleBy) => {
    expect(intent({}, providerTimeoutMs).settleBy.toISOString()).toBe(settleBy);
  });

  test("gives a streamed row the longest time of a stream besides", () => {
    const streamed = intent({ request: chatRequest("", { streamed: true }) });
    expect(streamed).toMatchObject({ streamed: true, settleBy: new Date("2026-11-22T11:00:02.500Z") });
  });

  test("waits as long for each provider as the rule says, where it does", () => {
    const effects = { ...DECISION.effects, attempts: { timeoutMs: 5_000, maxTargets: null } };
    const { settleBy } = intent({ decision: { ...DECISION, effects } });
    expect(settleBy).toEqual(new Date("2026-11-22T10:00:10.500Z"));
  });

  test("names no destination for what is denied", () => {
    const reasonCodes = ["default", "policy.no_compliant_route"] as const;
    const planned = { ok: false, error: { code: "policy.no_compliant_route", field: null, provider: null } } as const;
    expect(intent({ planned, reasonCodes })).toMatchObject({
      decision: "deny",
      provider: null,
      zone: null,
      model: null,
      reasonCodes: [...reasonCodes],
    });
  });
});

describe("outcomeOf", () => {
  const COMPLETED_AT = new Date("2026-11-22T10:00:03.000Z");
  const { deps } = fakeDeps({ now: () => COMPLETED_AT });

  function at(...readingsMs: number[]) {
    return new Stopwatch(() => readingsMs.shift() ?? Number.NaN);
  }

  const ended = {
    status: "succeeded",
    failureCategory: null,
    model: "llama-2026",
    usage: { promptTokens: 3, completionTokens: 5 },
    error: null,
  } as const;

  test("takes over how it ended, who answered and what it took, and none of the answer", () => {
    expect(outcomeOf(deps, decided({ stopwatch: at(100, 250) }), target("local", "llama"), ended)).toEqual({
      requestId: "0193-id",
      completedAt: COMPLETED_AT,
      status: "succeeded",
      provider: "local",
      zone: "local",
      model: "llama-2026",
      failureCategory: null,
      usage: { promptTokens: 3, completionTokens: 5 },
      latencyMs: 150,
    });
  });

  test("says of a failure what it was", () => {
    const ending = { ...ended, status: "failed", failureCategory: "rate_limited", model: null } as const;
    expect(outcomeOf(deps, decided({ stopwatch: at(0, 1) }), target("local", "llama"), ending)).toMatchObject({
      status: "failed",
      failureCategory: "rate_limited",
      model: null,
    });
  });

  test.each([
    [150.4, 150],
    [150.6, 151],
  ])("takes %d ms as %d, since the column holds whole ones", (tookMs, latencyMs) => {
    expect(outcomeOf(deps, decided({ stopwatch: at(0, tookMs) }), target("local", "llama"), ended).latencyMs).toBe(
      latencyMs,
    );
  });
});

describe("countsOf", () => {
  const found = (code: string, path: string, count: number) => ({ code, path, view: "raw" as const, count });

  test("adds up each code over all places, and keeps none of the places", () => {
    const findings = [
      found("pii.email", "/messages/0/content", 2),
      found("keyword", "/my private key", 1),
      found("pii.email", "/my private key", 3),
    ];
    expect(countsOf(findings)).toEqual({ keyword: 1, "pii.email": 5 });
    expect(countsOf([])).toEqual({});
  });

  test("says the same of the same, in whatever order it was found", () => {
    const findings = [found("secret.jwt", "/a", 1), found("keyword", "/b", 1), found("pii.email", "/c", 1)];
    expect(JSON.stringify(countsOf(findings))).toBe(JSON.stringify(countsOf(findings.toReversed())));
  });
});
