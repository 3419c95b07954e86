import type { Chunk, ProviderFailure } from "../../core/chat.ts";
import { CUT } from "../collect.ts";
import type { Piece, PieceReader } from "./errand.ts";
import { ENDLESS, type Limit } from "./limits.ts";

export type StreamLimits = {
  /** From the call until the model is at work: a connection that is only kept open does not count. */
  readonly firstToken: Limit;
  /** Then for each silence. */
  readonly idle: Limit;
  /** For each time in which there are signs of life, and none that the model works. */
  readonly wordless: Limit;
  /** For all of it; null where there is none but that no stream is endless. */
  readonly whole: Limit | null;
};

type Options = {
  readonly limits: StreamLimits;
  readonly callerSignal: AbortSignal;
  /** Told once, when the model is at work. */
  readonly onBegun: () => void;
};

/** The chunks of one call, each within its limit. INVARIANT: no timer outlives `next` but those that `close` ends. */
export class TimedChunks implements PieceReader {
  readonly #iterator: AsyncIterator<Chunk>;
  readonly #options: Options;
  readonly #hangUp = new AbortController();
  /** For more than one chunk. */
  readonly #timers: { firstToken: Timer | undefined; whole: Timer | undefined };
  #cutBy: ProviderFailure | null = null;
  #hasBegun = false;
  #isWhole = false;

  constructor(start: (signal: AbortSignal) => AsyncIterable<Chunk>, options: Options) {
    this.#options = options;
    this.#iterator = start(AbortSignal.any([options.callerSignal, this.#hangUp.signal]))[Symbol.asyncIterator]();
    const { firstToken, whole } = options.limits;
    this.#timers = {
      firstToken: this.#cutAfter(firstToken),
      whole: whole === null ? undefined : this.#cutAfter(whole),
    };
  }

  /** Once it has begun, the time that its reader takes before it asks does not count. */
  async next(): Promise<Piece> {
    let endless: Timer | undefined;
    let wordless: Timer | undefined;
    try {
      for (;;) {
        const chunk = await this.#nextSign();
        if (isAtWork(chunk)) {
          this.#begin();
          clearTimeout(wordless);
          wordless = undefined;
        }
        if (chunk.kind !== "alive") return chunk;
        // To be at work is not enough for ever, and a connection that is only kept open not for long.
        endless ??= this.#cutAfter(ENDLESS);
        if (this.#hasBegun && chunk.working !== true) wordless ??= this.#cutAfter(this.#options.limits.wordless);
      }
    } finally {
      clearTimeout(endless);
      clearTimeout(wordless);
    }
  }

  async #nextSign(): Promise<Chunk> {
    const silence = this.#hasBegun ? this.#cutAfter(this.#options.limits.idle) : undefined;
    let isOver = true;
    try {
      const { done, value } = await this.#iterator.next();
      const came: Chunk = done ? { kind: "failure", failure: CUT } : value;
      // What comes after the call was cut is no answer any more, unless it is all that was missing.
      const chunk: Chunk =
        this.#cutBy === null || came.kind === "end" ? came : { kind: "failure", failure: this.#cutBy };
      this.#isWhole = chunk.kind === "end";
      isOver = chunk.kind === "end" || chunk.kind === "failure";
      return chunk;
    } finally {
      clearTimeout(silence);
      if (isOver) this.#stopTimers();
    }
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    clearTimeout(this.#timers.firstToken);
    this.#options.onBegun();
  }

  #cutAfter({ ms, failure }: Limit): Timer {
    return setTimeout(() => {
      this.#cutBy ??= failure;
      this.#hangUp.abort();
    }, ms);
  }

  #stopTimers(): void {
    clearTimeout(this.#timers.firstToken);
    clearTimeout(this.#timers.whole);
  }

  hangUp(): void {
    this.#hangUp.abort();
  }

  async close(): Promise<void> {
    this.#stopTimers();
    if (!this.#isWhole) this.hangUp();
    await this.#iterator.return?.();
  }
}

function isAtWork(chunk: Chunk): boolean {
  if (chunk.kind === "usage" || chunk.kind === "failure") return false;
  if (chunk.kind === "alive") return chunk.working === true;
  return chunk.kind === "end" || chunk.opening !== true;
}
