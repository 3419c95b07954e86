import type { EndChunk, Logprob, ToolCall, Usage } from "../../core/chat.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import type { Answer } from "../../gateway/chat-result.ts";
import type { AnswerContext } from "../surface.ts";

/** The Response object of OpenAI's protocol and the items of its output, for whole answers and for streams. */

export type ItemStatus = "in_progress" | "completed" | "incomplete";

type Progress = {
  readonly status: "in_progress" | "completed" | "incomplete" | "failed";
  readonly model: string;
  readonly output: readonly JsonObject[];
  readonly usage: Usage | null;
  readonly incompleteReason: string | null;
  readonly error: JsonObject | null;
};

const INCOMPLETE_REASONS: ReadonlyMap<string | null, string> = new Map([
  ["length", "max_output_tokens"],
  ["content_filter", "content_filter"],
]);

export function toResponse(answer: Answer, context: AnswerContext): JsonObject {
  return endedResponse(context, answer, toOutput(answer, context.head.requestId));
}

/** What an answer that is cut says of its last item. */
export const lastItemStatus = (finishReason: string | null): ItemStatus =>
  INCOMPLETE_REASONS.has(finishReason) ? "incomplete" : "completed";

export const itemId = (prefix: "rs" | "msg" | "fc", requestId: string, outputIndex: number): string =>
  `${prefix}_${requestId}_${outputIndex}`;

export const reasoningItem = (id: string, summary: readonly JsonObject[]): JsonObject => ({
  id,
  type: "reasoning",
  summary,
});

export const summaryPart = (text: string): JsonObject => ({ type: "summary_text", text });

export const messageItem = (id: string, status: ItemStatus, content: readonly JsonObject[]): JsonObject => ({
  id,
  type: "message",
  status,
  role: "assistant",
  content,
});

export const textPart = (text: string, logprobs: readonly Logprob[]): JsonObject => ({
  type: "output_text",
  text,
  annotations: [],
  logprobs: logprobs.map(toLogprob),
});

export const callItem = (id: string, status: ItemStatus, call: ToolCall): JsonObject => ({
  id,
  type: "function_call",
  status,
  call_id: call.id,
  name: call.name,
  arguments: call.arguments,
});

/** Clients read both lists without looking; some servers leave them out where they are empty. */
export const toLogprob = (logprob: Logprob): JsonObject => ({
  ...logprob,
  bytes: logprob["bytes"] ?? [],
  top_logprobs: logprob["top_logprobs"] ?? [],
});

export function endedResponse(
  context: AnswerContext,
  { model, finishReason, usage }: Pick<EndChunk, "model" | "finishReason" | "usage">,
  output: readonly JsonObject[],
): JsonObject {
  const incompleteReason = INCOMPLETE_REASONS.get(finishReason) ?? null;
  const status = incompleteReason === null ? "completed" : "incomplete";
  return responseObject(context, { status, model, output, usage, incompleteReason, error: null });
}

export function startedResponse(context: AnswerContext): JsonObject {
  const nothing = { output: [], usage: null, incompleteReason: null, error: null };
  return responseObject(context, { status: "in_progress", model: context.model, ...nothing });
}

export function failedResponse(context: AnswerContext, error: JsonObject): JsonObject {
  const nothing = { output: [], usage: null, incompleteReason: null };
  return responseObject(context, { status: "failed", model: context.model, ...nothing, error });
}

function responseObject(context: AnswerContext, progress: Progress): JsonObject {
  const receivedMs = context.receivedAt.getTime();
  return {
    id: `resp_${context.head.requestId}`,
    object: "response",
    created_at: toSeconds(receivedMs),
    status: progress.status,
    completed_at: progress.status === "completed" ? toSeconds(receivedMs + context.elapsedMs()) : null,
    background: false,
    error: progress.error,
    incomplete_details: progress.incompleteReason === null ? null : { reason: progress.incompleteReason },
    model: progress.model,
    output: progress.output,
    usage: progress.usage === null ? null : toUsage(progress.usage),
    store: false,
    previous_response_id: null,
    ...settingsOf(context.request.body),
  };
}

/** The protocol repeats in its answer what was asked for. */
function settingsOf(body: JsonObject): JsonObject {
  const given = (field: string, otherwise: JsonValue = null) => body[field] ?? otherwise;
  return {
    instructions: given("instructions"),
    max_output_tokens: given("max_output_tokens"),
    max_tool_calls: given("max_tool_calls"),
    metadata: given("metadata", {}),
    parallel_tool_calls: given("parallel_tool_calls", true),
    prompt_cache_key: given("prompt_cache_key"),
    reasoning: { effort: null, summary: null, ...fieldsOf(given("reasoning")) },
    safety_identifier: given("safety_identifier"),
    temperature: given("temperature"),
    text: { format: { type: "text" }, ...fieldsOf(given("text")) },
    tool_choice: given("tool_choice", "auto"),
    tools: given("tools", []),
    top_logprobs: given("top_logprobs", 0),
    top_p: given("top_p"),
    truncation: "disabled",
    user: given("user"),
  };
}

function toOutput({ thinking, content, logprobs, toolCalls, finishReason }: Answer, requestId: string): JsonObject[] {
  const output: JsonObject[] = [];
  if (thinking !== "") output.push(reasoningItem(itemId("rs", requestId, output.length), [summaryPart(thinking)]));
  const last = lastItemStatus(finishReason);
  // Where there is neither text nor call an empty message says so: agents ask again when the output has no item.
  if (content !== "" || logprobs.length > 0 || toolCalls.length === 0) {
    const status = toolCalls.length === 0 ? last : "completed";
    output.push(messageItem(itemId("msg", requestId, output.length), status, [textPart(content, logprobs)]));
  }
  for (const [index, call] of toolCalls.entries()) {
    const status = index === toolCalls.length - 1 ? last : "completed";
    output.push(callItem(itemId("fc", requestId, output.length), status, call));
  }
  return output;
}

/** Null where the provider did not report both. It reports no details, and clients take a missing one for a fault. */
function toUsage({ promptTokens, completionTokens }: Usage): JsonObject | null {
  if (promptTokens === null || completionTokens === null) return null;
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: completionTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: promptTokens + completionTokens,
  };
}

const toSeconds = (ms: number): number => Math.floor(ms / 1_000);

const fieldsOf = (value: JsonValue): JsonObject =>
  isJsonObject(value) ? Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null)) : {};
