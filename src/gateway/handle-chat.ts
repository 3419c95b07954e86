import type { ChatRequest } from "../core/chat.ts";
import { attemptInTurn, openInTurn } from "./attempts/walk.ts";
import { type Attempts, beginAttempts, type Ended, endedBy, endedByBug } from "./begin-attempts.ts";
import {
  type Abandoned,
  type Admitted,
  type Answered,
  type AnswerHead,
  headOf,
  type Refused,
  type Render,
  refused,
} from "./chat-result.ts";
import { decideRequest } from "./decide-request.ts";
import type { Call, Decided } from "./decided.ts";
import type { Deps } from "./deps.ts";
import { broken, denied, succeeded, unfit, withheld } from "./endings.ts";
import { recordIntent } from "./record-intent.ts";
import { countsOf } from "./records.ts";
import { scanCall } from "./scan-call.ts";
import { settle, tellSkipped } from "./settle.ts";
import { Stopwatch } from "./stopwatch.ts";
import { AnswerStream, type Judge } from "./stream.ts";

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
  stopwatch.lap("scan");

  const { features, decision, planned } = decideRequest(active, request, scanned.value, call.labels);
  const reasonCodes = planned.ok ? decision.reasonCodes : [...decision.reasonCodes, planned.error.code];
  const findings = countsOf(scanned.value);
  const decided: Decided = { call, request, active, findings, features, decision, planned, reasonCodes, stopwatch };
  stopwatch.lap("decide");

  const first = planned.ok ? planned.value[0] : null;
  if (!(await recordIntent(deps, decided, receivedAt))) return refused(decided, first, withheld, 0);

  if (planned.ok) {
    return { kind: "admitted", decided, targets: planned.value, head: headOf(decided, planned.value[0], null) };
  }
  const error = await settle(deps, decided, null, denied(planned.error), []);
  return refused(decided, null, error ?? withheld, 0);
}

/** The second half for a whole answer: attempt, translate, record the outcome, and only then answer. */
export async function answerWhole<T>(
  deps: Deps,
  admitted: Admitted,
  render: Render<T>,
): Promise<Answered<T> | Refused> {
  const { decided } = admitted;
  const attempts = beginAttempts(deps, decided);
  const attempted = await attemptRendered(deps, admitted, attempts, render);
  decided.stopwatch.lap("translate");
  const error = await settle(deps, decided, attempted.target, attempted.ending, attempts.journal.attempts);
  if (attempted.kind !== "answered" || error !== null) {
    return refused(decided, attempted.target, error ?? withheld, attempts.journal.sentCount);
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
  admitted: Admitted,
  encoderOf: (head: AnswerHead) => E,
): Promise<AnswerStream<E> | Refused> {
  const { decided } = admitted;
  const attempts = beginAttempts(deps, decided);
  const opened = await openStream(deps, admitted, attempts, encoderOf);
  if (opened.kind === "stream") return opened;
  decided.stopwatch.lap("provider");
  const error = await settle(deps, decided, opened.target, opened.ending, attempts.journal.attempts);
  return refused(decided, opened.target, error ?? withheld, attempts.journal.sentCount);
}

/** For a bug between the two halves: no provider was called, and the request has its row all the same. */
export async function breakOff(deps: Deps, { decided, targets }: Admitted, bug: unknown): Promise<Refused> {
  const [target] = targets;
  deps.telemetry.bug({ requestId: decided.call.requestId, error: bug });
  const error = await settle(deps, decided, target, broken(target), []);
  return refused(decided, target, error ?? withheld, 0);
}

type Unanswered = Ended & { readonly kind: "unanswered" };
type Rendered<T> = Ended & { readonly kind: "answered"; readonly head: AnswerHead; readonly body: T };

/** Never throws: a bug on the way to an answer ends as a failed request with its row. */
async function attemptRendered<T>(
  deps: Deps,
  { decided, targets }: Admitted,
  attempts: Attempts,
  render: Render<T>,
): Promise<Rendered<T> | Unanswered> {
  try {
    const attempted = await attemptInTurn(targets, attempts.errand);
    decided.stopwatch.lap("provider");
    if (attempted.kind !== "answered") return { kind: "unanswered", ...endedBy(attempted, decided) };
    const { target } = attempted;
    tellSkipped(deps, decided, target, attempted.skippedEvents);
    const { model, usage } = attempted.answer;
    const head = { ...headOf(decided, target, attempts.journal.sentCount), model };
    const rendered = render(attempted.answer, head);
    return rendered.ok
      ? { kind: "answered", target, ending: succeeded(model, usage), head, body: rendered.value }
      : { kind: "unanswered", target, ending: unfit(model, usage, rendered.error) };
  } catch (bug) {
    return { kind: "unanswered", ...endedByBug(deps, decided, targets, attempts, bug) };
  } finally {
    attempts.leave();
  }
}

/** Never throws, as above. A stream that has begun is in flight by itself. */
async function openStream<E extends Judge>(
  deps: Deps,
  { decided, targets }: Admitted,
  attempts: Attempts,
  encoderOf: (head: AnswerHead) => E,
): Promise<AnswerStream<E> | Unanswered> {
  try {
    const opened = await openInTurn(targets, attempts.errand);
    if (opened.kind !== "opened") return { kind: "unanswered", ...endedBy(opened, decided) };
    return new AnswerStream(deps, decided, opened, attempts.journal, attempts.cut, encoderOf);
  } catch (bug) {
    return { kind: "unanswered", ...endedByBug(deps, decided, targets, attempts, bug) };
  } finally {
    attempts.leave();
  }
}
