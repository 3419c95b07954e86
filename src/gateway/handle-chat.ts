import type { ChatRequest } from "../core/chat.ts";
import type { AllowedTarget } from "../core/decision.ts";
import type { Result } from "../core/result.ts";
import { attemptInTurn, type Errand, openInTurn, type Unanswered } from "./attempt.ts";
import { type Answer, type AnswerError, type AnswerHead, type Ending, headOf } from "./chat-result.ts";
import { decideRequest } from "./decide-request.ts";
import type { Call, Decided } from "./decided.ts";
import type { Deps } from "./deps.ts";
import { aborted, broken, denied, failed, stopped, succeeded, unfit, withheld } from "./endings.ts";
import type { Targets } from "./plan.ts";
import { countsOf, intentOf, timeoutOf } from "./records.ts";
import { scanCall } from "./scan-call.ts";
import { announce, settle } from "./settle.ts";
import { Stopwatch } from "./stopwatch.ts";
import { AnswerStream, type Judge } from "./stream.ts";

/** A request whose intent is on record, and where it may go. */
export type Admitted = {
  readonly kind: "admitted";
  readonly decided: Decided;
  readonly targets: Targets;
  readonly head: AnswerHead;
};

/** A request that is not answered, and why. */
export type Refused = {
  readonly kind: "refused";
  readonly head: AnswerHead;
  readonly overheadMs: number;
  readonly error: AnswerError;
};

/** A request that nobody waits for any more, before anything was decided: there is nothing to put on record. */
export type Abandoned = { readonly kind: "abandoned"; readonly error: AnswerError };

/** `body` is what the client gets. `overheadMs` is what the gateway itself took of the time. */
export type Answered<T> = {
  readonly kind: "answered";
  readonly head: AnswerHead;
  readonly overheadMs: number;
  readonly body: T;
};

/**
 * The first half of the one pipeline that every surface runs: scan, decide, plan, record the intent.
 * INVARIANT: I2, no provider is called before the intent is committed; I3, one row whatever happens after it.
 */
export async function admit(deps: Deps, request: ChatRequest, call: Call): Promise<Admitted | Refused | Abandoned> {
  const stopwatch = new Stopwatch(deps.monotonicMs);
  const receivedAt = deps.now();

  const active = deps.active();

  const scanned = await scanCall(deps, active.scan, request, call);
  if (!scanned.ok) return { kind: "abandoned", error: scanned.error };
  const findings = scanned.value;
  stopwatch.lap("scan");

  const { features, decision, planned } = decideRequest(active, request, findings, call.labels);
  const reasonCodes = planned.ok ? decision.reasonCodes : [...decision.reasonCodes, planned.error.code];
  const counts = countsOf(findings);
  const decided = { call, request, active, findings: counts, features, decision, planned, reasonCodes, stopwatch };
  stopwatch.lap("decide");

  const recorded = await deps.audit.recordIntent(intentOf(deps, decided, receivedAt));
  stopwatch.lap("intent");
  if (!recorded.ok) {
    deps.telemetry.auditWriteFailed({ requestId: call.requestId, step: "intent", cause: recorded.error.message });
    const target = planned.ok ? planned.value[0] : null;
    announce(deps, decided, target, "audit_unavailable", null, withheld);
    return refuse(decided, target, withheld);
  }
  if (planned.ok) return { kind: "admitted", decided, targets: planned.value, head: headOf(decided, planned.value[0]) };
  const error = await settle(deps, decided, null, denied(planned.error));
  return refuse(decided, null, error ?? withheld);
}

/** Translates an answer for its client, or says why this client cannot have it. Throws only for a bug. */
export type Render<T> = (answer: Answer, head: AnswerHead) => Result<T, AnswerError>;

/** The second half for a whole answer: attempt, translate, record the outcome, and only then answer. */
export async function answerWhole<T>(
  deps: Deps,
  { decided, targets }: Admitted,
  render: Render<T>,
): Promise<Answered<T> | Refused> {
  const stop = new AbortController();
  const leave = deps.inFlight.add(() => stop.abort());
  const attempted = await attemptRendered(deps, decided, targets, render, stop.signal);
  leave();
  decided.stopwatch.lap("translate");
  const { target, ending } = attempted;
  const error = await settle(deps, decided, target, ending);
  if (attempted.kind !== "answered" || error !== null) return refuse(decided, target, error ?? withheld);
  const { head, body } = attempted;
  return { kind: "answered", head, overheadMs: decided.stopwatch.overheadMs, body };
}

/**
 * The second half for a stream. Resolves when its first chunk is there, so that a provider that fails at once is told
 * by the status; what goes wrong later is told in the stream.
 */
export async function answerStream<E extends Judge>(
  deps: Deps,
  { decided, targets }: Admitted,
  encoderOf: (head: AnswerHead) => E,
): Promise<AnswerStream<E> | Refused> {
  const cut = new AbortController();
  const leave = deps.inFlight.add(() => cut.abort());
  try {
    const callerSignal = AbortSignal.any([decided.call.signal, cut.signal]);
    const opened = await openInTurn(targets, errandOf(deps, decided, callerSignal));
    if (opened.kind === "opened") return new AnswerStream(deps, decided, opened, cut, encoderOf);
    return await end(opened.target, endingOf(opened, decided));
  } catch (bug) {
    cut.abort();
    deps.telemetry.bug({ requestId: decided.call.requestId, error: bug });
    return await end(targets[0], broken(targets[0]));
  } finally {
    // A stream that has begun is in flight by itself.
    leave();
  }

  async function end(target: AllowedTarget, ending: Ending): Promise<Refused> {
    decided.stopwatch.lap("provider");
    return refuse(decided, target, (await settle(deps, decided, target, ending)) ?? withheld);
  }
}

type Ended = { readonly target: AllowedTarget; readonly ending: Ending };
type Attempted<T> =
  | (Ended & { readonly kind: "answered"; readonly head: AnswerHead; readonly body: T })
  | (Ended & { readonly kind: "unanswered" });

/** Never throws: a bug on the way to an answer ends as a failed request with its row. */
async function attemptRendered<T>(
  deps: Deps,
  decided: Decided,
  targets: Targets,
  render: Render<T>,
  stop: AbortSignal,
): Promise<Attempted<T>> {
  try {
    const callerSignal = AbortSignal.any([decided.call.signal, stop]);
    const attempted = await attemptInTurn(targets, errandOf(deps, decided, callerSignal));
    decided.stopwatch.lap("provider");
    const { target } = attempted;
    if (attempted.kind !== "answered") return { kind: "unanswered", target, ending: endingOf(attempted, decided) };
    const { model, usage } = attempted.answer;
    const head = { ...headOf(decided, target), model };
    const rendered = render(attempted.answer, head);
    return rendered.ok
      ? { kind: "answered", target, ending: succeeded(model, usage), head, body: rendered.value }
      : { kind: "unanswered", target, ending: unfit(model, usage, rendered.error) };
  } catch (error) {
    deps.telemetry.bug({ requestId: decided.call.requestId, error });
    return { kind: "unanswered", target: targets[0], ending: broken(targets[0]) };
  }
}

const errandOf = (deps: Deps, { call, request, decision, active }: Decided, callerSignal: AbortSignal): Errand => ({
  request,
  decision,
  providers: active.providers,
  timeoutMs: timeoutOf(deps, decision),
  onPassedOver: ({ provider, model }, { category }) =>
    deps.telemetry.attemptFailed({ requestId: call.requestId, provider, model, category }),
  callerSignal,
});

/** What was cut and not by its caller was cut by the end of the process. */
function endingOf(attempted: Unanswered, { call }: Decided): Ending {
  if (attempted.kind === "failed") return failed(attempted.target, attempted.failure);
  return call.signal.aborted ? aborted(attempted.target) : stopped(attempted.target);
}

function refuse(decided: Decided, target: AllowedTarget | null, error: AnswerError): Refused {
  return { kind: "refused", head: headOf(decided, target), overheadMs: decided.stopwatch.overheadMs, error };
}
