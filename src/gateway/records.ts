import { promptDigest } from "../audit/digest.ts";
import type { FindingCounts, Intent, Outcome } from "../audit/event.ts";
import type { AllowedTarget, Decision } from "../core/decision.ts";
import type { Finding } from "../core/finding.ts";
import type { Ending } from "./chat-result.ts";
import type { Decided } from "./decided.ts";
import type { Deps } from "./deps.ts";
import { MAX_STREAM_MS } from "./stream.ts";

/** Time beyond the provider's for what the gateway itself does, before a pending row counts as orphaned. */
const SETTLE_MARGIN_MS = 60_000;

/** What is put on record before a provider is called. */
export function intentOf(deps: Deps, decided: Decided, receivedAt: Date): Intent {
  const { call, request, active, findings, features, decision, planned, reasonCodes } = decided;
  const target = planned.ok ? planned.value[0] : null;
  const targetCount = planned.ok ? planned.value.length : 1;
  const answerMs = request.streamed ? MAX_STREAM_MS : 0;
  return {
    requestId: call.requestId,
    receivedAt,
    settleBy: new Date(receivedAt.getTime() + timeoutOf(deps, decision) * targetCount + answerMs + SETTLE_MARGIN_MS),
    surface: request.surface,
    decision: planned.ok ? "route" : "deny",
    provider: target?.provider ?? null,
    zone: target?.zone ?? null,
    model: target?.model ?? null,
    reasonCodes,
    findings,
    scanRuleset: active.scan.ruleset,
    policyHash: decision.policyHash,
    rule: decision.rule,
    features,
    shadow: decision.shadow,
    messageCount: features.messageCount,
    promptLength: features.promptChars,
    promptDigest: promptDigest(deps.digestKey, request.task),
    streamed: request.streamed,
  };
}

/** How long a provider may take, by the rule that matched or else by the settings. */
export const timeoutOf = ({ providerTimeoutMs }: Pick<Deps, "providerTimeoutMs">, { effects }: Decision): number =>
  effects.attempts.timeoutMs ?? providerTimeoutMs;

/** What is put on record before the answer is released. */
export function outcomeOf(
  deps: Deps,
  { call, stopwatch }: Decided,
  target: AllowedTarget | null,
  ending: Ending,
): Outcome {
  return {
    requestId: call.requestId,
    completedAt: deps.now(),
    status: ending.status,
    provider: target?.provider ?? null,
    zone: target?.zone ?? null,
    model: ending.model,
    failureCategory: ending.failureCategory,
    usage: ending.usage,
    latencyMs: Math.round(stopwatch.totalMs),
  };
}

/** INVARIANT: nothing else of a finding goes on record; its path quotes keys of the body, which are content. */
export function countsOf(findings: readonly Finding[]): FindingCounts {
  const counts = new Map<string, number>();
  for (const { code, count } of findings) counts.set(code, (counts.get(code) ?? 0) + count);
  return Object.fromEntries([...counts].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
