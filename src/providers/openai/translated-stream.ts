import { type Chunk, NO_USAGE, type Usage } from "../../core/chat.ts";
import { isJsonObject } from "../../core/json.ts";
import { reportedModel } from "../../core/models.ts";
import { failureInStream, malformed } from "../failures.ts";
import type { SseEvent } from "../sse.ts";
import type { Asked } from "./answers.ts";
import { messageChunks } from "./message-chunks.ts";
import {
  type ChoicePiece,
  endFailure,
  faultOf,
  finishReasonOf,
  isTranslatedEvent,
  parseJson,
  usageOf,
} from "./protocol.ts";
import type { StreamReader } from "./stream.ts";
import { ToolCalls } from "./tool-calls.ts";

/** Puts a stream into the gateway's words, for a client of another protocol. There is one choice, as one was asked for. */
export class TranslatedStream implements StreamReader {
  readonly #asked: Asked;
  readonly #showThinking: boolean;
  readonly #calls = new ToolCalls();
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
    for (const event of events) {
      const ofEvent = this.#take(event);
      for (const chunk of ofEvent) chunks.push(chunk);
      const last = ofEvent.at(-1)?.kind;
      if (last === "end" || last === "failure") break;
    }
    return chunks;
  }

  /** Usage may come after the finish reason, so that the end is that of the stream. */
  close(): Chunk {
    const { request, model, upstream } = this.#asked;
    const failure = endFailure(this.#finishReason, request.surface, upstream);
    if (failure !== null) return { kind: "failure", failure };
    const reported = reportedModel(this.#model, model);
    return { kind: "end", model: reported, finishReason: this.#finishReason, usage: this.#usage };
  }

  #take(event: SseEvent): Chunk[] {
    const { upstream, model } = this.#asked;
    if (event.name === "error") return [{ kind: "failure", failure: failureInStream(event.data, upstream, model) }];
    if (event.data.trim() === "[DONE]") return [this.close()];
    const parsed = parseJson(event.data);
    if (!isTranslatedEvent(parsed)) return [{ kind: "failure", failure: malformed(upstream) }];
    const fault = faultOf(parsed);
    if (fault !== null) return [{ kind: "failure", failure: failureInStream(fault, upstream, model) }];
    const choice = parsed.choices?.find(({ index = 0 }) => index === 0);
    this.#model ||= parsed.model ?? undefined;
    const chunks = choice === undefined ? [] : this.#choiceChunks(choice);
    if (chunks === null) return [{ kind: "failure", failure: malformed(upstream) }];
    if (!isJsonObject(parsed.usage)) return chunks;
    this.#usage = usageOf(parsed.usage);
    return [...chunks, { kind: "usage", usage: this.#usage }];
  }

  #choiceChunks(choice: ChoicePiece): Chunk[] | null {
    this.#finishReason = finishReasonOf(choice.finish_reason) ?? this.#finishReason;
    if (this.#asked.request.task.kind === "completion") {
      return choice.text ? [{ kind: "text", text: choice.text }] : [];
    }
    return messageChunks(choice.delta ?? {}, choice.logprobs?.content ?? [], this.#calls, this.#showThinking);
  }
}
