import type { ContentChunk, EndChunk, Logprob, ToolCall } from "../../core/chat.ts";
import type { JsonObject } from "../../core/json.ts";
import type { AnswerError } from "../../gateway/chat-result.ts";
import type { AnswerContext, StreamEncoder } from "../surface.ts";
import { Gathered } from "./gathered.ts";
import {
  BAD_ARGUMENTS,
  createdAt,
  endingOf,
  type OllamaRecord,
  ollamaToolCalls,
  type RecordLayout,
} from "./ollama-record.ts";

type Piece = {
  readonly content?: string;
  readonly thinking?: string;
  readonly toolCalls?: readonly JsonObject[];
  readonly logprobs?: readonly Logprob[];
};

/** Ollama's NDJSON: a record on each line, the last with `done: true`. A tool call is written whole, so it is gathered. */
export class OllamaStream implements StreamEncoder {
  readonly contentType = "application/x-ndjson";
  readonly ping = null;
  readonly #layout: RecordLayout;
  readonly #context: AnswerContext;
  readonly #calls = new Map<number, ToolCall>();
  readonly #gathered = new Gathered("tool_arguments");
  #toolCalls: readonly JsonObject[] | null = null;
  /** When the first piece came. */
  #firstMs: number | null = null;
  #answeredWhole = false;

  constructor(layout: RecordLayout, context: AnswerContext) {
    this.#layout = layout;
    this.#context = context;
  }

  open(): string {
    return "";
  }

  /** Ollama's clients read the arguments of a call as a map alone, so what is none cannot be told. */
  unfit(next: ContentChunk | EndChunk): AnswerError | null {
    if (next.kind !== "end" || next.tail !== undefined) return this.#gathered.unfit(next);
    this.#toolCalls = ollamaToolCalls([...this.#calls].sort(([a], [b]) => a - b).map(([, call]) => call));
    return this.#toolCalls === null ? BAD_ARGUMENTS : null;
  }

  chunk(chunk: ContentChunk): string | Uint8Array {
    const elapsedMs = this.#context.elapsedMs();
    this.#firstMs ??= elapsedMs;
    switch (chunk.kind) {
      case "text": {
        const { text, logprobs = [] } = chunk;
        return text === "" && logprobs.length === 0 ? "" : this.#piece(elapsedMs, { content: text, logprobs });
      }
      case "thinking":
        return chunk.text === "" ? "" : this.#piece(elapsedMs, { thinking: chunk.text });
      case "tool_call":
        this.#calls.set(chunk.index, { id: chunk.id, name: chunk.name, arguments: "" });
        return "";
      case "tool_arguments": {
        const call = this.#calls.get(chunk.index);
        if (call !== undefined) this.#calls.set(chunk.index, { ...call, arguments: call.arguments + chunk.text });
        return "";
      }
      case "raw":
        return chunk.bytes;
      case "document":
        this.#answeredWhole = true;
        return toLine(chunk.body);
      case "vectors":
        return "";
    }
  }

  end(end: EndChunk): string | Uint8Array {
    if (end.tail !== undefined) return end.tail;
    if (this.#answeredWhole) return "";
    const toolCalls = this.#toolCalls ?? [];
    const totalMs = this.#context.elapsedMs();
    const called = toolCalls.length === 0 ? "" : this.#piece(totalMs, { toolCalls });
    const ending = endingOf(end, this.#context, { totalMs, firstMs: this.#firstMs ?? totalMs });
    return called + this.#line(end.model, totalMs, {}, ending);
  }

  failure({ message }: AnswerError): string {
    return errorLine(message);
  }

  #piece(elapsedMs: number, piece: Piece): string {
    return this.#line(this.#context.model, elapsedMs, piece, null);
  }

  #line(model: string, elapsedMs: number, piece: Piece, ending: OllamaRecord["ending"]): string {
    const record = {
      model,
      createdAt: createdAt(this.#context, elapsedMs),
      content: "",
      thinking: "",
      toolCalls: [],
      logprobs: [],
      ...piece,
      ending,
    };
    return toLine(this.#layout(record));
  }
}

const toLine = (record: JsonObject): string => `${JSON.stringify(record)}\n`;
const errorLine = (message: string): string => toLine({ error: message });
