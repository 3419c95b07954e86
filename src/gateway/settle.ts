import type { Attempt, SettledStatus } from "../audit/event.ts";
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
  attempts: readonly Attempt[],
): Promise<AnswerError | null> {
  const settled = await deps.audit.recordOutcome(outcomeOf(deps, decided, target, ending, attempts));
  decided.stopwatch.lap("outcome");
  if (settled.ok) {
    announce(deps, decided, target, { ...ending, attempts });
    return ending.error;
  }
  const { requestId } = decided.call;
  deps.telemetry.auditWriteFailed({ requestId, step: "outcome", cause: settled.error.message });
  announce(deps, decided, target, { ...UNRECORDED, attempts });
  return withheld;
}

type Announced = Pick<Ending, "failureCategory" | "error"> & {
  readonly status: SettledStatus | "audit_unavailable";
  readonly attempts: readonly Attempt[];
  /** Where it is not the one that was asked. */
  readonly model?: string | null;
};

/** Of what could not be put on record. */
export const UNRECORDED: Announced = {
  status: "audit_unavailable",
  failureCategory: null,
  error: withheld,
  attempts: [],
};

/** One log line and the counts of a request that was decided. */
export function announce(
  deps: Deps,
  { call, request, findings, decision, planned, reasonCodes, stopwatch }: Decided,
  target: AllowedTarget | null,
  { status, failureCategory, error, attempts, model = target?.model ?? null }: Announced,
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
    failureDetail: failureCategory === null ? null : (error?.message ?? null),
    errorCode: error?.code ?? null,
    attempts,
    durationsMs: stopwatch.durationsMs,
    totalMs: stopwatch.totalMs,
  });
}

/** Events that were left out of an answer that was complete without them. */
export function tellSkipped(deps: Deps, { call }: Decided, { provider, model }: AllowedTarget, count: number): void {
  if (count > 0) deps.telemetry.eventsSkipped({ requestId: call.requestId, provider, model, count });
}
