import { type Chunk, NO_USAGE, type ProviderFailure, type Usage } from "../../core/chat.ts";
import { isJsonObject } from "../../core/json.ts";
import { reportedModel } from "../../core/models.ts";
import { failureInStream, malformed } from "../failures.ts";
import { MAX_EVENT_BYTES, type SseEvent, toSse } from "../sse.ts";
import type { Asked } from "./answers.ts";
import { faultOf, finishReasonOf, isRawEvent, parseJson, type RawEvent, usageOf } from "./protocol.ts";
import { asksForUsage, choicesAsked } from "./request.ts";
import type { StreamReader } from "./stream.ts";

/** What all events of a stream have in common. */
type Head = { readonly id: string; readonly created: number };

type Step = "more" | "done" | ProviderFailure;

const DONE = Buffer.from("data: [DONE]\n\n");
/** Events that a server sends before one that has an id: Azure sends one. */
const MAX_EARLY_EVENTS = 4;

/**
 * Hands a stream on to a client of the same protocol. Every event is parsed, which costs less than to search its text,
 * and goes out as the bytes it came as, unless its id, time of creation or model is not the stream's, it does not
 * name its kind of object, its form is not plain, or it tells of usage that the client did not ask for.
 *
 * From the first finish reason on, events are kept back for `end.tail`, for a client that has them takes the answer for
 * complete. Of an answer with several choices one may be finished long before the others: an event of a choice that is
 * not lets go what was kept back so far, in its order, since the answer goes on. So only the last finish reason, and
 * what follows it, is withheld.
 */
export class RawStream implements StreamReader {
  readonly #asked: Asked;
  readonly #wantsUsage: boolean;
  readonly #idPrefix: string;
  readonly #object: string;
  #head: Head | null = null;
  #model: string | undefined;
  readonly #early: RawEvent[] = [];
  #out: Uint8Array[] = [];
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  readonly #begun = new Set<number>();
  readonly #finished = new Set<number>();
  #finishReason: string | null = null;
  #usage: Usage = NO_USAGE;
  #hasNewUsage = false;

  constructor(asked: Asked) {
    this.#asked = asked;
    this.#wantsUsage = asksForUsage(asked.request.body);
    const isCompletion = asked.request.task.kind === "completion";
    this.#idPrefix = isCompletion ? "cmpl" : "chatcmpl";
    this.#object = isCompletion ? "text_completion" : "chat.completion.chunk";
  }

  read(events: readonly SseEvent[]): Chunk[] {
    for (const event of events) {
      const step = this.#take(event);
      if (step === "done") return [...this.#flush(), this.#end()];
      if (step !== "more") return [...this.#flush(), { kind: "failure", failure: step }];
    }
    return this.#flush();
  }

  /** A server that closes without an end marker must have finished as many choices as were asked for. */
  close(): Chunk {
    const isComplete = this.#isFinished() && this.#finished.size >= choicesAsked(this.#asked.request);
    return isComplete ? this.#end() : { kind: "failure", failure: malformed(this.#asked.upstream) };
  }

  #take(event: SseEvent): Step {
    const { upstream, model } = this.#asked;
    if (event.name === "error") return failureInStream(event.data, upstream, model);
    if (event.data.trim() === "[DONE]") return this.#isFinished() ? "done" : malformed(upstream);
    const parsed = parseJson(event.data);
    if (!isRawEvent(parsed)) return malformed(upstream);
    const fault = faultOf(parsed);
    if (fault !== null) return failureInStream(fault, upstream, model);
    const choices = parsed.choices ?? [];
    if (isJsonObject(parsed.usage)) {
      this.#usage = usageOf(parsed.usage);
      this.#hasNewUsage = true;
      if (choices.length === 0 && !this.#wantsUsage) return "more";
    }
    this.#note(parsed);
    if (this.#head === null && !parsed.id && choices.length === 0) {
      return this.#early.push(parsed) > MAX_EARLY_EVENTS ? malformed(upstream) : "more";
    }
    return this.#place(this.#withHead(event, parsed), this.#goesOn(parsed)) ? "more" : malformed(upstream);
  }

  #note({ model, choices }: RawEvent): void {
    this.#model ||= model ?? undefined;
    for (const { index = 0, finish_reason } of choices ?? []) {
      const reason = finishReasonOf(finish_reason);
      this.#begun.add(index);
      if (reason === null) continue;
      this.#finished.add(index);
      if (index === 0 || this.#finishReason === null) this.#finishReason = reason;
    }
  }

  /** Nothing is finished yet, or the event is of a choice that is not. */
  #goesOn({ choices }: RawEvent): boolean {
    return this.#finished.size === 0 || (choices ?? []).some(({ index = 0 }) => !this.#finished.has(index));
  }

  #withHead(event: SseEvent, parsed: RawEvent): Uint8Array {
    if (this.#head === null) {
      const id = parsed.id || `${this.#idPrefix}-${crypto.randomUUID()}`;
      this.#head = { id, created: parsed.created ?? Math.floor(Date.now() / 1_000) };
      for (const early of this.#early) this.#out.push(this.#restated(early, this.#head));
    }
    const { id, created } = this.#head;
    const isOfStream = parsed.id === id && parsed.created === created && parsed.model === this.#streamModel();
    const isUnasked = isJsonObject(parsed.usage) && !this.#wantsUsage;
    const isAsItShouldBe = event.plain && isOfStream && namesItsObject(parsed) && !isUnasked;
    return isAsItShouldBe ? event.bytes : this.#restated(parsed, this.#head);
  }

  #streamModel(): string {
    return this.#model || this.#asked.model;
  }

  #restated(parsed: RawEvent, { id, created }: Head): Uint8Array {
    const { usage, ...others } = parsed;
    return toSse({
      ...others,
      ...(usage === undefined || (isJsonObject(usage) && !this.#wantsUsage) ? {} : { usage }),
      id,
      created,
      ...(namesItsObject(parsed) ? {} : { object: this.#object }),
      model: this.#streamModel(),
    });
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
    const chunks: Chunk[] = this.#out.length === 0 ? [] : [{ kind: "raw", bytes: joined(this.#out) }];
    this.#out = [];
    if (this.#hasNewUsage) chunks.push({ kind: "usage", usage: this.#usage });
    this.#hasNewUsage = false;
    return chunks;
  }

  #end(): Chunk {
    return {
      kind: "end",
      model: reportedModel(this.#model, this.#asked.model),
      finishReason: this.#finishReason,
      usage: this.#usage,
      tail: Buffer.concat([...this.#kept, DONE]),
    };
  }
}

const namesItsObject = ({ object }: RawEvent): boolean => typeof object === "string" && object !== "";

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
