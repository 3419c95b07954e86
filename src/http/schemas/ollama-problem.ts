import { Type } from "@sinclair/typebox";

/** What every failed request of the Ollama surfaces is answered with. */
export const OllamaProblemBody = Type.Object(
  { error: Type.String({ description: "Safe to show; never quotes content." }) },
  { description: "Refused or failed, in Ollama's shape." },
);

export const OLLAMA_PROBLEMS = {
  400: OllamaProblemBody,
  403: OllamaProblemBody,
  404: OllamaProblemBody,
  421: OllamaProblemBody,
  500: OllamaProblemBody,
} as const;

/** What a route may answer that takes a body: too slow, too large, of another type, or no room for it now. */
export const OLLAMA_BODY_PROBLEMS = {
  ...OLLAMA_PROBLEMS,
  408: OllamaProblemBody,
  413: OllamaProblemBody,
  415: OllamaProblemBody,
  503: OllamaProblemBody,
} as const;

/** What a route may answer that asks a model. */
export const OLLAMA_ANSWER_PROBLEMS = {
  ...OLLAMA_BODY_PROBLEMS,
  429: OllamaProblemBody,
  502: OllamaProblemBody,
  504: OllamaProblemBody,
} as const;
