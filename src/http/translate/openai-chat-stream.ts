import type { ContentChunk, EndChunk } from "../../core/chat.ts";
import type { JsonObject } from "../../core/json.ts";
import { serverSentEvent } from "../sse.ts";
import type { AnswerContext, StreamEncoder } from "../surface.ts";
import {
  asksForUsage,
  createdSeconds,
  DONE,
  EVENT_STREAM,
  finishReasonOf,
  toLogprobs,
  toUsage,
} from "./openai-answer.ts";

/** Writes `chat.completion.chunk` events, or hands on those of a provider that speaks OpenAI. */
export function chatStream(context: AnswerContext): StreamEncoder {
  const head = {
    id: `chatcmpl-${context.head.requestId}`,
    object: "chat.completion.chunk",
    created: createdSeconds(context),
  };
  const withUsage = asksForUsage(context);
  let started = false;

  function event(model: string, delta: JsonObject, more: JsonObject = {}): string {
    const choice = { index: 0, delta, logprobs: null, finish_reason: null, ...more };
    return serverSentEvent({ ...head, model, choices: [choice], ...(withUsage && { usage: null }) });
  }

  /** The role comes once, before all else. */
  function start(): string {
    if (started) return "";
    started = true;
    return event(context.model, { role: "assistant", content: "" });
  }

  return {
    ...EVENT_STREAM,
    chunk(chunk) {
      if (chunk.kind === "raw") return chunk.bytes;
      const delta = toDelta(chunk);
      const logprobs = chunk.kind === "text" ? toLogprobs(chunk.logprobs ?? []) : null;
      return start() + (delta === null && logprobs === null ? "" : event(context.model, delta ?? {}, { logprobs }));
    },
    end(end: EndChunk) {
      if (end.tail !== undefined) return end.tail;
      const usage = withUsage ? toUsage(end.usage) : null;
      return (
        start() +
        event(end.model, {}, { finish_reason: finishReasonOf(end.finishReason) }) +
        (usage === null ? "" : serverSentEvent({ ...head, model: end.model, choices: [], usage })) +
        DONE
      );
    },
  };
}

/** Null where a chunk adds nothing. */
function toDelta(chunk: Exclude<ContentChunk, { readonly kind: "raw" }>): JsonObject | null {
  switch (chunk.kind) {
    case "text":
      return chunk.text === "" ? null : { content: chunk.text };
    case "thinking":
      return chunk.text === "" ? null : { reasoning_content: chunk.text };
    case "tool_call":
      return toCallDelta(chunk.index, {
        id: chunk.id,
        type: "function",
        function: { name: chunk.name, arguments: "" },
      });
    case "tool_arguments":
      return chunk.text === "" ? null : toCallDelta(chunk.index, { function: { arguments: chunk.text } });
    case "vectors":
    case "document":
      throw new Error(`a chat stream has no place for ${chunk.kind}`);
  }
}

function toCallDelta(index: number, call: JsonObject): JsonObject {
  return { tool_calls: [{ index, ...call }] };
}
