import type { ContentChunk, EndChunk, ProviderFailure, Usage } from "../core/chat.ts";
import { NO_USAGE } from "../core/chat.ts";
import type { OpenedStream, Piece } from "./attempt.ts";
import { type AnswerError, type AnswerHead, type Ending, headOf } from "./chat-result.ts";
import type { Decided } from "./decided.ts";
import type { Deps } from "./deps.ts";
import { aborted, broken, failed, stopped, succeeded, unfit } from "./endings.ts";
import { settle } from "./settle.ts";

/** Longest stream there is, however lively: its row must not stay pending for ever. */
export const MAX_STREAM_MS = 3_600_000;

/** A stream ends with exactly one `end` or `error`, unless its reader left. */
export type StreamEvent = ContentChunk | EndChunk | { readonly kind: "error"; readonly error: AnswerError };

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
  readonly #deps: Deps;
  readonly #decided: Decided;
  readonly #opened: OpenedStream;
  readonly #cut: AbortController;
  readonly #events: AsyncGenerator<StreamEvent, void>;
  readonly #limit: Timer;
  readonly #leave: () => void;
  #usage: Usage = NO_USAGE;
  #isTooLong = false;
  #hasFailed = false;
  #isStopped = false;

  /** `cut` ends the upstream call that `opened` reads, as the caller's own signal does. */
  constructor(
    deps: Deps,
    decided: Decided,
    opened: OpenedStream,
    cut: AbortController,
    encoderOf: (head: AnswerHead) => E,
  ) {
    this.head = headOf(decided, opened.target);
    this.encoder = encoderOf(this.head);
    this.#deps = deps;
    this.#decided = decided;
    this.#opened = opened;
    this.#cut = cut;
    this.#events = this.#run();
    this.#limit = setTimeout(() => {
      this.#isTooLong = true;
      opened.rest.hangUp();
      void this.#drain();
    }, MAX_STREAM_MS);
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

  async #drain(): Promise<void> {
    while ((await this.next()) !== null);
  }

  /** Never throws. By the time its last event is given away all is put away: who gets it may never ask again. */
  async *#run(): AsyncGenerator<StreamEvent, void> {
    const last = yield* this.#content();
    if (last !== null) yield last;
  }

  /** Returns the last event. A bug ends as a failed request with its row. */
  async *#content(): AsyncGenerator<ContentChunk, StreamEvent | null> {
    const { target, first, rest } = this.#opened;
    try {
      for (let chunk = first; ; chunk = await rest.next()) {
        if (chunk.kind === "usage") this.#usage = chunk.usage;
        const ending = this.#endingOf(chunk);
        if (ending !== null) return await this.#settle(ending, chunk);
        if (chunk.kind !== "usage" && chunk.kind !== "end" && chunk.kind !== "failure") yield chunk;
      }
    } catch (bug) {
      this.#tellBug(bug);
      return await this.#settle(broken(target, this.#usage), null);
    } finally {
      clearTimeout(this.#limit);
      this.#leave();
      await rest.close().catch((bug: unknown) => this.#tellBug(bug));
    }
  }

  /** Null while the stream goes on. */
  #endingOf(chunk: Piece): Ending | null {
    const { target } = this.#opened;
    if (this.#hasFailed) return broken(target, this.#usage);
    const error = chunk.kind === "usage" || chunk.kind === "failure" ? null : this.encoder.unfit?.(chunk);
    if (error) return unfit(target.model, chunk.kind === "end" ? chunk.usage : this.#usage, error);
    if (chunk.kind === "end") return succeeded(chunk.model, chunk.usage);
    if (this.#decided.call.signal.aborted || this.#cut.signal.aborted) return aborted(target, this.#usage);
    if (this.#isStopped) return stopped(target, this.#usage);
    if (this.#isTooLong) return failed(target, TOO_LONG, this.#usage);
    return chunk.kind === "failure" ? failed(target, chunk.failure, this.#usage) : null;
  }

  async #settle(ending: Ending, last: Piece | null): Promise<StreamEvent | null> {
    this.#decided.stopwatch.lap("provider");
    const error = await settle(this.#deps, this.#decided, this.#opened.target, ending);
    if (error !== null) return { kind: "error", error };
    return last?.kind === "end" ? last : null;
  }

  #tellBug(error: unknown): void {
    this.#deps.telemetry.bug({ requestId: this.#decided.call.requestId, error });
  }
}

const TOO_LONG: ProviderFailure = {
  category: "timeout",
  message: `The answer was not complete after ${MAX_STREAM_MS / 60_000} minutes.`,
};
