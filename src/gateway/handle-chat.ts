import type { SettledStatus } from "../audit/event.ts";
import type { ChatRequest, FailureCategory } from "../core/chat.ts";
import { REASONS } from "../core/reasons.ts";
import { decide } from "../policy/built-in.ts";
import { extractFeatures } from "../policy/features.ts";
import { scan } from "../scan/scan.ts";
import { type AttemptResult, attemptInTurn } from "./attempt.ts";
import { type ChatResult, type Ending, emptyResult, refused } from "./chat-result.ts";
import type { Call, Decided } from "./decided.ts";
import type { Deps } from "./deps.ts";
import { type Denial, plan } from "./plan.ts";
import { intentOf, outcomeOf } from "./records.ts";
import { Stopwatch } from "./stopwatch.ts";

/**
 * The one pipeline that every chat surface runs: scan, decide, plan, record the intent, attempt, record the outcome.
 * INVARIANT: I2, no provider is called before the intent is committed; I3, one row whatever happens after it.
 */
export async function handleChat(deps: Deps, request: ChatRequest, call: Call): Promise<ChatResult> {
  const stopwatch = new Stopwatch(deps.monotonicMs);
  const receivedAt = deps.now();

  const findings = scan(request, deps.scan);
  stopwatch.lap("scan");

  const features = extractFeatures(request, findings);
  const decision = decide(deps.policy, features);
  const planned = plan(decision, request.modelWish, deps.providers);
  const reasonCodes = planned.ok ? decision.reasonCodes : [...decision.reasonCodes, planned.error];
  const decided: Decided = { call, request, decision, planned, reasonCodes, stopwatch };
  stopwatch.lap("decide");

  const recorded = await deps.audit.recordIntent(intentOf(deps, decided, features, receivedAt));
  stopwatch.lap("intent");
  if (!recorded.ok) {
    deps.telemetry.auditWriteFailed({ requestId: call.requestId, step: "intent", cause: recorded.error.message });
    return withhold(deps, decided);
  }

  const ending = await attemptSettled(deps, decided);
  stopwatch.lap("provider");

  const settled = await deps.audit.recordOutcome(outcomeOf(deps, decided, ending));
  stopwatch.lap("outcome");
  if (!settled.ok) {
    deps.telemetry.auditWriteFailed({ requestId: call.requestId, step: "outcome", cause: settled.error.message });
    return withhold(deps, decided);
  }

  announce(deps, decided, ending.status, ending.failureCategory, ending.result);
  return ending.result;
}

/** Never throws: a bug on the way to an answer ends as a failed request with its row, not as a missing one. */
async function attemptSettled(deps: Deps, decided: Decided): Promise<Ending> {
  const { call, request, decision, planned } = decided;
  if (!planned.ok) return denied(decided, planned.error);
  try {
    const attempted = await attemptInTurn(planned.value, request, decision, {
      providers: deps.providers,
      timeoutMs: deps.providerTimeoutMs,
      callerSignal: call.signal,
    });
    return endingOf(decided, attempted);
  } catch (error) {
    deps.telemetry.bug({ requestId: call.requestId, error });
    const result = refused(decided, planned.value[0], "gateway.internal", REASONS["gateway.internal"].meaning);
    return { status: "failed", failureCategory: null, result };
  }
}

function endingOf(decided: Decided, attempted: AttemptResult): Ending {
  switch (attempted.kind) {
    case "answered": {
      const { target, answer } = attempted;
      const result: ChatResult = {
        ...emptyResult(decided, target),
        model: answer.model,
        content: answer.content,
        finishReason: answer.finishReason,
        usage: answer.usage,
      };
      return { status: "succeeded", failureCategory: null, result };
    }
    case "failed": {
      const { category, message } = attempted.failure;
      const result = refused(decided, attempted.target, `provider.${category}`, message);
      return { status: "failed", failureCategory: category, result };
    }
    case "aborted": {
      const result = refused(decided, attempted.target, "request.aborted", REASONS["request.aborted"].meaning);
      return { status: "client_aborted", failureCategory: null, result };
    }
  }
}

function denied(decided: Decided, denial: Denial): Ending {
  const result = refused(decided, null, denial, REASONS[denial].meaning);
  return { status: "denied", failureCategory: null, result };
}

/** INVARIANT: I6, what could not be put on record is not answered. */
function withhold(deps: Deps, decided: Decided): ChatResult {
  const target = decided.planned.ok ? decided.planned.value[0] : null;
  const result = refused(decided, target, "audit.unavailable", REASONS["audit.unavailable"].meaning);
  announce(deps, decided, "audit_unavailable", null, result);
  return result;
}

function announce(
  deps: Deps,
  { call, planned, stopwatch }: Decided,
  status: SettledStatus | "audit_unavailable",
  failureCategory: FailureCategory | null,
  result: ChatResult,
): void {
  deps.telemetry.chatFinished({
    requestId: call.requestId,
    decision: planned.ok ? "route" : "deny",
    status,
    provider: result.provider,
    model: result.model,
    reasonCodes: result.reasonCodes,
    failureCategory,
    errorCode: result.error?.code ?? null,
    durationsMs: stopwatch.durationsMs,
    totalMs: stopwatch.totalMs,
  });
}
