import { type Static, Type } from "@sinclair/typebox";
import { given, OPEN, OpenAiModel } from "./openai-common.ts";

const MAX_INPUTS = 2_048;

export const OpenAiEmbeddingsBody = Type.Object(
  {
    model: OpenAiModel,
    input: Type.Union(
      [
        Type.String({ title: "a string" }),
        Type.Array(Type.String(), {
          minItems: 1,
          maxItems: MAX_INPUTS,
          title: `an array of 1 to ${MAX_INPUTS} strings`,
        }),
        Type.Array(Type.Integer(), { minItems: 1, title: "an array of tokens" }),
        Type.Array(Type.Array(Type.Integer(), { minItems: 1 }), {
          minItems: 1,
          maxItems: MAX_INPUTS,
          title: `an array of 1 to ${MAX_INPUTS} token arrays`,
        }),
      ],
      { description: "Tokens only where the provider speaks OpenAI." },
    ),
    encoding_format: Type.Optional(
      Type.Union([Type.Literal("float"), Type.Literal("base64"), Type.Null()], {
        description: "`base64` is of little-endian 32-bit floats; the official SDKs ask for it by themselves.",
      }),
    ),
    dimensions: Type.Optional(Type.Union([Type.Integer({ minimum: 1, title: "a positive integer" }), Type.Null()])),
    user: given.string("Book-keeping of the client's; changes no answer."),
  },
  {
    ...OPEN,
    description: "OpenAI's embeddings: one vector for each input.",
    examples: [{ model: "auto", input: ["policy", "mesh"], encoding_format: "float" }],
  },
);
export type OpenAiEmbeddingsBody = Static<typeof OpenAiEmbeddingsBody>;
