import type { Refused } from "../gateway/chat-result.ts";
import type { AnswerStream, StreamEvent } from "../gateway/stream.ts";
import type { StreamEncoder } from "./surface.ts";
import { within } from "./within.ts";

/** An idle connection gets a comment this often; proxies give up after thirty seconds or more. */
const PING_EVERY_MS = 10_000;
/** A reader who takes nothing for so long has left, whatever its connection says. */
const READER_TIMEOUT_MS = 60_000;

type Options = {
  readonly pingEveryMs?: number;
  readonly readerTimeoutMs?: number;
  /** Called once, when nothing more will be written. */
  readonly onOver?: () => void;
};

type Controller = ReadableStreamDefaultController<Uint8Array>;
type Opening = Promise<AnswerStream<StreamEncoder> | Refused>;

/** What a reader gets in place of an end that nobody can give: the connection breaks off. */
const CUT = new Error("the stream was cut");

/**
 * The body of a streamed answer: one write for each chunk as soon as it is there, and nothing is read of the provider
 * before the client has taken what went before. A stream that ends without its end is an error of the connection, so
 * that no client takes it for whole (I7). `planned` writes for the target that was planned first, until it is known who
 * answers.
 */
export const streamBody = (opening: Opening, planned: StreamEncoder, options: Options = {}) =>
  new ReadableStream<Uint8Array>(new StreamSource(opening, planned, options), { highWaterMark: 0 });

class StreamSource implements Bun.UnderlyingSource<Uint8Array> {
  readonly #opening: Opening;
  readonly #options: Required<Options>;
  readonly #text = new TextEncoder();
  #encoder: StreamEncoder;
  #stream: AnswerStream<StreamEncoder> | null = null;
  #hasReader = true;
  #isPulling = false;
  #patience: Timer | null = null;

  constructor(opening: Opening, planned: StreamEncoder, options: Options) {
    const { pingEveryMs = PING_EVERY_MS, readerTimeoutMs = READER_TIMEOUT_MS, onOver = () => {} } = options;
    this.#opening = opening;
    this.#encoder = planned;
    this.#options = { pingEveryMs, readerTimeoutMs, onOver };
  }

  async pull(controller: Controller): Promise<void> {
    this.#isPulling = true;
    try {
      await this.#writeNext(controller);
    } catch (bug) {
      // Nobody will read on, so the row must not wait for it.
      if (bug !== CUT) this.#stream?.fail(bug);
      this.#finish();
      throw bug;
    }
    this.#isPulling = false;
    this.#waitForReader(controller);
  }

  async cancel(): Promise<void> {
    this.#finish();
    // A bug in it was told already, and nothing is left to cancel.
    const opened = await this.#opening.catch(() => null);
    if (opened?.kind === "stream") opened.cancel();
  }

  /** A pull that writes nothing would not be repeated. */
  async #writeNext(controller: Controller): Promise<void> {
    this.#stream ??= await this.#open(controller);
    for (let written = false; this.#stream !== null && !written; ) {
      const event = await this.#withPings(controller, this.#stream.next());
      if (event === null) throw CUT;
      written = this.#writeEvent(controller, event);
    }
  }

  async #open(controller: Controller): Promise<AnswerStream<StreamEncoder> | null> {
    const opened = (await within(this.#opening, 0)) ?? (await this.#openedLate(controller));
    if (opened.kind === "stream") {
      // Before anything is written, so that a bug in that ends the stream too.
      this.#stream = opened;
      this.#encoder = opened.encoder;
    }
    this.#write(controller, this.#encoder.open());
    if (opened.kind === "stream") return opened;
    this.#write(controller, this.#encoder.failure(opened.error));
    this.#close(controller);
    return null;
  }

  /** The headers go out with the first bytes of the body, so a client that waits already gets some at once. */
  #openedLate(controller: Controller): Opening {
    const { ping } = this.#encoder;
    if (ping !== null) this.#write(controller, ping);
    return this.#withPings(controller, this.#opening);
  }

  async #withPings<T>(controller: Controller, waited: Promise<T>): Promise<T> {
    const { ping } = this.#encoder;
    if (ping === null) return waited;
    const timer = setInterval(() => this.#write(controller, ping), this.#options.pingEveryMs);
    try {
      return await waited;
    } finally {
      clearInterval(timer);
    }
  }

  /** Whether anything was written. */
  #writeEvent(controller: Controller, event: StreamEvent): boolean {
    const encoder = this.#encoder;
    if (event.kind !== "end" && event.kind !== "error") return this.#write(controller, encoder.chunk(event));
    this.#write(controller, event.kind === "end" ? encoder.end(event) : encoder.failure(event.error));
    this.#close(controller);
    return true;
  }

  #write(controller: Controller, encoded: string | Uint8Array): boolean {
    const bytes = typeof encoded === "string" ? this.#text.encode(encoded) : encoded;
    // What came to be said after its reader left is nobody's.
    if (bytes.byteLength > 0 && this.#hasReader) controller.enqueue(bytes);
    return bytes.byteLength > 0;
  }

  /** Until it asks for more the reader has what was written still to take. */
  #waitForReader(controller: Controller): void {
    if (!this.#hasReader) return;
    this.#patience = this.#patience?.refresh() ?? this.#startPatience(controller);
  }

  #startPatience(controller: Controller): Timer {
    return setTimeout(() => this.#isPulling || this.#giveUp(controller), this.#options.readerTimeoutMs).unref();
  }

  #giveUp(controller: Controller): void {
    this.#finish();
    this.#stream?.cancel();
    controller.error(CUT);
  }

  #close(controller: Controller): void {
    if (!this.#hasReader) return;
    controller.close();
    this.#finish();
  }

  #finish(): void {
    if (!this.#hasReader) return;
    this.#hasReader = false;
    if (this.#patience !== null) clearTimeout(this.#patience);
    this.#options.onOver();
  }
}
