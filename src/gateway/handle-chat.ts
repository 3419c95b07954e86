import { promptDigest } from "../audit/digest.ts";
import type { Intent, Outcome, SettledStatus } from "../audit/event.ts";
import type { ChatRequest, FailureCategory, Usage } from "../core/chat.ts";
import type { AllowedTarget, Decision, ProviderId } from "../core/decision.ts";
import type { Features } from "../core/features.ts";
import { type ErrorReason, REASONS, type ReasonCode } from "../core/reasons.ts";
import type { Result } from "../core/result.ts";
import { decide } from "../policy/built-in.ts";
import { extractFeatures } from "../policy/features.ts";
import { scan } from "../scan/scan.ts";
import { type AttemptResult, attemptInTurn } from "./attempt.ts";
import type { Deps } from "./deps.ts";
import { type Denial, plan } from "./plan.ts";
import { Stopwatch } from "./stopwatch.ts";

/** What a surface translates back to its client. `error` is null exactly when there is content. */
export type ChatResult = {
  readonly requestId: string;
  readonly provider: ProviderId | null;
  readonly model: string | null;
  readonly reasonCodes: readonly ReasonCode[];
  readonly content: string | null;
  readonly finishReason: string | null;
  readonly usage: Usage;
  readonly error: { readonly code: ErrorReason; readonly message: string } | null;
};

/** Who asks, and until when: the signal is the caller's connection. */
export type Call = { readonly requestId: string; readonly signal: AbortSignal };

/** What became of a request, before it is on record and before anybody is told. */
type Ending = {
  readonly status: SettledStatus;
  readonly failureCategory: FailureCategory | null;
  readonly result: ChatResult;
};

type Planned = Result<readonly [AllowedTarget, ...AllowedTarget[]], Denial>;

/** A request that was decided, and the clock that runs for it. */
type Decided = {
  readonly call: Call;
  readonly request: ChatRequest;
  readonly decision: Decision;
  readonly planned: Planned;
  readonly reasonCodes: readonly ReasonCode[];
  readonly stopwatch: Stopwatch;
};

/** Time beyond the provider's for what the gateway itself does, before a pending row counts as orphaned. */
const SETTLE_MARGIN_MS = 60_000;
const NO_USAGE: Usage = { promptTokens: null, completionTokens: null };

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

function emptyResult(decided: Decided, target: AllowedTarget | null): Omit<ChatResult, "error"> & { error: null } {
  return {
    requestId: decided.call.requestId,
    provider: target?.provider ?? null,
    model: target?.model ?? null,
    reasonCodes: decided.reasonCodes,
    content: null,
    finishReason: null,
    usage: NO_USAGE,
    error: null,
  };
}

function refused(decided: Decided, target: AllowedTarget | null, code: ErrorReason, message: string): ChatResult {
  return { ...emptyResult(decided, target), error: { code, message } };
}

function announce(
  deps: Deps,
  { call, stopwatch }: Decided,
  status: SettledStatus | "audit_unavailable",
  failureCategory: FailureCategory | null,
  result: ChatResult,
): void {
  deps.telemetry.chatFinished({
    requestId: call.requestId,
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

function intentOf(deps: Deps, decided: Decided, features: Features, receivedAt: Date): Intent {
  const { call, request, planned, reasonCodes } = decided;
  const target = planned.ok ? planned.value[0] : null;
  return {
    requestId: call.requestId,
    receivedAt,
    settleBy: new Date(receivedAt.getTime() + deps.providerTimeoutMs + SETTLE_MARGIN_MS),
    surface: request.surface,
    decision: planned.ok ? "route" : "deny",
    provider: target?.provider ?? null,
    zone: target?.zone ?? null,
    model: target?.model ?? null,
    reasonCodes,
    messageCount: request.messages.length,
    promptLength: features.promptLength,
    promptDigest: promptDigest(deps.digestKey, request.messages),
    streamed: request.streamed,
  };
}

function outcomeOf(deps: Deps, { call, stopwatch }: Decided, ending: Ending): Outcome {
  return {
    requestId: call.requestId,
    completedAt: deps.now(),
    status: ending.status,
    model: ending.result.model,
    failureCategory: ending.failureCategory,
    usage: ending.result.usage,
    latencyMs: Math.round(stopwatch.totalMs),
  };
}
