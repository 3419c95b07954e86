import type { Chunk } from "../../core/chat.ts";
import { malformed, type Upstream } from "../failures.ts";
import { type SseEvent, SseSplitter } from "../sse.ts";

/** Turns the events of one stream into chunks. Its last chunk is an `end` or a `failure`. */
export interface StreamReader {
  /** The chunks of the events that one read of the network completed. */
  read(events: readonly SseEvent[]): Chunk[];
  /** The last chunk of a stream that ended without saying so. */
  close(): Chunk;
}

/** How long a body may take to end after the protocol's end marker for its connection to be used again. */
const DRAIN_MS = 1_000;

/**
 * Reads no further than it is asked; leaving it early hangs up. Throws what `response.body` does. A read that gives
 * nothing for the client, such as a comment or thinking that is not shown, is a sign of life all the same.
 */
export async function* readStream(response: Response, stream: StreamReader, upstream: Upstream): AsyncIterable<Chunk> {
  const contentType = response.headers.get("content-type") ?? "";
  if (!/^text\/event-stream\b/i.test(contentType) || response.body === null) {
    await response.body?.cancel();
    yield { kind: "failure", failure: malformed(upstream) };
    return;
  }
  const body: Body = response.body.getReader();
  const splitter = new SseSplitter();
  let isWhole = false;
  try {
    while (true) {
      const { value } = await body.read();
      const chunks = value === undefined ? [stream.close()] : stream.read(splitter.push(value));
      if (chunks.length === 0) yield { kind: "alive" };
      for (const chunk of chunks) {
        isWhole = chunk.kind === "end";
        yield chunk;
        if (chunk.kind === "end" || chunk.kind === "failure") return;
      }
    }
  } finally {
    if (isWhole) void drain(body);
    else await hangUp(body);
  }
}

/** A reader of the response's body. */
type Body = {
  readonly read: () => Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  readonly cancel: () => Promise<void>;
};

/** A connection is used again only if its body was read to the end; to hang up costs the next request a handshake. */
async function drain(body: Body): Promise<void> {
  const timer = setTimeout(() => void hangUp(body), DRAIN_MS);
  try {
    while (!(await body.read()).done);
  } catch {
    // The answer is complete: what becomes of the connection is nobody's concern.
  } finally {
    clearTimeout(timer);
  }
}

const hangUp = (body: Body): Promise<void> => body.cancel().catch(() => {});
