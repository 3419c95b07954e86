import type { ChatRequest } from "../../core/chat.ts";
import { wishOf } from "../../core/models.ts";
import { OpenAiResponsesBody } from "../schemas/openai-responses.ts";
import type { SurfaceTranslation } from "../surface.ts";
import { type FieldRules, needsStorage, requireTranslatable } from "./openai-responses-fields.ts";
import { toResponse } from "./openai-responses-object.ts";
import { ResponsesStream } from "./openai-responses-stream.ts";
import { toTask } from "./openai-responses-task.ts";

/**
 * OpenAI's `POST /v1/responses`. Any provider may answer, since all of it is translated: what the task does not carry
 * is refused here, so `untranslated` is always empty. Nothing is stored.
 */
export const openaiResponses: SurfaceTranslation<typeof OpenAiResponsesBody> = {
  body: OpenAiResponsesBody,
  toRequest,
  toAnswer: toResponse,
  toStream: (context) => new ResponsesStream(context),
};

const BODY_FIELDS: FieldRules = {
  taken: [
    ...["model", "input", "instructions", "tools", "tool_choice", "text", "reasoning", "include"],
    ...["max_output_tokens", "temperature", "top_p", "top_logprobs", "stream", "parallel_tool_calls"],
    // Refused below where they ask for storage.
    ...["store", "previous_response_id", "conversation", "background"],
    // Book-keeping, which changes no answer. `max_tool_calls` counts calls of built-in tools: there are none here.
    ...["metadata", "client_metadata", "user", "safety_identifier", "stream_options", "max_tool_calls"],
    ...["prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"],
  ],
  onlyAs: { service_tier: ["auto", "default"], truncation: ["disabled"] },
};
const CACHE_FIELDS: FieldRules = { taken: ["mode", "ttl"], onlyAs: { prewarm: [false] } };

function toRequest(body: OpenAiResponsesBody): ChatRequest {
  requireNothingStored(body);
  requireTranslatable(body, "", BODY_FIELDS);
  requireTranslatable(body.prompt_cache_options ?? {}, "/prompt_cache_options", CACHE_FIELDS);
  return {
    surface: "openai_responses",
    body,
    task: toTask(body),
    wish: wishOf(body.model),
    streamed: body.stream === true,
    untranslated: [],
  };
}

/**
 * `store` missing means true to OpenAI, and most clients leave it out without any wish for storage: that is answered,
 * with `store: false`. Who says `true` wants the response back later, and learns at once that there is none.
 */
function requireNothingStored(body: OpenAiResponsesBody): void {
  if ((body.previous_response_id ?? null) !== null) throw needsStorage("/previous_response_id");
  if ((body.conversation ?? null) !== null) throw needsStorage("/conversation");
  if (body.background === true) throw needsStorage("/background");
  if (body.store === true) throw needsStorage("/store");
}
