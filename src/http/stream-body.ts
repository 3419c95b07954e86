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

type Opening = Promise<AnswerStream<StreamEncoder> | Refused>;

/** What a reader gets in place of an end that nobody can give: the connection breaks off. */
const CUT = new Error("the stream was cut");

/**
 * The body of a streamed answer: one write for each chunk as soon as it is there, and nothing is read of the provider
 * before the client has taken what went before. A stream that ends without its end is an error of the connection, so
 * that no client takes it for whole (I7).
 */
export function streamBody(opening: Opening, planned: StreamEncoder, options: Options = {}) {
  const { pingEveryMs = PING_EVERY_MS, readerTimeoutMs = READER_TIMEOUT_MS, onOver = () => {} } = options;
  const text = new TextEncoder();
  // Of the target that was planned first, until it is known who answers.
  let encoder = planned;
  let stream: AnswerStream<StreamEncoder> | null = null;
  let hasReader = true;
  let isPulling = false;
  let patience: Timer | null = null;

  type Controller = ReadableStreamDefaultController<Uint8Array>;

  function finish(): void {
    if (!hasReader) return;
    hasReader = false;
    if (patience !== null) clearTimeout(patience);
    onOver();
  }

  function close(controller: Controller): void {
    if (!hasReader) return;
    controller.close();
    finish();
  }

  /** Until it asks for more the reader has what was written still to take. */
  function waitForReader(controller: Controller): void {
    if (!hasReader) return;
    patience = patience?.refresh() ?? setTimeout(() => isPulling || giveUp(controller), readerTimeoutMs).unref();
  }

  function giveUp(controller: Controller): void {
    finish();
    stream?.cancel();
    controller.error(CUT);
  }

  function write(controller: Controller, encoded: string | Uint8Array): boolean {
    const bytes = typeof encoded === "string" ? text.encode(encoded) : encoded;
    // What came to be said after its reader left is nobody's.
    if (bytes.byteLength > 0 && hasReader) controller.enqueue(bytes);
    return bytes.byteLength > 0;
  }

  async function withPings<T>(controller: Controller, waited: Promise<T>): Promise<T> {
    const { ping } = encoder;
    if (ping === null) return waited;
    const timer = setInterval(() => write(controller, ping), pingEveryMs);
    try {
      return await waited;
    } finally {
      clearInterval(timer);
    }
  }

  /** Whether anything was written, and whether that was the last. */
  function writeEvent(controller: Controller, event: StreamEvent): boolean {
    if (event.kind !== "end" && event.kind !== "error") return write(controller, encoder.chunk(event));
    write(controller, event.kind === "end" ? encoder.end(event) : encoder.failure(event.error));
    close(controller);
    return true;
  }

  async function open(controller: Controller): Promise<AnswerStream<StreamEncoder> | null> {
    const opened = (await within(opening, 0)) ?? (await openedLate(controller));
    if (opened.kind === "stream") {
      // Before anything is written, so that a bug in that ends the stream too.
      stream = opened;
      encoder = opened.encoder;
    }
    write(controller, encoder.open());
    if (opened.kind === "stream") return opened;
    write(controller, encoder.failure(opened.error));
    close(controller);
    return null;
  }

  /** The headers go out with the first bytes of the body, so a client that waits already gets some at once. */
  function openedLate(controller: Controller): Opening {
    if (encoder.ping !== null) write(controller, encoder.ping);
    return withPings(controller, opening);
  }

  /** A pull that writes nothing would not be repeated. */
  async function writeNext(controller: Controller): Promise<void> {
    stream ??= await open(controller);
    for (let written = false; stream !== null && !written; ) {
      const event = await withPings(controller, stream.next());
      if (event === null) throw CUT;
      written = writeEvent(controller, event);
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        isPulling = true;
        try {
          await writeNext(controller);
        } catch (bug) {
          // Nobody will read on, so the row must not wait for it.
          if (bug !== CUT) stream?.fail(bug);
          finish();
          throw bug;
        }
        isPulling = false;
        waitForReader(controller);
      },
      async cancel() {
        finish();
        // A bug in it was told already, and nothing is left to cancel.
        const opened = await opening.catch(() => null);
        if (opened?.kind === "stream") opened.cancel();
      },
    },
    { highWaterMark: 0 },
  );
}
