import { type Static, Type } from "@sinclair/typebox";
import { integer, OllamaModelName, object, open, optional, text } from "./ollama-fields.ts";

const MAX_INPUTS = 2_048;

/** `POST /api/embed`. Without input it asks for nothing but that the model is loaded. */
export const OllamaEmbedBody = open(
  {
    model: OllamaModelName,
    input: Type.Optional(
      Type.Union([
        text,
        Type.Array(Type.String(), { title: `a list of at most ${MAX_INPUTS} strings`, maxItems: MAX_INPUTS }),
        Type.Null({ title: "null" }),
      ]),
    ),
    dimensions: optional(integer),
    options: optional(object),
  },
  { examples: [{ model: "auto", input: ["policy", "mesh"] }] },
);
export type OllamaEmbedBody = Static<typeof OllamaEmbedBody>;

/** `POST /api/embeddings`, which Ollama keeps for old clients: one text, one vector. */
export const OllamaEmbeddingsBody = open(
  { model: OllamaModelName, prompt: optional(text), options: optional(object) },
  { examples: [{ model: "auto", prompt: "policy mesh" }] },
);
export type OllamaEmbeddingsBody = Static<typeof OllamaEmbeddingsBody>;
