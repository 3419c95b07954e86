import { type Chunk, NO_USAGE, type ProviderFailure, type Usage } from "../../core/chat.ts";
import { isJsonObject } from "../../core/json.ts";
import { reportedModel } from "../../core/models.ts";
import { failureInStream, malformed } from "../failures.ts";
import { MAX_EVENT_BYTES, parseEvent, type SseEvent } from "../sse.ts";
import type { Progress } from "../streamed-answer.ts";
import type { Asked } from "./answers.ts";
import { faultOf, finishReasonOf, hasContent, isRawEvent, type RawEvent, usageOf } from "./protocol.ts";
import { asksForUsage, choicesAsked } from "./request.ts";
import { SkippedEvents } from "./skipped-events.ts";
import type { StreamReader } from "./stream.ts";
import { StreamHead } from "./stream-head.ts";

type Step = "more" | "done" | ProviderFailure;

const DONE = Buffer.from("data: [DONE]\n\n");

/**
 * Hands a stream on to a client of the same protocol. Every event is parsed, which costs less than to search its text,
 * and goes out as the bytes it came as, unless its id, time of creation or model is not the stream's, it does not
 * name its kind of object, its form is not plain, or it tells of usage that the client did not ask for. One that is not in
 * the protocol is left out.
 *
 * From the first finish reason on, events are kept back for `end.tail`, for a client that has them takes the answer for
 * complete. Of an answer with several choices one may be finished long before the others: an event of a choice that is
 * not lets go what was kept back so far, in its order, since the answer goes on. So only the last finish reason, and
 * what follows it, is withheld.
 */
export class RawStream implements StreamReader {
  readonly #asked: Asked;
  readonly #wantsUsage: boolean;
  readonly #head: StreamHead;
  #out: Uint8Array[] = [];
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  readonly #begun = new Set<number>();
  readonly #finished = new Set<number>();
  readonly #skipped = new SkippedEvents();
  #finishReason: string | null = null;
  #endsForCalls = false;
  #hasContent = false;
  #pieceCount = 0;
  #usage: Usage = NO_USAGE;
  #hasNewUsage = false;

  constructor(asked: Asked) {
    this.#asked = asked;
    this.#wantsUsage = asksForUsage(asked.request.body);
    this.#head = new StreamHead(asked, this.#wantsUsage);
  }

  read(events: readonly SseEvent[]): Chunk[] {
    for (const event of events) {
      const step = this.#take(event);
      if (step === "done") return [...this.#flush(), this.#isFinished() ? this.#end() : this.#unfinished()];
      if (step !== "more") return [...this.#flush(), { kind: "failure", failure: step }];
    }
    return this.#flush();
  }

  /** A server that closes without an end marker must have finished as many choices as were asked for. */
  close(): Chunk {
    return this.#isAnswered() ? this.#end() : this.#unfinished();
  }

  progress(): Progress {
    return { isFinished: this.#isAnswered(), hasUsage: this.#usage !== NO_USAGE, pieceCount: this.#pieceCount };
  }

  #isAnswered(): boolean {
    return this.#isFinished() && this.#finished.size >= choicesAsked(this.#asked.request);
  }

  #unfinished(): Chunk {
    return { kind: "failure", failure: this.#skipped.cutOf(this.#asked.upstream) };
  }

  #take(event: SseEvent): Step {
    const { upstream, model } = this.#asked;
    if (event.name === "error") return failureInStream(event.data, upstream, model);
    if (event.data.trim() === "[DONE]") return "done";
    const parsed = parseEvent(event);
    const fault = isJsonObject(parsed) ? faultOf(parsed) : null;
    if (fault !== null) return failureInStream(fault, upstream, model);
    if (!isRawEvent(parsed)) return this.#skipped.skip(event.data) ? "more" : malformed(upstream);
    const choices = parsed.choices ?? [];
    if (isJsonObject(parsed.usage)) {
      this.#usage = usageOf(parsed.usage);
      this.#hasNewUsage = true;
      if (choices.length === 0 && !this.#wantsUsage) return "more";
    }
    this.#note(parsed);
    const written = this.#head.write(event, parsed);
    if (written === null) return malformed(upstream);
    const goesOn = this.#goesOn(parsed);
    return written.every((bytes) => this.#place(bytes, goesOn)) ? "more" : malformed(upstream);
  }

  #note({ choices }: RawEvent): void {
    for (const choice of choices ?? []) {
      const { index = 0, delta } = choice;
      this.#begun.add(index);
      if (isJsonObject(delta)) this.#skipped.watchPieces(index, delta["tool_calls"]);
      // Each choice is looked into only where it may be the first that says something, or one that should not.
      if ((!this.#hasContent || this.#finished.size > 0) && hasContent(choice)) {
        this.#hasContent = true;
        this.#pieceCount += 1;
      }
      this.#noteFinish(index, finishReasonOf(choice.finish_reason));
    }
  }

  #noteFinish(index: number, reason: string | null): void {
    if (reason === null) return;
    this.#pieceCount += 1;
    this.#finished.add(index);
    if (index === 0 || this.#finishReason === null) this.#finishReason = reason;
    if (reason === "tool_calls") this.#endsForCalls = true;
  }

  /** Nothing is finished yet, or the event is of a choice that is not. */
  #goesOn({ choices }: RawEvent): boolean {
    return this.#finished.size === 0 || (choices ?? []).some(({ index = 0 }) => !this.#finished.has(index));
  }

  /** False where more would have to be kept back than is reasonable. */
  #place(bytes: Uint8Array, goesOn: boolean): boolean {
    if (goesOn) {
      for (const kept of this.#kept) this.#out.push(kept);
      this.#out.push(bytes);
      this.#kept = [];
      this.#keptBytes = 0;
      return true;
    }
    this.#kept.push(bytes);
    this.#keptBytes += bytes.byteLength;
    return this.#keptBytes <= MAX_EVENT_BYTES;
  }

  #isFinished(): boolean {
    return this.#finished.size > 0 && this.#finished.size === this.#begun.size;
  }

  #flush(): Chunk[] {
    const chunks: Chunk[] = [];
    if (this.#out.length > 0) {
      const bytes = joined(this.#out);
      chunks.push(this.#hasContent ? { kind: "raw", bytes } : { kind: "raw", bytes, opening: true });
    }
    this.#out = [];
    if (this.#hasNewUsage) chunks.push({ kind: "usage", usage: this.#usage });
    this.#hasNewUsage = false;
    return chunks;
  }

  #end(): Chunk {
    if (!this.#skipped.allowEnd(this.#endsForCalls)) {
      return { kind: "failure", failure: malformed(this.#asked.upstream) };
    }
    return {
      kind: "end",
      model: reportedModel(this.#head.reportedModel, this.#asked.model),
      finishReason: this.#finishReason,
      usage: this.#usage,
      tail: Buffer.concat([...this.#kept, DONE]),
      ...this.#skipped.counted(),
    };
  }
}

/** Events that came in one read lie side by side in its memory: then what joins them is a view. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  if (first === undefined) return new Uint8Array();
  let length = 0;
  for (const piece of pieces) {
    if (piece.buffer !== first.buffer || piece.byteOffset !== first.byteOffset + length) return Buffer.concat(pieces);
    length += piece.byteLength;
  }
  return new Uint8Array(first.buffer, first.byteOffset, length);
}
