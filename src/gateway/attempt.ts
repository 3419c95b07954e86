import type { ChatRequest, Chunk, ProviderFailure } from "../core/chat.ts";
import type { AllowedTarget, Decision } from "../core/decision.ts";
import type { Answer } from "./chat-result.ts";
import { CUT, collect } from "./collect.ts";
import type { Providers } from "./deps.ts";
import type { Targets } from "./plan.ts";
import { MAX_STREAM_MS } from "./stream.ts";

/** What a request needs on its way to a provider. */
export type Errand = {
  readonly request: ChatRequest;
  readonly decision: Decision;
  readonly providers: Providers;
  /** For a whole answer; in a stream, for each silence. */
  readonly timeoutMs: number;
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
  readonly rest: TimedChunks;
};

/** Walks the allowed targets until one answers; the last failure is the request's. */
export const attemptInTurn = (targets: Targets, errand: Errand): Promise<AttemptResult> =>
  inTurn(targets, (target) => attemptWhole(target, errand));

/** The same until one begins to answer: from then on there is no other target any more. */
export const openInTurn = (targets: Targets, errand: Errand): Promise<OpenedStream | Unanswered> =>
  inTurn(targets, (target) => attemptStream(target, errand));

async function inTurn<T extends { readonly kind: string }>(
  [first, ...others]: Targets,
  attempt: (target: AllowedTarget) => Promise<T>,
): Promise<T> {
  let result = await attempt(first);
  for (const target of others) {
    if (result.kind !== "failed") break;
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
    return { kind: "failed", target, failure: timeout.signal.aborted ? timedOut(timeoutMs) : collected.failure };
  } finally {
    clearTimeout(timer);
  }
}

async function attemptStream(target: AllowedTarget, errand: Errand): Promise<OpenedStream | Unanswered> {
  const { callerSignal, timeoutMs } = errand;
  if (callerSignal.aborted) return { kind: "aborted", target };
  const rest = new TimedChunks((signal) => call(target, errand, signal), callerSignal, timeoutMs);
  const first = await rest.next();
  if (first.kind !== "failure") return { kind: "opened", target, first, rest };
  await rest.close();
  if (callerSignal.aborted) return { kind: "aborted", target };
  return { kind: "failed", target, failure: first.failure };
}

function call(target: AllowedTarget, { request, decision, providers }: Errand, signal: AbortSignal) {
  const provider = providers[target.provider];
  // INVARIANT: I1, asked again right before content leaves, whatever happened since the plan was made.
  if (decision.forbiddenZones.includes(provider.zone)) throw new Error("a planned target is in a forbidden zone");
  return provider.answer(target, request, signal);
}

/** Chunks one by one, each within a time of its own. Ends with `end` or `failure`; after that it must not be asked. */
export class TimedChunks {
  readonly #iterator: AsyncIterator<Chunk>;
  readonly #timeoutMs: number;
  readonly #hangUp = new AbortController();
  #timedOut = false;
  #isWhole = false;

  constructor(start: (signal: AbortSignal) => AsyncIterable<Chunk>, callerSignal: AbortSignal, timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#iterator = start(AbortSignal.any([callerSignal, this.#hangUp.signal]))[Symbol.asyncIterator]();
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
    const timer = this.#timeOutAfter(this.#timeoutMs);
    try {
      const { done, value } = await this.#iterator.next();
      const chunk: Chunk = done ? { kind: "failure", failure: CUT } : value;
      this.#isWhole = chunk.kind === "end";
      return chunk.kind === "failure" && this.#timedOut
        ? { kind: "failure", failure: timedOut(this.#timeoutMs) }
        : chunk;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the upstream call, wherever it is: the next chunk is its failure. */
  hangUp(): void {
    this.#hangUp.abort();
  }

  /** Puts away what is left of the upstream call; one that ended by itself may leave its connection for the next. */
  async close(): Promise<void> {
    if (!this.#isWhole) this.hangUp();
    await this.#iterator.return?.();
  }
}

function timedOut(timeoutMs: number): ProviderFailure {
  const message = `The provider did not answer within ${timeoutMs / 1_000} s (PROVIDER_TIMEOUT_SECONDS).`;
  return { category: "timeout", message };
}
