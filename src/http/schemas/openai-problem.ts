import { Type } from "@sinclair/typebox";
import { nullable } from "./literals.ts";

/** What every failed request of the OpenAI surfaces is answered with. */
export const OpenAiProblemBody = Type.Object(
  {
    error: Type.Object({
      message: Type.String({ description: "Safe to show; never quotes content." }),
      type: Type.String(),
      param: nullable(Type.String({ description: "The field at fault, where one is." })),
      code: Type.String({ description: "The protocol's own code, or one of docs/reference/reasons.md." }),
    }),
  },
  { description: "Refused or failed, in the OpenAI protocol's shape." },
);

/** What any route of the OpenAI surfaces may answer. */
export const OPENAI_PROBLEMS = {
  400: OpenAiProblemBody,
  404: OpenAiProblemBody,
  421: OpenAiProblemBody,
  500: OpenAiProblemBody,
} as const;

/** What a route may answer that asks a model, beside the answer itself. */
export const OPENAI_ANSWER_PROBLEMS = {
  ...OPENAI_PROBLEMS,
  403: OpenAiProblemBody,
  408: OpenAiProblemBody,
  413: OpenAiProblemBody,
  415: OpenAiProblemBody,
  429: OpenAiProblemBody,
  502: OpenAiProblemBody,
  503: OpenAiProblemBody,
  504: OpenAiProblemBody,
} as const;
