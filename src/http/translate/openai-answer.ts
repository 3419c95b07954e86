import type { Logprob, Usage } from "../../core/chat.ts";
import { isJsonObject, type JsonObject } from "../../core/json.ts";
import type { AnswerError } from "../../gateway/chat-result.ts";
import { openAiErrorBody } from "../openai-error.ts";
import { serverSentEvent } from "../sse.ts";
import type { AnswerContext, StreamEncoder } from "../surface.ts";

/** What the surfaces' answers and streams have in common. */

export const DONE = "data: [DONE]\n\n";

export const createdSeconds = ({ receivedAt }: AnswerContext): number => Math.floor(receivedAt.getTime() / 1_000);

/** An answer that reached its end has a finish reason in this protocol, even where its provider gave none. */
export const finishReasonOf = (finishReason: string | null): string => finishReason ?? "stop";

/** Null where a count is not known: the protocol has no place for half a usage, and none is made up. */
export function toUsage({ promptTokens, completionTokens }: Usage): JsonObject | null {
  if (promptTokens === null || completionTokens === null) return null;
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/** Null where there are none. Ollama leaves `top_logprobs` out where OpenAI has an empty array. */
export function toLogprobs(logprobs: readonly Logprob[]): JsonObject | null {
  if (logprobs.length === 0) return null;
  return { content: logprobs.map((entry) => ({ bytes: null, top_logprobs: [], ...entry })), refusal: null };
}

export function asksForUsage({ request }: AnswerContext): boolean {
  const options = request.body["stream_options"];
  return isJsonObject(options) && options["include_usage"] === true;
}

/** The parts of a stream that are the same for all that is sent by server-sent events. */
export const EVENT_STREAM = {
  contentType: "text/event-stream; charset=utf-8",
  ping: ": ping\n\n",
  // The first event waits for the first chunk: only that tells whether the provider's own events go through.
  open: () => "",
  failure: (error: AnswerError) => serverSentEvent(openAiErrorBody(error)),
} as const satisfies Partial<StreamEncoder>;
