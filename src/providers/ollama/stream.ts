import type { Chunk, ProviderFailure } from "../../core/chat.ts";
import { err, ok, type Result } from "../../core/result.ts";
import { malformed } from "../failures.ts";
import { joinBytes, NdjsonLines } from "../ndjson.ts";
import { AnswerChunks, type Asked } from "./answers.ts";
import { type GenerationRecord, readLocal, readRecord } from "./protocol.ts";
import { cut } from "./upstream.ts";

/**
 * A streamed answer as chunks. Reads no further than it is asked to, gives what one read of the network brought at once,
 * and hangs up on the upstream when the answer is at its end or is no longer wanted.
 */
export async function* readStream(body: ReadableStream<Uint8Array>, asked: Asked): AsyncIterable<Chunk> {
  const lines = new NdjsonLines();
  const chunks = new AnswerChunks(asked.model);
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      let isSilent = true;
      for (const chunk of readLines(done ? lines.rest() : lines.push(value), chunks, asked)) {
        isSilent = false;
        yield chunk;
        // What comes after either is no part of the answer.
        if (chunk.kind === "end" || chunk.kind === "failure") return;
      }
      if (done) {
        yield { kind: "failure", failure: cut(asked.upstream) };
        return;
      }
      // A record that says nothing, or a piece of one, is a sign of life all the same.
      if (isSilent) yield { kind: "alive" };
    }
  } finally {
    // Not waited for: an upstream that does not let go is not the caller's concern.
    reader.cancel().catch(() => {});
  }
}

/** INVARIANT: no line goes out before it is known to be a record, and one that was made on this machine. */
function* readLines(lines: readonly Uint8Array[], chunks: AnswerChunks, asked: Asked): Iterable<Chunk> {
  const checked: Uint8Array[] = [];
  for (const line of lines) {
    const read = readLine(line, asked);
    if (!read.ok) {
      yield* raw(checked);
      yield { kind: "failure", failure: read.error };
      return;
    }
    const { ownProtocol } = asked.call;
    if (ownProtocol) chunks.passed(read.value);
    else yield* chunks.contentOf(read.value);
    if (read.value.done) {
      yield* raw(checked);
      yield { ...chunks.endOf(read.value), ...(ownProtocol ? { tail: line } : {}) };
      return;
    }
    if (ownProtocol) checked.push(line);
  }
  yield* raw(checked);
}

function* raw(lines: readonly Uint8Array[]): Iterable<Chunk> {
  const [first] = lines;
  if (first !== undefined) yield { kind: "raw", bytes: lines.length === 1 ? first : joinBytes(lines) };
}

function readLine(line: Uint8Array, { call, model, upstream }: Asked): Result<GenerationRecord, ProviderFailure> {
  const local = readLocal(parse(line), model, upstream);
  if (!local.ok) return local;
  const record = readRecord(call.endpoint === "chat" ? "chat" : "generate", local.value);
  return record === null ? err(malformed(upstream)) : ok(record);
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function parse(line: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(line));
  } catch {
    return undefined;
  }
}
