import type { ContentChunk, EndChunk, Usage } from "../core/chat.ts";
import { NO_USAGE } from "../core/chat.ts";
import type { OpenedStream, Piece } from "./attempts/errand.ts";
import type { HowEnded, Journal } from "./attempts/journal.ts";
import { ENDLESS } from "./attempts/limits.ts";
import { type AnswerError, type AnswerHead, type Ending, headOf } from "./chat-result.ts";
import type { Decided } from "./decided.ts";
import type { Deps } from "./deps.ts";
import { aborted, broken, failed, stopped, succeeded, unfit } from "./endings.ts";
import { settle, tellSkipped } from "./settle.ts";

/** A stream ends with exactly one `end` or `error`, unless its reader left. */
export type StreamEvent = ContentChunk | EndChunk | { readonly kind: "error"; readonly error: AnswerError };

/** What became of the request, what of its call, and the end that the provider gave; null where it gave none. */
type Ended = { readonly ending: Ending; readonly how: HowEnded; readonly end: EndChunk | null };

/** Who writes a stream for its client, and may find that it cannot. */
export type Judge = { unfit?(next: ContentChunk | EndChunk): AnswerError | null };

/**
 * An answer that has begun. Reads on from the provider only when it is read itself. Its row is settled once, whatever
 * happens: before the end is given away (I6), or as soon as the reader leaves or the time is over, read or not.
 */
export class AnswerStream<E extends Judge = Judge> {
  readonly kind = "stream";
  readonly head: AnswerHead;
  readonly encoder: E;
  /** Resolves when its row is settled and all is put away, read or not. */
  readonly settled: Promise<void>;
  readonly #deps: Deps;
  readonly #decided: Decided;
  readonly #opened: OpenedStream;
  readonly #journal: Journal;
  readonly #cut: AbortController;
  readonly #events: AsyncGenerator<StreamEvent, void>;
  readonly #limit: Timer;
  readonly #leave: () => void;
  readonly #putAway: () => void;
  #usage: Usage = NO_USAGE;
  #isTooLong = false;
  #hasFailed = false;
  #isStopped = false;

  /** `cut` ends the upstream call that `opened` reads, as the caller's own signal does. */
  constructor(
    deps: Deps,
    decided: Decided,
    opened: OpenedStream,
    journal: Journal,
    cut: AbortController,
    encoderOf: (head: AnswerHead) => E,
  ) {
    this.head = headOf(decided, opened.target, journal.sentCount);
    this.encoder = encoderOf(this.head);
    ({ promise: this.settled, resolve: this.#putAway } = Promise.withResolvers<void>());
    this.#deps = deps;
    this.#decided = decided;
    this.#opened = opened;
    this.#journal = journal;
    this.#cut = cut;
    this.#events = this.#run();
    this.#limit = setTimeout(() => {
      this.#isTooLong = true;
      opened.rest.hangUp();
      void this.#drain();
    }, ENDLESS.ms);
    this.#leave = deps.inFlight.add(() => {
      this.#isStopped = true;
      opened.rest.hangUp();
      void this.#drain();
    });
    for (const signal of [decided.call.signal, cut.signal]) {
      if (signal.aborted) void this.#drain();
      else signal.addEventListener("abort", () => void this.#drain(), { once: true });
    }
  }

  /** Null when there is nothing more; after neither `end` nor `error` that means that the stream was cut. */
  async next(): Promise<StreamEvent | null> {
    const { done, value } = await this.#events.next();
    return done ? null : value;
  }

  /** For a reader who leaves. */
  cancel(): void {
    this.#cut.abort();
  }

  /** For a bug of whoever writes the stream: its row says that it failed, unless it is settled already. */
  fail(bug: unknown): void {
    this.#tellBug(bug);
    this.#hasFailed = true;
    this.#opened.rest.hangUp();
    void this.#drain();
  }

  /** For when nobody reads on. Never rejects, since nobody waits for it. */
  async #drain(): Promise<void> {
    try {
      while ((await this.next()) !== null);
    } catch (bug) {
      this.#tellBug(bug);
    }
  }

  /**
   * By the time its last event is given away all is put away: who gets it may never ask again. Throws only where the
   * outcome itself could not be put together: then there is no row until the next start, and no end is given away.
   */
  async *#run(): AsyncGenerator<StreamEvent, void> {
    let last: StreamEvent | null;
    try {
      last = await this.#settle(yield* this.#content());
    } finally {
      clearTimeout(this.#limit);
      this.#leave();
      await this.#opened.rest.close().catch((bug: unknown) => this.#tellBug(bug));
      this.#putAway();
    }
    if (last !== null) yield last;
  }

  /** Returns how it ended. Never throws: a bug ends as a failed request with its row. */
  async *#content(): AsyncGenerator<ContentChunk, Ended> {
    const { target, rest } = this.#opened;
    try {
      for (;;) {
        const chunk = await rest.next();
        if (chunk.kind === "usage") this.#usage = chunk.usage;
        const end = chunk.kind === "end" ? chunk : null;
        const ended = this.#endOf(chunk);
        if (ended !== null) return { ...ended, end };
        if (chunk.kind !== "usage" && chunk.kind !== "end" && chunk.kind !== "failure") yield chunk;
      }
    } catch (bug) {
      this.#tellBug(bug);
      return { ending: broken(target, this.#usage), how: "left", end: null };
    }
  }

  /** Null while the stream goes on. What became of the call is not always what became of the request. */
  #endOf(chunk: Piece): Omit<Ended, "end"> | null {
    const { target } = this.#opened;
    const usage = this.#usage;
    if (this.#hasFailed) return { ending: broken(target, usage), how: "left" };
    if (chunk.kind === "end") {
      const error = this.encoder.unfit?.(chunk);
      return {
        ending: error ? unfit(target.model, chunk.usage, error) : succeeded(chunk.model, chunk.usage),
        how: "answered",
      };
    }
    const error = chunk.kind === "usage" || chunk.kind === "failure" ? null : this.encoder.unfit?.(chunk);
    if (error) return { ending: unfit(target.model, usage, error), how: "left" };
    if (this.#decided.call.signal.aborted || this.#cut.signal.aborted) {
      return { ending: aborted(target, usage), how: "left" };
    }
    if (this.#isStopped) return { ending: stopped(target, usage), how: "left" };
    const failure = this.#isTooLong ? ENDLESS.failure : chunk.kind === "failure" ? chunk.failure : null;
    return failure && { ending: failed(target, failure, usage), how: failure };
  }

  async #settle({ ending, how, end }: Ended): Promise<StreamEvent | null> {
    const { target, turn } = this.#opened;
    this.#decided.stopwatch.lap("provider");
    turn.end(how);
    if (end !== null) tellSkipped(this.#deps, this.#decided, target, end.skippedEvents ?? 0);
    const error = await settle(this.#deps, this.#decided, target, ending, this.#journal.attempts);
    return error === null ? end : { kind: "error", error };
  }

  #tellBug(error: unknown): void {
    this.#deps.telemetry.bug({ requestId: this.#decided.call.requestId, error });
  }
}
