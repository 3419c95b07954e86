import type { ChatRequest, Chunk, ProviderFailure } from "../core/chat.ts";
import type { AllowedTarget, Decision } from "../core/decision.ts";
import type { Providers } from "./active-policy.ts";
import type { Answer } from "./chat-result.ts";
import { CUT, collect } from "./collect.ts";
import { HeldChunks, hold } from "./held-stream.ts";
import { isAllowed, type Targets } from "./plan.ts";
import { MAX_STREAM_MS } from "./stream.ts";

/** What a request needs on its way to a provider. */
export type Errand = {
  readonly request: ChatRequest;
  readonly decision: Decision;
  readonly providers: Providers;
  /** For a whole answer; in a stream, for each silence. */
  readonly timeoutMs: number;
  /** Told of each target that failed and is not the last: the request's own failure is told with its end. */
  readonly onPassedOver: (target: AllowedTarget, failure: ProviderFailure) => void;
  /** The caller's connection: when it goes, the upstream call is cancelled and no further target is tried. */
  readonly callerSignal: AbortSignal;
};

export type Unanswered =
  | { readonly kind: "failed"; readonly target: AllowedTarget; readonly failure: ProviderFailure }
  | { readonly kind: "aborted"; readonly target: AllowedTarget };

export type AttemptResult =
  | { readonly kind: "answered"; readonly target: AllowedTarget; readonly answer: Answer }
  | Unanswered;

/** What is worth being told of an answer. */
export type Piece = Exclude<Chunk, { readonly kind: "alive" }>;

/** A stream that has begun: nothing of it was given to anybody yet. */
export type OpenedStream = {
  readonly kind: "opened";
  readonly target: AllowedTarget;
  readonly first: Piece;
  readonly rest: Rest;
};

/** What is left of a stream. Ends with `end` or `failure`; after that it must not be asked. */
export interface Rest {
  next(): Promise<Piece>;
  /** Ends the upstream call, wherever it is: the next chunk is its failure. */
  hangUp(): void;
  /** Puts away what is left of the upstream call; one that ended by itself may leave its connection for the next. */
  close(): Promise<void>;
}

/** Walks the allowed targets until one answers; the last failure is the request's. */
export const attemptInTurn = (targets: Targets, errand: Errand): Promise<AttemptResult> =>
  inTurn(targets, errand, (target) => attemptWhole(target, errand));

/** The same until one begins to answer: from then on there is no other target any more. */
export const openInTurn = (targets: Targets, errand: Errand): Promise<OpenedStream | Unanswered> =>
  inTurn(targets, errand, (target) => attemptStream(target, errand));

type Failed = Extract<Unanswered, { readonly kind: "failed" }>;

const isFailed = (result: { readonly kind: string }): result is Failed => result.kind === "failed";

async function inTurn<T extends { readonly kind: string }>(
  [first, ...others]: Targets,
  { decision, onPassedOver }: Errand,
  attempt: (target: AllowedTarget) => Promise<T>,
): Promise<T> {
  let result = await attempt(first);
  const { maxTargets } = decision.effects.attempts;
  for (const target of maxTargets === null ? others : others.slice(0, maxTargets - 1)) {
    if (!isFailed(result)) break;
    onPassedOver(result.target, result.failure);
    result = await attempt(target);
  }
  return result;
}

async function attemptWhole(target: AllowedTarget, errand: Errand): Promise<AttemptResult> {
  const { callerSignal, timeoutMs } = errand;
  if (callerSignal.aborted) return { kind: "aborted", target };
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeoutMs);
  try {
    const collected = await collect(call(target, errand, AbortSignal.any([callerSignal, timeout.signal])));
    if ("answer" in collected) return { kind: "answered", target, answer: collected.answer };
    if (callerSignal.aborted) return { kind: "aborted", target };
    return { kind: "failed", target, failure: timeout.signal.aborted ? timedOut(errand) : collected.failure };
  } finally {
    clearTimeout(timer);
  }
}

async function attemptStream(target: AllowedTarget, errand: Errand): Promise<OpenedStream | Unanswered> {
  const { callerSignal, decision } = errand;
  if (callerSignal.aborted) return { kind: "aborted", target };
  const timed = new TimedChunks((signal) => call(target, errand, signal), errand);
  const opened = decision.effects.delivery === "whole" ? await openHeld(timed) : await openLive(timed);
  if ("first" in opened) return { kind: "opened", target, ...opened };
  if (callerSignal.aborted) return { kind: "aborted", target };
  return { kind: "failed", target, failure: opened.failure };
}

type Opening = Pick<OpenedStream, "first" | "rest"> | { readonly failure: ProviderFailure };

async function openLive(rest: Rest): Promise<Opening> {
  const first = await rest.next();
  if (first.kind !== "failure") return { first, rest };
  await rest.close();
  return { failure: first.failure };
}

async function openHeld(timed: Rest): Promise<Opening> {
  const held = await hold(timed);
  if ("failure" in held) return held;
  const rest = new HeldChunks(held.pieces);
  return { first: await rest.next(), rest };
}

function call(target: AllowedTarget, { request, decision, providers }: Errand, signal: AbortSignal) {
  const provider = providers.get(target.provider);
  if (provider === undefined) throw new Error("a planned target is of another policy");
  // INVARIANT: I1, asked again right before content leaves, whatever happened since the plan was made.
  if (!isAllowed({ ...target, zone: provider.zone }, decision)) throw new Error("a planned target is forbidden");
  return provider.answer(target, request, signal);
}

/** Chunks one by one, each within a time of its own. */
export class TimedChunks implements Rest {
  readonly #iterator: AsyncIterator<Chunk>;
  readonly #errand: Errand;
  readonly #hangUp = new AbortController();
  #timedOut = false;
  #isWhole = false;

  constructor(start: (signal: AbortSignal) => AsyncIterable<Chunk>, errand: Errand) {
    this.#errand = errand;
    this.#iterator = start(AbortSignal.any([errand.callerSignal, this.#hangUp.signal]))[Symbol.asyncIterator]();
  }

  /** The time that its reader takes before it asks does not count. */
  async next(): Promise<Piece> {
    let limit: Timer | undefined;
    try {
      for (;;) {
        const chunk = await this.#nextSign();
        if (chunk.kind !== "alive") return chunk;
        // To be alive is not enough for ever.
        limit ??= this.#timeOutAfter(MAX_STREAM_MS);
      }
    } finally {
      clearTimeout(limit);
    }
  }

  #timeOutAfter(ms: number): Timer {
    return setTimeout(() => {
      this.#timedOut = true;
      this.#hangUp.abort();
    }, ms);
  }

  async #nextSign(): Promise<Chunk> {
    const timer = this.#timeOutAfter(this.#errand.timeoutMs);
    try {
      const { done, value } = await this.#iterator.next();
      const chunk: Chunk = done ? { kind: "failure", failure: CUT } : value;
      this.#isWhole = chunk.kind === "end";
      return chunk.kind === "failure" && this.#timedOut ? { kind: "failure", failure: timedOut(this.#errand) } : chunk;
    } finally {
      clearTimeout(timer);
    }
  }

  hangUp(): void {
    this.#hangUp.abort();
  }

  async close(): Promise<void> {
    if (!this.#isWhole) this.hangUp();
    await this.#iterator.return?.();
  }
}

function timedOut({ timeoutMs, decision }: Errand): ProviderFailure {
  const setBy = decision.effects.attempts.timeoutMs === null ? "PROVIDER_TIMEOUT_SECONDS" : "the policy's own limit";
  return { category: "timeout", message: `The provider did not answer within ${timeoutMs / 1_000} s (${setBy}).` };
}
