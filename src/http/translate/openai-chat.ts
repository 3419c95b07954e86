import { type ChatRequest, EFFORTS, type Sampling, type ToolCall } from "../../core/chat.ts";
import type { JsonObject } from "../../core/json.ts";
import { wishOf } from "../../core/models.ts";
import type { Answer } from "../../gateway/chat-result.ts";
import { OpenAiChatBody } from "../schemas/openai-chat.ts";
import type { AnswerContext, SurfaceTranslation } from "../surface.ts";
import { createdSeconds, finishReasonOf, toLogprobs, toUsage } from "./openai-answer.ts";
import { chatStream } from "./openai-chat-stream.ts";
import { GENERATION_RULES } from "./openai-fields.ts";
import { messagesRule, toMessage } from "./openai-messages.ts";
import { toSampling } from "./openai-sampling.ts";
import { formatRule, toFormat, toolChoiceRule, toolsRule, toToolChoice, toTools } from "./openai-tools.ts";
import { carried, carriedIf, empty, type FieldRules, only, uncarried, untranslatedFields } from "./untranslated.ts";

/** `POST /v1/chat/completions` */
export const openaiChat: SurfaceTranslation<typeof OpenAiChatBody> = {
  body: OpenAiChatBody,
  toRequest,
  toAnswer,
  toStream: chatStream,
};

function toRequest(body: OpenAiChatBody): ChatRequest {
  const untranslated = untranslatedFields(body, RULES);
  return {
    surface: "openai_chat",
    body,
    task: {
      kind: "chat",
      messages: body.messages.map((message, index) => toMessage(message, `messages[${index}]`)),
      tools: toTools(body.tools ?? []),
      toolChoice: toToolChoice(body.tool_choice),
      parallelToolCalls: body.parallel_tool_calls ?? null,
      format: toFormat(body.response_format),
      sampling: toChatSampling(body),
      thinking: EFFORTS.find((effort) => effort === body.reasoning_effort) ?? null,
    },
    wish: wishOf(body.model),
    streamed: body.stream === true,
    untranslated,
  };
}

const RULES: FieldRules = {
  ...GENERATION_RULES,
  messages: messagesRule,
  max_completion_tokens: carried,
  logprobs: carried,
  top_logprobs: carried,
  tools: toolsRule,
  tool_choice: toolChoiceRule,
  parallel_tool_calls: carried,
  response_format: formatRule,
  reasoning_effort: only(...EFFORTS),
  functions: empty,
  function_call: only("auto", "none"),
  modalities: carriedIf((value) => Array.isArray(value) && value.every((item) => item === "text")),
  verbosity: only("medium"),
  audio: uncarried,
  documents: uncarried,
  prediction: uncarried,
  reasoning: uncarried,
  web_search_options: uncarried,
};

function toChatSampling(body: OpenAiChatBody): Sampling {
  return {
    ...toSampling(body),
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? null,
    logprobs: body.logprobs ?? null,
    topLogprobs: body.top_logprobs ?? null,
  };
}

function toAnswer(answer: Answer, context: AnswerContext): JsonObject {
  if (answer.document !== null) return answer.document;
  const usage = toUsage(answer.usage);
  return {
    id: `chatcmpl-${context.head.requestId}`,
    object: "chat.completion",
    created: createdSeconds(context),
    model: answer.model,
    choices: [
      {
        index: 0,
        message: toAnswerMessage(answer),
        logprobs: toLogprobs(answer.logprobs),
        finish_reason: finishReasonOf(answer.finishReason),
      },
    ],
    ...(usage !== null && { usage }),
  };
}

function toAnswerMessage({ content, thinking, toolCalls }: Answer): JsonObject {
  return {
    role: "assistant",
    content: content === "" && toolCalls.length > 0 ? null : content,
    refusal: null,
    ...(thinking !== "" && { reasoning_content: thinking }),
    ...(toolCalls.length > 0 && { tool_calls: toolCalls.map(toOpenAiCall) }),
  };
}

function toOpenAiCall({ id, name, arguments: text }: ToolCall): JsonObject {
  return { id, type: "function", function: { name, arguments: text } };
}
