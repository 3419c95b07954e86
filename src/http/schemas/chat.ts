import { type Static, Type } from "@sinclair/typebox";
import { MODEL_NAME_PATTERN } from "../../core/models.ts";
import { literals, nullable } from "./literals.ts";

const MAX_MESSAGES = 2_048;
const NATIVE_ROLES = ["system", "user", "assistant"] as const;

export const ChatMessageBody = Type.Object(
  {
    role: literals(NATIVE_ROLES),
    content: Type.String({ description: "The text of the message." }),
  },
  { additionalProperties: false },
);

export const ChatBody = Type.Object(
  {
    messages: Type.Array(ChatMessageBody, { minItems: 1, maxItems: MAX_MESSAGES }),
    model: Type.Optional(
      nullable(
        Type.String({
          title: "a model name of at most 128 letters, digits and ._:/@+-",
          pattern: MODEL_NAME_PATTERN,
          description:
            "A wish: used where the provider that policy chooses has it, else that provider's own default. `auto` is none.",
        }),
      ),
    ),
    stream: Type.Optional(
      nullable(
        Type.Boolean({
          title: "true or false",
          description: "Answer as server-sent events: decision, then delta as text comes, then done, or error.",
        }),
      ),
    ),
  },
  {
    additionalProperties: false,
    examples: [{ messages: [{ role: "user", content: "Say hello in five words." }], model: null }],
  },
);
export type ChatBody = Static<typeof ChatBody>;

const ErrorDetail = Type.Object({
  code: Type.String({ description: "A code of docs/reference/reasons.md." }),
  message: Type.String({ description: "Safe to show; never quotes content." }),
});

export const ChatAnswer = Type.Object(
  {
    request_id: Type.String({ format: "uuid", description: "UUIDv7, also in the header x-request-id." }),
    provider: nullable(Type.String({ description: "A provider of the policy." })),
    model: nullable(Type.String({ description: "The model that answered, or was to." })),
    reason_codes: Type.Array(Type.String(), { minItems: 1 }),
    content: nullable(Type.String({ description: "Null exactly when error is not." })),
    finish_reason: nullable(
      Type.String({
        description: "Why the model stopped, in the provider's word; `length` means that the answer is cut.",
      }),
    ),
    usage: Type.Object({
      prompt_tokens: nullable(Type.Integer()),
      completion_tokens: nullable(Type.Integer()),
    }),
    error: nullable(ErrorDetail),
  },
  { description: "The answer, or with error set and content null why there is none." },
);
export type ChatAnswer = Static<typeof ChatAnswer>;
