import type { AllowedTarget } from "../../core/decision.ts";
import { collect } from "../collect.ts";
import { isAllowed } from "../plan.ts";
import type { Answered, Errand, OpenedStream, Unanswered } from "./errand.ts";
import { openHeld } from "./held-stream.ts";
import type { Turn } from "./journal.ts";
import type { Deadline, Limits } from "./limits.ts";
import { openLive } from "./live-stream.ts";
import { TimedChunks } from "./timed-chunks.ts";

/** One call of a target. Its turn is ended here where it is answered, and by whoever calls where it is not. */
export type CallOptions = {
  readonly target: AllowedTarget;
  readonly turn: Turn;
  readonly limits: Limits;
  readonly deadline: Deadline;
};

export type Call<T> = (options: CallOptions, errand: Errand) => Promise<T | Unanswered>;

/** For a whole answer. */
export async function callWhole(options: CallOptions, errand: Errand): Promise<Answered | Unanswered> {
  const { target, turn, limits, deadline } = options;
  const { callerSignal } = errand;
  const limit = deadline.within(limits.whole);
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), limit.ms);
  try {
    const collected = await collect(send(options, errand, AbortSignal.any([callerSignal, timeout.signal])));
    if ("answer" in collected) {
      turn.end("answered");
      return { kind: "answered", target, ...collected };
    }
    if (callerSignal.aborted) return { kind: "aborted", target };
    return { kind: "failed", target, failure: timeout.signal.aborted ? limit.failure : collected.failure };
  } finally {
    clearTimeout(timer);
  }
}

/** For a stream, until it begins; by `delivery: whole` until it is complete. */
export async function callStream(options: CallOptions, errand: Errand): Promise<OpenedStream | Unanswered> {
  const { target, turn, limits, deadline } = options;
  const { callerSignal, decision } = errand;
  const isHeld = decision.effects.delivery === "whole";
  const chunks = new TimedChunks((signal) => send(options, errand, signal), {
    limits: {
      firstToken: deadline.within(limits.firstToken),
      idle: limits.idle,
      wordless: limits.wordless,
      whole: isHeld ? deadline.limit : null,
    },
    callerSignal,
    onBegun: () => turn.began(),
  });
  const opened = isHeld ? await openHeld(chunks) : await openLive(chunks);
  if ("rest" in opened) {
    // One that is complete is nobody's call any more, however long its reader takes.
    if (isHeld) turn.end("answered");
    return { kind: "opened", target, rest: opened.rest, turn };
  }
  if (callerSignal.aborted) return { kind: "aborted", target };
  return { kind: "failed", target, failure: opened.failure };
}

function send({ target, turn, limits }: CallOptions, { request, decision, active }: Errand, signal: AbortSignal) {
  const provider = active.providers.get(target.provider);
  if (provider === undefined) throw new Error("a planned target is of another policy");
  // INVARIANT: I1, asked again right before content leaves, whatever happened since the plan was made.
  if (!isAllowed({ ...target, zone: provider.zone }, decision)) throw new Error("a planned target is forbidden");
  return provider.answer(target, request, signal, {
    connectTimeoutMs: limits.connectTimeoutMs,
    onSend: () => turn.sent(),
  });
}
