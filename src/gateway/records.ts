import { promptDigest } from "../audit/digest.ts";
import type { Attempt, FindingCounts, Intent, Outcome } from "../audit/event.ts";
import type { Usage } from "../core/chat.ts";
import type { AllowedTarget } from "../core/decision.ts";
import type { Finding } from "../core/finding.ts";
import { priceOf, usedCostMicros } from "../policy/cost.ts";
import { definitionOf } from "./active-policy.ts";
import type { Ending } from "./chat-result.ts";
import type { Decided } from "./decided.ts";
import type { Deps } from "./deps.ts";

/** What is put on record before a provider is called. */
export function intentOf(deps: Deps, decided: Decided, receivedAt: Date): Intent {
  const { call, request, active, findings, features, decision, planned, reasonCodes } = decided;
  const target = planned.ok ? planned.value[0] : null;
  return {
    requestId: call.requestId,
    receivedAt,
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
    promptDigest: promptDigest(deps.digestKeys[0], request.task),
    streamed: request.streamed,
  };
}

/** What is put on record before the answer is released. */
export function outcomeOf(
  deps: Deps,
  decided: Decided,
  target: AllowedTarget | null,
  ending: Ending,
  attempts: readonly Attempt[],
): Outcome {
  const { call, stopwatch } = decided;
  const asked = ending.status === "succeeded" || target === null ? target : lastAsked(decided, target, attempts);
  return {
    requestId: call.requestId,
    completedAt: deps.now(),
    status: ending.status,
    provider: asked?.provider ?? null,
    zone: asked?.zone ?? null,
    model: (asked === target ? ending.model : null) ?? asked?.model ?? null,
    failureCategory: ending.failureCategory,
    attempts,
    usage: ending.usage,
    costMicros: asked === null ? null : costOf(decided, asked, ending.usage),
    latencyMs: Math.round(stopwatch.totalMs),
  };
}

/** Who was only to be asked, and never was, did not answer. */
function lastAsked({ planned }: Decided, failed: AllowedTarget, attempts: readonly Attempt[]): AllowedTarget | null {
  const last = attempts.findLast(({ sent }) => sent);
  const targets = planned.ok ? [failed, ...planned.value] : [failed];
  return targets.find(({ provider, model }) => provider === last?.provider && model === last.model) ?? null;
}

/** By the price of the model that was asked for: the one that answers often has a longer name, with a date in it. */
function costOf({ active, features }: Decided, { provider: id, model }: AllowedTarget, usage: Usage): number | null {
  const provider = definitionOf(active, id);
  return provider === undefined ? null : usedCostMicros(priceOf(provider, model, features), usage, features.task);
}

/** INVARIANT: nothing else of a finding goes on record; its path quotes keys of the body, which are content. */
export function countsOf(findings: readonly Finding[]): FindingCounts {
  const counts = new Map<string, number>();
  for (const { code, count } of findings) counts.set(code, (counts.get(code) ?? 0) + count);
  return Object.fromEntries([...counts].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
