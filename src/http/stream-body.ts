import type { Refused } from "../gateway/handle-chat.ts";
import type { AnswerStream, StreamEvent } from "../gateway/stream.ts";
import type { StreamEncoder } from "./surface.ts";
import { within } from "./within.ts";

/** An idle connection gets a comment this often; proxies give up after thirty seconds or more. */
const PING_EVERY_MS = 10_000;

type Opening = Promise<AnswerStream<StreamEncoder> | Refused>;

/** What a reader gets in place of an end that nobody can give: the connection breaks off. */
const CUT = new Error("the stream was cut");

/**
 * The body of a streamed answer: one write for each chunk as soon as it is there, and nothing is read of the provider
 * before the client has taken what went before. A stream that ends without its end is an error of the connection, so
 * that no client takes it for whole (I7).
 */
export function streamBody(opening: Opening, planned: StreamEncoder, pingEveryMs = PING_EVERY_MS) {
  const text = new TextEncoder();
  // Of the target that was planned first, until it is known who answers.
  let encoder = planned;
  let stream: AnswerStream<StreamEncoder> | null = null;
  let hasReader = true;

  type Controller = ReadableStreamDefaultController<Uint8Array>;
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
    if (hasReader) controller.close();
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
    if (hasReader) controller.close();
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
        try {
          await writeNext(controller);
        } catch (bug) {
          // Nobody will read on, so the row must not wait for it.
          if (bug !== CUT) stream?.fail(bug);
          throw bug;
        }
      },
      async cancel() {
        hasReader = false;
        const opened = await opening;
        if (opened.kind === "stream") opened.cancel();
      },
    },
    { highWaterMark: 0 },
  );
}
