import type { Chunk } from "../../core/chat.ts";
import { isJsonObject } from "../../core/json.ts";
import { malformed, type Upstream } from "../failures.ts";
import { parseJson } from "../json.ts";
import { type SseEvent, SseSplitter } from "../sse.ts";
import { type Progress, readStreamedAnswer } from "../streamed-answer.ts";
import { faultOf } from "./protocol.ts";

/** Turns the events of one stream into chunks. Its last chunk is an `end` or a `failure`. */
export interface StreamReader {
  /** The chunks of the events that one read of the network completed. */
  read(events: readonly SseEvent[]): Chunk[];
  /** The last chunk of a stream that ended without saying so. */
  close(): Chunk;
  progress(): Progress;
}

/** What an answer that should be a stream is read of where it is an error; none needs more to say what it is. */
const MAX_ERROR_BYTES = 64 * 1024;

/** Reads no further than it is asked; leaving it early hangs up. Throws what `response.body` does. */
export function readStream(response: Response, stream: StreamReader, upstream: Upstream): AsyncIterable<Chunk> {
  const { body } = response;
  if (!isEventStream(response) || body === null) return refused(response, stream, upstream);
  const splitter = new SseSplitter();
  const answer = {
    push: (bytes: Uint8Array) => stream.read(splitter.push(bytes)),
    close: () => [stream.close()],
    progress: () => stream.progress(),
  };
  return readStreamedAnswer(body, answer, true);
}

const contentTypeOf = ({ headers }: Response): string => headers.get("content-type") ?? "";
const isEventStream = (response: Response): boolean => /^text\/event-stream\b/i.test(contentTypeOf(response));
const isJson = (response: Response): boolean => /^application\/([\w.-]+\+)?json\b/i.test(contentTypeOf(response));

async function* refused(response: Response, stream: StreamReader, upstream: Upstream): AsyncIterable<Chunk> {
  const fault = isJson(response) ? await faultIn(response) : null;
  await response.body?.cancel().catch(() => {});
  if (fault === null) yield { kind: "failure", failure: malformed(upstream) };
  else yield* stream.read([{ name: "error", data: fault, bytes: new Uint8Array(), plain: false }]);
}

/** Some servers say with the status of an answer, and in place of a stream, that there is none. */
async function faultIn(response: Response): Promise<string | null> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.byteLength;
    if (size > MAX_ERROR_BYTES) return null;
    pieces.push(piece);
  }
  const body = parseJson(Buffer.concat(pieces).toString("utf8"));
  return isJsonObject(body) ? faultOf(body) : null;
}
