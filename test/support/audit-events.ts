import type { AuditEvent } from "../../src/audit/event.ts";
import { featuresOf } from "./policy.ts";

/** An audit event as it usually is. */
export function auditEvent(overrides: Partial<AuditEvent> = {}): AuditEvent {
  return {
    requestId: "019382c0-0000-7000-8000-000000000001",
    receivedAt: new Date("2026-11-22T10:00:00.123Z"),
    completedAt: new Date("2026-11-22T10:00:01.623Z"),
    status: "succeeded",
    surface: "native",
    decision: "route",
    provider: "mistral-eu",
    zone: "eu",
    model: "m",
    answeredProvider: "local",
    answeredZone: "local",
    answeredModel: "m2",
    reasonCodes: ["team.reason", "default"],
    policyHash: `sha256:${"ab".repeat(32)}`,
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
    findings: { "pii.email": 2, keyword: 1 },
    scanRuleset: `1.0.0:${"0".repeat(64)}`,
    failureCategory: null,
    messageCount: 1,
    promptLength: 20,
    promptDigest: `hmac-sha256:k:${"0".repeat(64)}`,
    usage: { promptTokens: 5, completionTokens: null },
    costMicros: 12,
    latencyMs: 1_500,
    attempts: [
      { provider: "mistral-eu", model: "m", result: "circuit_open", sent: false, durationMs: 0 },
      { provider: "local", model: "m2", result: "answered", sent: true, durationMs: 1_490 },
    ],
    streamed: false,
    instance: { id: "0190c1d2-0000-7000-8000-000000000001", seq: 7 },
    ...overrides,
  };
}
