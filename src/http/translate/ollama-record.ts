import type { Logprob, ToolCall, Usage } from "../../core/chat.ts";
import { type JsonObject, parseJsonObject } from "../../core/json.ts";
import type { Answer } from "../../gateway/chat-result.ts";
import { Refusal } from "../problem.ts";
import type { AnswerContext } from "../surface.ts";
import { malformedAnswer } from "./malformed-answer.ts";

/** One record of an answer: a line of a stream, or the whole of it. */
export type OllamaRecord = {
  readonly model: string;
  readonly createdAt: string;
  readonly content: string;
  readonly thinking: string;
  readonly toolCalls: readonly JsonObject[];
  readonly logprobs: readonly Logprob[];
  /** Null on the way. */
  readonly ending: { readonly doneReason: string | null; readonly metrics: JsonObject } | null;
};

/** Puts a record's fields where the endpoint has them, in the order in which Ollama writes them. */
export type RecordLayout = (record: OllamaRecord) => JsonObject;

export function chatRecord(record: OllamaRecord): JsonObject {
  return {
    model: record.model,
    created_at: record.createdAt,
    message: {
      role: "assistant",
      content: record.content,
      ...(record.thinking === "" ? {} : { thinking: record.thinking }),
      ...(record.toolCalls.length === 0 ? {} : { tool_calls: record.toolCalls }),
    },
    ...doneOf(record),
    ...(record.logprobs.length === 0 ? {} : { logprobs: record.logprobs }),
    ...record.ending?.metrics,
  };
}

/** Without `context`, the tokens of the conversation in one model's own numbers: only Ollama has them. */
export function generateRecord(record: OllamaRecord): JsonObject {
  return {
    model: record.model,
    created_at: record.createdAt,
    response: record.content,
    ...(record.thinking === "" ? {} : { thinking: record.thinking }),
    ...doneOf(record),
    ...record.ending?.metrics,
    ...(record.toolCalls.length === 0 ? {} : { tool_calls: record.toolCalls }),
    ...(record.logprobs.length === 0 ? {} : { logprobs: record.logprobs }),
  };
}

function doneOf({ ending }: OllamaRecord): JsonObject {
  if (ending === null) return { done: false };
  return { done: true, ...(ending.doneReason === null ? {} : { done_reason: ending.doneReason }) };
}

/** A whole answer as one record. Throws where a tool call cannot be written in Ollama's protocol. */
export function wholeRecord(answer: Answer, context: AnswerContext, layout: RecordLayout): JsonObject {
  if (answer.document !== null) return answer.document;
  const toolCalls = ollamaToolCalls(answer.toolCalls);
  if (toolCalls === null) throw new Refusal(BAD_ARGUMENTS.code, BAD_ARGUMENTS.message);
  const elapsedMs = context.elapsedMs();
  return layout({
    model: answer.model,
    createdAt: createdAt(context, elapsedMs),
    content: answer.content,
    thinking: answer.thinking,
    toolCalls,
    logprobs: answer.logprobs,
    ending: endingOf(answer, context, { totalMs: elapsedMs, firstMs: 0 }),
  });
}

export type Timing = {
  readonly totalMs: number;
  /** When the first piece of the answer came; 0 where nobody saw it come. */
  readonly firstMs: number;
};

export function endingOf(
  end: { readonly finishReason: string | null; readonly usage: Usage },
  { request }: AnswerContext,
  timing: Timing,
): NonNullable<OllamaRecord["ending"]> {
  const askedNothing = request.task.kind === "chat" && request.task.messages.length === 0;
  // Ollama has no word of its own for it.
  const doneReason = end.finishReason === "tool_calls" ? "stop" : end.finishReason;
  return { doneReason, metrics: askedNothing ? {} : metricsOf(end.usage, timing) };
}

/**
 * Durations by the gateway's clock: the wait for the first piece counts as reading the prompt, all after it as
 * writing, and the gateway loads nothing. Together they are the total, as clients that divide by them expect.
 */
function metricsOf(usage: Usage, { totalMs, firstMs }: Timing): JsonObject {
  const total = nanoseconds(totalMs);
  const prompt = Math.min(nanoseconds(firstMs), total);
  return {
    total_duration: total,
    load_duration: 0,
    ...(usage.promptTokens === null ? {} : { prompt_eval_count: usage.promptTokens }),
    prompt_eval_duration: prompt,
    ...(usage.completionTokens === null ? {} : { eval_count: usage.completionTokens }),
    eval_duration: total - prompt,
  };
}

export const nanoseconds = (ms: number): number => Math.round(ms * 1_000_000);

/** RFC 3339, by the time of receipt and the monotonic clock. */
export const createdAt = ({ receivedAt }: AnswerContext, elapsedMs: number): string =>
  new Date(receivedAt.getTime() + elapsedMs).toISOString();

export const BAD_ARGUMENTS = malformedAnswer(
  "The model called a function with arguments that are no JSON object, and Ollama's protocol has no place for those.",
);

/** Null where the arguments of some call are no JSON object: Ollama's clients in Go and Python read only a map. */
export function ollamaToolCalls(calls: readonly ToolCall[]): readonly JsonObject[] | null {
  const written: JsonObject[] = [];
  for (const [index, { id, name, arguments: text }] of calls.entries()) {
    // No text at all is what some models write for a function without parameters.
    const parsed = text.trim() === "" ? {} : parseJsonObject(text);
    if (parsed === null) return null;
    written.push({ id, function: { index, name, arguments: parsed } });
  }
  return written;
}
