import type { Static } from "@sinclair/typebox";
import { OLLAMA_ASKING, OllamaImages, open, optional, text } from "./ollama-fields.ts";

/** `POST /api/generate`. Without a prompt it asks for nothing but that the model is loaded, or unloaded. */
export const OllamaGenerateBody = open(
  {
    ...OLLAMA_ASKING,
    prompt: optional(text),
    system: optional(text),
    images: optional(OllamaImages),
  },
  { examples: [{ model: "auto", prompt: "Say hello in five words.", stream: false }] },
);
export type OllamaGenerateBody = Static<typeof OllamaGenerateBody>;
