import type { ContentChunk, EndChunk, Logprob, ToolCall } from "../../core/chat.ts";
import type { JsonObject } from "../../core/json.ts";
import type { AnswerError } from "../../gateway/chat-result.ts";
import { openAiErrorBody } from "../openai-error.ts";
import { serverSentEvent } from "../sse.ts";
import type { AnswerContext, StreamEncoder } from "../surface.ts";
import { Gathered } from "./gathered.ts";
import {
  callItem,
  endedResponse,
  failedResponse,
  type ItemStatus,
  itemId,
  lastItemStatus,
  messageItem,
  reasoningItem,
  startedResponse,
  summaryPart,
  textPart,
  toLogprob,
} from "./openai-responses-object.ts";

type OpenText = {
  readonly kind: "reasoning" | "message";
  readonly id: string;
  readonly outputIndex: number;
  text: string;
  readonly logprobs: Logprob[];
};
type OpenCall = { readonly id: string; readonly outputIndex: number; call: ToolCall };

/**
 * The events of a streamed Response. Texts and thoughts are items one after the other, each done when another item
 * begins; calls stay open until the end, since pieces of parallel calls may come in turns.
 */
export class ResponsesStream implements StreamEncoder {
  readonly contentType = "text/event-stream; charset=utf-8";
  readonly ping = ": ping\n\n";
  readonly #context: AnswerContext;
  /** What is done, by output index. */
  readonly #output: JsonObject[] = [];
  readonly #calls = new Map<number, OpenCall>();
  readonly #gathered = new Gathered("text", "thinking", "tool_arguments");
  #text: OpenText | null = null;
  #itemCount = 0;
  #hasMessage = false;
  #sequenceNumber = 0;
  #written = "";

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  open(): string {
    const response = startedResponse(this.#context);
    this.#write("response.created", { response });
    this.#write("response.in_progress", { response });
    return this.#flush();
  }

  /** A Response tells at its end all that it said on the way. */
  unfit(next: ContentChunk | EndChunk): AnswerError | null {
    return this.#gathered.unfit(next);
  }

  chunk(chunk: ContentChunk): string {
    switch (chunk.kind) {
      case "text":
        this.#addText(chunk.text, chunk.logprobs ?? []);
        break;
      case "thinking":
        this.#addThinking(chunk.text);
        break;
      case "tool_call":
        this.#openCall(chunk.index, { id: chunk.id, name: chunk.name, arguments: "" });
        break;
      case "tool_arguments":
        this.#addArguments(chunk.index, chunk.text);
        break;
      default:
        throw new Error(`a response has no chunks of the kind ${chunk.kind}`);
    }
    return this.#flush();
  }

  end(end: EndChunk): string {
    // Where there is neither text nor call an empty message says so, as in a whole answer.
    if (!this.#hasMessage && this.#calls.size === 0) this.#openText("message");
    const last = lastItemStatus(end.finishReason);
    for (const call of this.#calls.values()) {
      this.#closeCall(call, call.outputIndex === this.#itemCount - 1 ? last : "completed");
    }
    // What is open still began after every call.
    this.#closeText(last);
    const response = endedResponse(this.#context, end, this.#output);
    this.#write(`response.${response["status"]}`, { response });
    return this.#flush();
  }

  /**
   * OpenAI's SDKs throw on `error` alone: the published form and, for Python, the nested one that OpenAI sends. Others,
   * Codex among them, read `response.failed`.
   */
  failure(failure: AnswerError): string {
    const { error } = openAiErrorBody(failure);
    const { code, message, param } = error;
    this.#write("error", { code, message, param, error });
    this.#write("response.failed", { response: failedResponse(this.#context, error) });
    return this.#flush();
  }

  #addText(text: string, logprobs: readonly Logprob[]): void {
    if (text === "" && logprobs.length === 0) return;
    const item = this.#openText("message");
    item.text += text;
    for (const logprob of logprobs) item.logprobs.push(logprob);
    this.#write("response.output_text.delta", {
      ...partOf(item),
      delta: text,
      logprobs: logprobs.map(toLogprob),
    });
  }

  #addThinking(text: string): void {
    if (text === "") return;
    const item = this.#openText("reasoning");
    item.text += text;
    this.#write("response.reasoning_summary_text.delta", { ...partOf(item), delta: text });
  }

  /** The open item of this kind, or a new one. */
  #openText(kind: OpenText["kind"]): OpenText {
    if (this.#text?.kind === kind) return this.#text;
    this.#closeText("completed");
    const outputIndex = this.#itemCount++;
    const id = itemId(kind === "message" ? "msg" : "rs", this.#context.head.requestId, outputIndex);
    const opened: OpenText = { kind, id, outputIndex, text: "", logprobs: [] };
    this.#text = opened;
    if (kind === "message") {
      this.#hasMessage = true;
      this.#write("response.output_item.added", {
        output_index: outputIndex,
        item: messageItem(id, "in_progress", []),
      });
      this.#write("response.content_part.added", { ...partOf(opened), part: textPart("", []) });
    } else {
      this.#write("response.output_item.added", { output_index: outputIndex, item: reasoningItem(id, []) });
      this.#write("response.reasoning_summary_part.added", { ...partOf(opened), part: summaryPart("") });
    }
    return opened;
  }

  #closeText(status: ItemStatus): void {
    if (this.#text === null) return;
    const { kind, id, outputIndex, text, logprobs } = this.#text;
    const place = partOf(this.#text);
    this.#text = null;
    if (kind === "message") {
      const part = textPart(text, logprobs);
      this.#write("response.output_text.done", { ...place, text, logprobs: part["logprobs"] ?? [] });
      this.#write("response.content_part.done", { ...place, part });
      this.#itemDone(outputIndex, messageItem(id, status, [part]));
    } else {
      const part = summaryPart(text);
      this.#write("response.reasoning_summary_text.done", { ...place, text });
      this.#write("response.reasoning_summary_part.done", { ...place, part });
      this.#itemDone(outputIndex, reasoningItem(id, [part]));
    }
  }

  #openCall(index: number, call: ToolCall): void {
    this.#closeText("completed");
    const outputIndex = this.#itemCount++;
    const id = itemId("fc", this.#context.head.requestId, outputIndex);
    this.#calls.set(index, { id, outputIndex, call });
    this.#write("response.output_item.added", { output_index: outputIndex, item: callItem(id, "in_progress", call) });
  }

  #addArguments(index: number, text: string): void {
    const open = this.#calls.get(index);
    if (open === undefined) throw new Error("arguments of a tool call that never began");
    if (text === "") return;
    open.call = { ...open.call, arguments: open.call.arguments + text };
    const place = { item_id: open.id, output_index: open.outputIndex };
    this.#write("response.function_call_arguments.delta", { ...place, delta: text });
  }

  #closeCall({ id, outputIndex, call }: OpenCall, status: ItemStatus): void {
    const place = { item_id: id, output_index: outputIndex };
    this.#write("response.function_call_arguments.done", { ...place, arguments: call.arguments });
    this.#itemDone(outputIndex, callItem(id, status, call));
  }

  #itemDone(outputIndex: number, item: JsonObject): void {
    this.#output[outputIndex] = item;
    this.#write("response.output_item.done", { output_index: outputIndex, item });
  }

  #write(type: string, fields: JsonObject): void {
    this.#written += serverSentEvent({ type, sequence_number: this.#sequenceNumber++, ...fields }, type);
  }

  #flush(): string {
    const written = this.#written;
    this.#written = "";
    return written;
  }
}

/** Each text is the first and only part of its item. */
const partOf = ({ kind, id, outputIndex }: OpenText): JsonObject => ({
  item_id: id,
  output_index: outputIndex,
  ...(kind === "message" ? { content_index: 0 } : { summary_index: 0 }),
});
