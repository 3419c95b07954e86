import { type Static, Type } from "@sinclair/typebox";
import { AnyJson, given, OPEN, OpenAiModel, SamplingFields, StreamFields } from "./openai-common.ts";

const MAX_PROMPTS = 2_048;

export const OpenAiCompletionsBody = Type.Object(
  {
    model: OpenAiModel,
    prompt: Type.Union(
      [
        Type.String({ title: "a string" }),
        Type.Array(Type.String(), { minItems: 1, maxItems: MAX_PROMPTS, title: "an array of strings" }),
        Type.Array(Type.Integer(), { minItems: 1, title: "an array of tokens" }),
        Type.Array(Type.Array(Type.Integer(), { minItems: 1 }), {
          minItems: 1,
          maxItems: MAX_PROMPTS,
          title: "an array of token arrays",
        }),
      ],
      { description: "One text; several, and tokens, only where the provider speaks OpenAI." },
    ),
    suffix: given.string("What is to follow the completion."),
    ...SamplingFields,
    logprobs: given.integer("Only where the provider speaks OpenAI."),
    n: given.integer("1; more only where the provider speaks OpenAI."),
    best_of: given.integer("1; more only where the provider speaks OpenAI."),
    echo: given.boolean("False; true only where the provider speaks OpenAI."),
    logit_bias: Type.Optional(AnyJson("Only where the provider speaks OpenAI.")),
    user: given.string("Book-keeping of the client's; changes no answer."),
    ...StreamFields,
  },
  {
    ...OPEN,
    description: "OpenAI's legacy completion: a text to continue.",
    examples: [{ model: "auto", prompt: "The capital of France is", max_tokens: 16 }],
  },
);
export type OpenAiCompletionsBody = Static<typeof OpenAiCompletionsBody>;
