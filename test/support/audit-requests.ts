import type { Intent, Outcome } from "../../src/audit/event.ts";
import { decide } from "../../src/policy/decide.ts";
import { storedForm } from "../../src/policy/identity.ts";
import { documentOf, featuresOf, policyOf } from "./policy.ts";

/** What decides the requests of the audit's tests; whoever derives their decisions again needs its stored form. */
const POLICY = policyOf();
export const REQUEST_POLICY = {
  hash: POLICY.hash,
  name: POLICY.name,
  version: POLICY.version,
  stored: storedForm(documentOf()),
};

/** A request as policy decides it, with the features that it was decided by. */
export function intentAt(requestId: string, receivedAt: Date): Intent {
  const features = featuresOf({ messageCount: 3, promptChars: 812, promptTokens: 190, labels: { team: "research" } });
  const decision = decide(POLICY, features);
  const target = decision.candidates[0];
  return {
    requestId,
    receivedAt,
    surface: "native",
    decision: target === undefined ? "deny" : "route",
    provider: target?.provider ?? null,
    zone: target?.zone ?? null,
    model: target?.model ?? null,
    reasonCodes: decision.reasonCodes,
    policyHash: decision.policyHash,
    rule: decision.rule,
    features,
    shadow: decision.shadow,
    findings: { "pii.email": 2 },
    scanRuleset: `1.0.0:${"0".repeat(64)}`,
    messageCount: features.messageCount,
    promptLength: features.promptChars,
    promptDigest: `hmac-sha256:${"a".repeat(16)}:${"0".repeat(64)}`,
    streamed: false,
  };
}

/** The request answered by whom the decision named. */
export function outcomeOf({ requestId, provider, zone, model }: Intent, completedAt: Date): Outcome {
  return {
    requestId,
    completedAt,
    status: "succeeded",
    provider,
    zone,
    model,
    failureCategory: null,
    attempts:
      provider === null || model === null ? [] : [{ provider, model, result: "answered", sent: true, durationMs: 11 }],
    usage: { promptTokens: 190, completionTokens: 64 },
    costMicros: 67,
    latencyMs: 12,
  };
}
