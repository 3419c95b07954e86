import type { SettledStatus } from "../audit/event.ts";
import type { FailureCategory } from "../core/chat.ts";
import type { AllowedTarget } from "../core/decision.ts";
import type { AnswerError, Ending } from "./chat-result.ts";
import type { Decided } from "./decided.ts";
import type { Deps } from "./deps.ts";
import { withheld } from "./endings.ts";
import { outcomeOf } from "./records.ts";

/**
 * Puts the ending of a request on record and tells telemetry of it. Once for each admitted request.
 * The error that its caller is to get: the ending's own, null where there is none, or that the record failed (I6).
 */
export async function settle(
  deps: Deps,
  decided: Decided,
  target: AllowedTarget | null,
  ending: Ending,
): Promise<AnswerError | null> {
  const settled = await deps.audit.recordOutcome(outcomeOf(deps, decided, target, ending));
  decided.stopwatch.lap("outcome");
  if (settled.ok) {
    announce(deps, decided, target, ending.status, ending.failureCategory, ending.error, ending.model);
    return ending.error;
  }
  const { requestId } = decided.call;
  deps.telemetry.auditWriteFailed({ requestId, step: "outcome", cause: settled.error.message });
  announce(deps, decided, target, "audit_unavailable", null, withheld);
  return withheld;
}

/** One log line and the counts of a request that was decided. */
export function announce(
  deps: Deps,
  { call, request, findings, decision, planned, reasonCodes, stopwatch }: Decided,
  target: AllowedTarget | null,
  status: SettledStatus | "audit_unavailable",
  failureCategory: FailureCategory | null,
  error: AnswerError | null,
  model = target?.model ?? null,
): void {
  deps.telemetry.chatFinished({
    requestId: call.requestId,
    surface: request.surface,
    streamed: request.streamed,
    decision: planned.ok ? "route" : "deny",
    status,
    provider: target?.provider ?? null,
    model,
    reasonCodes,
    findings,
    rule: decision.rule,
    policyHash: decision.policyHash,
    shadowDiffers: decision.shadow.length === 0 ? null : decision.shadow.some(({ differs }) => differs),
    failureCategory,
    errorCode: error?.code ?? null,
    durationsMs: stopwatch.durationsMs,
    totalMs: stopwatch.totalMs,
  });
}
