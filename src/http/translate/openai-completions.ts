import type { ChatRequest } from "../../core/chat.ts";
import type { JsonObject } from "../../core/json.ts";
import { wishOf } from "../../core/models.ts";
import type { Answer } from "../../gateway/chat-result.ts";
import { Refusal } from "../problem.ts";
import { OpenAiCompletionsBody } from "../schemas/openai-completions.ts";
import { serverSentEvent } from "../sse.ts";
import type { AnswerContext, StreamEncoder, SurfaceTranslation } from "../surface.ts";
import { malformedAnswer } from "./malformed-answer.ts";
import { asksForUsage, createdSeconds, DONE, EVENT_STREAM, finishReasonOf, toUsage } from "./openai-answer.ts";
import { GENERATION_RULES } from "./openai-fields.ts";
import { toSampling } from "./openai-sampling.ts";
import { carried, carriedIf, type FieldRules, only, uncarried, untranslatedFields } from "./untranslated.ts";

/** `POST /v1/completions`, OpenAI's legacy continuation of a text. */
export const openaiCompletions: SurfaceTranslation<typeof OpenAiCompletionsBody> = {
  body: OpenAiCompletionsBody,
  toRequest,
  toAnswer,
  toStream,
};

function toRequest(body: OpenAiCompletionsBody): ChatRequest {
  const suffix = body.suffix ?? "";
  return {
    surface: "openai_completions",
    body,
    task: {
      kind: "completion",
      prompt: toPrompt(body.prompt),
      suffix: suffix === "" ? null : suffix,
      sampling: { ...toSampling(body), logprobs: null, topLogprobs: null },
    },
    wish: wishOf(body.model),
    streamed: body.stream === true,
    untranslated: untranslatedFields(body, RULES),
  };
}

/** Of several prompts all text, for they are scanned; tokens are none. */
function toPrompt(prompt: OpenAiCompletionsBody["prompt"]): string {
  if (typeof prompt === "string") return prompt;
  return prompt.filter((item) => typeof item === "string").join("\n");
}

const RULES: FieldRules = {
  ...GENERATION_RULES,
  prompt: carriedIf(
    (value) =>
      typeof value === "string" || (Array.isArray(value) && value.length === 1 && typeof value[0] === "string"),
  ),
  suffix: carried,
  echo: only(false),
  best_of: only(1),
  logprobs: uncarried,
};

function toAnswer(answer: Answer, context: AnswerContext): JsonObject {
  if (answer.document !== null) return answer.document;
  if (answer.toolCalls.length > 0) throw new Refusal(CALLED.code, CALLED.message);
  const usage = toUsage(answer.usage);
  return {
    ...headOf(context),
    model: answer.model,
    choices: [toChoice(answer.content, finishReasonOf(answer.finishReason))],
    ...(usage !== null && { usage }),
  };
}

/** Nobody offered it a function, so it is the model's or the server's fault. */
const CALLED = malformedAnswer("The model called a function in place of a completion, which has no place for that.");

function headOf(context: AnswerContext): JsonObject {
  return { id: `cmpl-${context.head.requestId}`, object: "text_completion", created: createdSeconds(context) };
}

/** `logprobs` has a form of its own here, which only a provider that speaks OpenAI gives. */
function toChoice(text: string, finishReason: string | null): JsonObject {
  return { text, index: 0, logprobs: null, finish_reason: finishReason };
}

function toStream(context: AnswerContext): StreamEncoder {
  const head = headOf(context);
  const withUsage = asksForUsage(context);

  function event(model: string, text: string, finishReason: string | null): string {
    return serverSentEvent({
      ...head,
      model,
      choices: [toChoice(text, finishReason)],
      ...(withUsage && { usage: null }),
    });
  }

  return {
    ...EVENT_STREAM,
    unfit: (next) => (next.kind === "tool_call" ? CALLED : null),
    chunk(chunk) {
      if (chunk.kind === "raw") return chunk.bytes;
      // The protocol has no place for thinking; the text alone is the completion.
      if (chunk.kind === "thinking") return "";
      if (chunk.kind !== "text") throw new Error(`a completion stream has no place for ${chunk.kind}`);
      return chunk.text === "" ? "" : event(context.model, chunk.text, null);
    },
    end(end) {
      if (end.tail !== undefined) return end.tail;
      const usage = withUsage ? toUsage(end.usage) : null;
      return (
        event(end.model, "", finishReasonOf(end.finishReason)) +
        (usage === null ? "" : serverSentEvent({ ...head, model: end.model, choices: [], usage })) +
        DONE
      );
    },
  };
}
