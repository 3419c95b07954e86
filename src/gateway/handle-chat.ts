import type { ChatRequest } from "../core/chat.ts";
import type { AllowedTarget } from "../core/decision.ts";
import type { Result } from "../core/result.ts";
import type { Errand, Unanswered } from "./attempts/errand.ts";
import { Journal } from "./attempts/journal.ts";
import { attemptInTurn, openInTurn } from "./attempts/walk.ts";
import { type Answer, type AnswerError, type AnswerHead, type Ending, headOf } from "./chat-result.ts";
import { decideRequest } from "./decide-request.ts";
import type { Call, Decided } from "./decided.ts";
import type { Deps } from "./deps.ts";
import { aborted, broken, denied, failed, stopped, succeeded, unfit, withheld } from "./endings.ts";
import type { Targets } from "./plan.ts";
import { countsOf, intentOf } from "./records.ts";
import { scanCall } from "./scan-call.ts";
import { announce, settle, tellSkipped, UNRECORDED } from "./settle.ts";
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
    announce(deps, decided, target, UNRECORDED);
    return refuse(decided, target, withheld, 0);
  }
  if (planned.ok) {
    return { kind: "admitted", decided, targets: planned.value, head: headOf(decided, planned.value[0], null) };
  }
  const error = await settle(deps, decided, null, denied(planned.error), []);
  return refuse(decided, null, error ?? withheld, 0);
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
  const journal = new Journal(deps.monotonicMs);
  const attempted = await attemptRendered(deps, decided, targets, render, stop.signal, journal);
  leave();
  decided.stopwatch.lap("translate");
  const { target, ending } = attempted;
  const error = await settle(deps, decided, target, ending, journal.attempts);
  if (attempted.kind !== "answered" || error !== null) {
    return refuse(decided, target, error ?? withheld, journal.callCount);
  }
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
  const journal = new Journal(deps.monotonicMs);
  const leave = deps.inFlight.add(() => cut.abort());
  try {
    const callerSignal = AbortSignal.any([decided.call.signal, cut.signal]);
    const opened = await openInTurn(targets, errandOf(deps, decided, callerSignal, journal));
    if (opened.kind === "opened") return new AnswerStream(deps, decided, opened, journal, cut, encoderOf);
    return await end(opened.target, endingOf(opened, decided));
  } catch (bug) {
    cut.abort();
    journal.abandon();
    deps.telemetry.bug({ requestId: decided.call.requestId, error: bug });
    const target = journal.lastTarget ?? targets[0];
    return await end(target, broken(target));
  } finally {
    // A stream that has begun is in flight by itself.
    leave();
  }

  async function end(target: AllowedTarget, ending: Ending): Promise<Refused> {
    decided.stopwatch.lap("provider");
    const error = await settle(deps, decided, target, ending, journal.attempts);
    return refuse(decided, target, error ?? withheld, journal.callCount);
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
  journal: Journal,
): Promise<Attempted<T>> {
  try {
    const callerSignal = AbortSignal.any([decided.call.signal, stop]);
    const attempted = await attemptInTurn(targets, errandOf(deps, decided, callerSignal, journal));
    decided.stopwatch.lap("provider");
    const { target } = attempted;
    if (attempted.kind !== "answered") return { kind: "unanswered", target, ending: endingOf(attempted, decided) };
    tellSkipped(deps, decided, target, attempted.skippedEvents);
    const { model, usage } = attempted.answer;
    const head = { ...headOf(decided, target, journal.callCount), model };
    const rendered = render(attempted.answer, head);
    return rendered.ok
      ? { kind: "answered", target, ending: succeeded(model, usage), head, body: rendered.value }
      : { kind: "unanswered", target, ending: unfit(model, usage, rendered.error) };
  } catch (error) {
    journal.abandon();
    deps.telemetry.bug({ requestId: decided.call.requestId, error });
    const target = journal.lastTarget ?? targets[0];
    return { kind: "unanswered", target, ending: broken(target) };
  }
}

function errandOf(deps: Deps, decided: Decided, callerSignal: AbortSignal, journal: Journal): Errand {
  const { call, request, decision, active } = decided;
  return {
    request,
    decision,
    active,
    caller: call.caller,
    defaults: deps.attemptDefaults,
    traffic: deps.traffic,
    journal,
    onPassedOver: ({ target: { provider, model }, failure, ...event }) =>
      deps.telemetry.attemptFailed({
        requestId: call.requestId,
        provider,
        model,
        category: failure.category,
        detail: failure.message,
        retryAfterMs: failure.retryAfterMs ?? null,
        ...event,
      }),
    callerSignal,
    drainSignal: deps.inFlight.drainSignal,
    monotonicMs: deps.monotonicMs,
    chance: deps.chance,
  };
}

/** What was cut and not by its caller was cut by the end of the process. */
function endingOf(attempted: Unanswered, { call }: Decided): Ending {
  if (attempted.kind === "failed") return failed(attempted.target, attempted.failure);
  return call.signal.aborted ? aborted(attempted.target) : stopped(attempted.target);
}

function refuse(decided: Decided, target: AllowedTarget | null, error: AnswerError, attemptCount: number): Refused {
  const head = headOf(decided, target, attemptCount);
  return { kind: "refused", head, overheadMs: decided.stopwatch.overheadMs, error };
}
