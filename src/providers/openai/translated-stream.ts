import { type Chunk, NO_USAGE, type Usage } from "../../core/chat.ts";
import { isJsonObject } from "../../core/json.ts";
import { reportedModel } from "../../core/models.ts";
import { failureInStream, malformed } from "../failures.ts";
import { parseEvent, type SseEvent } from "../sse.ts";
import type { Progress } from "../streamed-answer.ts";
import type { Asked } from "./answers.ts";
import { messageChunks } from "./message-chunks.ts";
import { type ChoicePiece, endFailure, faultOf, finishReasonOf, isTranslatedEvent, usageOf } from "./protocol.ts";
import { SkippedEvents } from "./skipped-events.ts";
import type { StreamReader } from "./stream.ts";
import { ToolCalls } from "./tool-calls.ts";

/** Puts a stream into the gateway's words, for a client of another protocol. There is one choice, as one was asked for. */
export class TranslatedStream implements StreamReader {
  readonly #asked: Asked;
  readonly #showThinking: boolean;
  readonly #calls = new ToolCalls();
  readonly #skipped = new SkippedEvents();
  /** Whether what was read last shows that the model works, though there is nothing to show of it. */
  #isAtWork = false;
  #hasBegun = false;
  #pieceCount = 0;
  #model: string | undefined;
  #finishReason: string | null = null;
  #usage: Usage = NO_USAGE;

  constructor(asked: Asked) {
    const { task } = asked.request;
    this.#asked = asked;
    this.#showThinking = task.kind === "chat" && task.thinking !== "none";
  }

  read(events: readonly SseEvent[]): Chunk[] {
    const chunks: Chunk[] = [];
    this.#isAtWork = false;
    for (const event of events) {
      const ofEvent = this.#take(event);
      for (const chunk of ofEvent) chunks.push(chunk);
      const last = ofEvent.at(-1)?.kind;
      if (last === "end" || last === "failure") return chunks;
    }
    const showsNothing = chunks.every(({ kind }) => kind === "usage");
    return showsNothing && this.#isAtWork ? [...chunks, { kind: "alive", working: true }] : chunks;
  }

  /** Usage may come after the finish reason, so that the end is that of the stream. */
  close(): Chunk {
    const { request, model, upstream } = this.#asked;
    if (this.#finishReason === null) return { kind: "failure", failure: this.#skipped.cutOf(upstream) };
    const failure = endFailure(this.#finishReason, request.surface, upstream);
    if (failure !== null) return { kind: "failure", failure };
    if (!this.#skipped.allowEnd(this.#finishReason === "tool_calls")) return this.#malformed();
    const reported = reportedModel(this.#model, model);
    return {
      kind: "end",
      model: reported,
      finishReason: this.#finishReason,
      usage: this.#usage,
      ...this.#skipped.counted(),
    };
  }

  progress(): Progress {
    const isFinished = this.#finishReason !== null;
    return { isFinished, hasUsage: this.#usage !== NO_USAGE, pieceCount: this.#pieceCount };
  }

  #malformed(): Chunk {
    return { kind: "failure", failure: malformed(this.#asked.upstream) };
  }

  #take(event: SseEvent): Chunk[] {
    const { upstream, model } = this.#asked;
    if (event.name === "error") return [{ kind: "failure", failure: failureInStream(event.data, upstream, model) }];
    if (event.data.trim() === "[DONE]") return [this.close()];
    const parsed = parseEvent(event);
    const fault = isJsonObject(parsed) ? faultOf(parsed) : null;
    if (fault !== null) return [{ kind: "failure", failure: failureInStream(fault, upstream, model) }];
    if (!isTranslatedEvent(parsed)) return this.#skipped.skip(event.data) ? [] : [this.#malformed()];
    const choice = parsed.choices?.find(({ index = 0 }) => index === 0);
    this.#model ||= parsed.model ?? undefined;
    const chunks = choice === undefined ? [] : this.#choiceChunks(choice);
    if (chunks === null) return [this.#malformed()];
    this.#skipped.watch(0, chunks);
    this.#pieceCount += chunks.length;
    if (choice !== undefined) this.#noteWork(choice, chunks);
    if (!isJsonObject(parsed.usage)) return chunks;
    this.#usage = usageOf(parsed.usage);
    return [...chunks, { kind: "usage", usage: this.#usage }];
  }

  #choiceChunks(choice: ChoicePiece): Chunk[] | null {
    const reason = finishReasonOf(choice.finish_reason);
    if (reason !== null) this.#pieceCount += 1;
    this.#finishReason = reason ?? this.#finishReason;
    if (this.#asked.request.task.kind === "completion") {
      return choice.text ? [{ kind: "text", text: choice.text }] : [];
    }
    const delta = choice.delta ?? {};
    return messageChunks(delta, choice.logprobs?.content ?? [], this.#calls, this.#showThinking);
  }

  /** Before its first word an empty piece opens the answer; later it is a token that the server holds back, as of a call. */
  #noteWork({ delta }: ChoicePiece, chunks: readonly Chunk[]): void {
    const isThinking = !this.#showThinking && Boolean(delta?.reasoning_content || delta?.reasoning);
    if (isThinking || (this.#hasBegun && this.#finishReason === null)) this.#isAtWork = true;
    this.#hasBegun ||= isThinking || chunks.length > 0;
  }
}
