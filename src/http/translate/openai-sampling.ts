import type { Sampling } from "../../core/chat.ts";
import type { OpenAiChatBody } from "../schemas/openai-chat.ts";
import type { OpenAiCompletionsBody } from "../schemas/openai-completions.ts";

/** What chat and completions have in common; log probabilities are asked for in different ways. */
export function toSampling(body: OpenAiChatBody | OpenAiCompletionsBody): Omit<Sampling, "logprobs" | "topLogprobs"> {
  return {
    temperature: body.temperature ?? null,
    topP: body.top_p ?? null,
    seed: body.seed ?? null,
    stop: toStop(body.stop ?? []),
    maxTokens: body.max_tokens ?? null,
    frequencyPenalty: body.frequency_penalty ?? null,
    presencePenalty: body.presence_penalty ?? null,
  };
}

function toStop(stop: string | readonly string[]): readonly string[] | null {
  const stops = typeof stop === "string" ? [stop] : stop;
  return stops.length > 0 ? stops : null;
}
