import { type Chunk, type EndChunk, NO_USAGE, type ProviderFailure } from "../../core/chat.ts";
import { cut, malformed } from "../failures.ts";
import { joinBytes, NdjsonLines } from "../ndjson.ts";
import {
  looksLikeAnswer,
  MAX_SKIPPED_EVENTS,
  type Progress,
  readStreamedAnswer,
  type StreamedAnswer,
} from "../streamed-answer.ts";
import { AnswerChunks, type Asked } from "./answers.ts";
import { type GenerationRecord, hasContent, isParsedObject, readLocal, readRecord } from "./protocol.ts";

/**
 * A streamed answer as chunks. Reads no further than it is asked to, gives what one read of the network brought at once,
 * and hangs up on the upstream when the answer is at its end or is no longer wanted.
 */
export function readStream(body: ReadableStream<Uint8Array>, asked: Asked): AsyncIterable<Chunk> {
  return readStreamedAnswer(body, new RecordStream(asked), false);
}

/** A record and the line that it came as. */
type Line = { readonly bytes: Uint8Array; readonly record: GenerationRecord };

/**
 * The records of one answer. One that is not in the protocol is left out; one that was made on another machine, or tells
 * of an error, ends the answer.
 * INVARIANT: no line goes out before it is known to be a record, and one that was made on this machine.
 */
class RecordStream implements StreamedAnswer {
  readonly #asked: Asked;
  readonly #lines = new NdjsonLines();
  readonly #chunks: AnswerChunks;
  /** Lines for a client of the same protocol. */
  #out: Uint8Array[] = [];
  /** Says why the answer ended, and yet not that it did. Such a line is kept back, as the last one is. */
  #finished: Line | null = null;
  #skippedCount = 0;
  #recordCount = 0;
  #hasContent = false;
  #pieceCount = 0;

  constructor(asked: Asked) {
    this.#asked = asked;
    this.#chunks = new AnswerChunks(asked.model);
  }

  push(bytes: Uint8Array): Chunk[] {
    return this.#read(this.#lines.push(bytes));
  }

  /** What stands after the last newline may be a record. After others it may as well be what a cut left of one. */
  close(): Chunk[] {
    const rest = this.#lines.rest();
    const isCut = this.#recordCount > 0 && rest.some((line) => parse(line) === undefined);
    const chunks = isCut ? [] : this.#read(rest);
    const last = chunks.at(-1)?.kind;
    return last === "end" || last === "failure" ? chunks : [...chunks, this.#closed()];
  }

  progress(): Progress {
    const usage = this.#finished?.record.usage ?? NO_USAGE;
    const hasUsage = usage.promptTokens !== null || usage.completionTokens !== null;
    return { isFinished: this.#finished !== null, hasUsage, pieceCount: this.#pieceCount };
  }

  #read(lines: readonly Uint8Array[]): Chunk[] {
    const chunks: Chunk[] = [];
    const countBefore = this.#recordCount;
    for (const bytes of lines) {
      const last = this.#take(bytes, chunks);
      if (last !== null) return [...chunks, ...this.#flush(), last];
    }
    const shown = [...chunks, ...this.#flush()];
    // After its first word a record that says nothing is a token that the server holds back, as of a call.
    const isAtWork = shown.length === 0 && this.#hasContent && this.#recordCount > countBefore;
    return isAtWork ? [{ kind: "alive", working: true }] : shown;
  }

  /** Null while the answer goes on. */
  #take(bytes: Uint8Array, chunks: Chunk[]): Chunk | null {
    const { call, model, upstream } = this.#asked;
    const value = parse(bytes);
    const local = isParsedObject(value) ? readLocal(value, model, upstream) : null;
    if (local !== null && !local.ok) return failed(local.error);
    const record = local === null ? null : readRecord(call.endpoint === "chat" ? "chat" : "generate", local.value);
    if (record === null) return this.#skip(bytes);
    this.#note(record);
    if (call.ownProtocol) this.#chunks.passed(record);
    else for (const chunk of this.#chunks.contentOf(record)) chunks.push(chunk);
    const doneReason = record.doneReason || (this.#finished?.record.doneReason ?? null);
    this.#release();
    if (record.done) return this.#end({ ...record, doneReason }, bytes);
    if (record.doneReason) this.#finished = { bytes, record };
    else if (call.ownProtocol) this.#out.push(bytes);
    return null;
  }

  /** What may have been a piece of the answer is not left out. */
  #skip(line: Uint8Array): Chunk | null {
    this.#skippedCount += 1;
    const mayGoOn = this.#skippedCount <= MAX_SKIPPED_EVENTS && !looksLikeAnswer(Buffer.from(line).toString());
    return mayGoOn ? null : failed(malformed(this.#asked.upstream));
  }

  #note(record: GenerationRecord): void {
    this.#recordCount += 1;
    if (hasContent(record)) this.#hasContent = true;
    if (hasContent(record) || record.doneReason) this.#pieceCount += 1;
  }

  /** More came after it, so that it was not the last. */
  #release(): void {
    if (this.#finished !== null && this.#asked.call.ownProtocol) this.#out.push(this.#finished.bytes);
    this.#finished = null;
  }

  /** The answer of a server that has ended, or fallen silent. */
  #closed(): Chunk {
    const { upstream } = this.#asked;
    // What was left out may have been what said that it is complete.
    if (this.#finished === null) return failed(this.#skippedCount > 0 ? malformed(upstream) : cut(upstream));
    const { record, bytes } = this.#finished;
    return this.#end(record, withDone(bytes));
  }

  #end(record: GenerationRecord, tail: Uint8Array): EndChunk {
    return {
      ...this.#chunks.endOf(record),
      ...(this.#asked.call.ownProtocol ? { tail } : {}),
      ...(this.#skippedCount > 0 ? { skippedEvents: this.#skippedCount } : {}),
    };
  }

  #flush(): Chunk[] {
    const [first] = this.#out;
    if (first === undefined) return [];
    const bytes = this.#out.length === 1 ? first : joinBytes(this.#out);
    this.#out = [];
    return [this.#hasContent ? { kind: "raw", bytes } : { kind: "raw", bytes, opening: true }];
  }
}

const failed = (failure: ProviderFailure): Chunk => ({ kind: "failure", failure });

const utf8 = new TextDecoder("utf-8", { fatal: true });

function parse(line: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(line));
  } catch {
    return undefined;
  }
}

/** A line that a client of the protocol takes for the last. */
function withDone(line: Uint8Array): Uint8Array {
  return Buffer.from(`${JSON.stringify({ ...Object(parse(line)), done: true })}\n`);
}
