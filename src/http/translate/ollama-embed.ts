import type { ChatRequest } from "../../core/chat.ts";
import type { JsonObject } from "../../core/json.ts";
import { wishOf } from "../../core/models.ts";
import type { Answer } from "../../gateway/chat-result.ts";
import { OllamaEmbedBody, OllamaEmbeddingsBody } from "../schemas/ollama-embed.ts";
import type { AnswerContext, SurfaceTranslation } from "../surface.ts";
import { nanoseconds } from "./ollama-record.ts";
import { VECTOR_OPTION_RULES } from "./ollama-request.ts";
import { bookkeeping, carried, type FieldRules, objectOf, untranslatedFields } from "./untranslated.ts";

/** `POST /api/embed`. */
export const ollamaEmbed: SurfaceTranslation<typeof OllamaEmbedBody> = {
  body: OllamaEmbedBody,
  toRequest: toEmbedRequest,
  toAnswer: toEmbedAnswer,
  toStream: null,
};

/** `POST /api/embeddings`, the old one: one text, one vector, and nothing else in the answer. */
export const ollamaEmbeddings: SurfaceTranslation<typeof OllamaEmbeddingsBody> = {
  body: OllamaEmbeddingsBody,
  toRequest: toEmbeddingsRequest,
  toAnswer: (answer) => answer.document ?? { embedding: answer.vectors[0] ?? [] },
  toStream: null,
};

const COMMON_RULES: FieldRules = {
  model: carried,
  stream: bookkeeping,
  keep_alive: bookkeeping,
  truncate: bookkeeping,
  options: objectOf(VECTOR_OPTION_RULES),
};
const EMBED_RULES: FieldRules = { ...COMMON_RULES, input: carried, dimensions: carried };
const EMBEDDINGS_RULES: FieldRules = { ...COMMON_RULES, prompt: carried };

function toEmbedRequest(body: OllamaEmbedBody): ChatRequest {
  const inputs = typeof body.input === "string" ? oneInput(body.input) : (body.input ?? []);
  // Ollama takes zero and less for the model's own number.
  const dimensions = (body.dimensions ?? 0) > 0 ? (body.dimensions ?? null) : null;
  return {
    surface: "ollama_embed",
    body,
    task: { kind: "embedding", inputs, dimensions },
    wish: wishOf(body.model),
    streamed: false,
    untranslated: untranslatedFields(body, EMBED_RULES),
  };
}

function toEmbeddingsRequest(body: OllamaEmbeddingsBody): ChatRequest {
  return {
    surface: "ollama_embeddings",
    body,
    task: { kind: "embedding", inputs: oneInput(body.prompt ?? ""), dimensions: null },
    wish: wishOf(body.model),
    streamed: false,
    untranslated: untranslatedFields(body, EMBEDDINGS_RULES),
  };
}

/** Empty text asks for no vector. */
const oneInput = (text: string): string[] => (text === "" ? [] : [text]);

function toEmbedAnswer(answer: Answer, context: AnswerContext): JsonObject {
  if (answer.document !== null) return answer.document;
  const head = { model: answer.model, embeddings: answer.vectors };
  if (answer.vectors.length === 0) return head;
  const { promptTokens } = answer.usage;
  return {
    ...head,
    total_duration: nanoseconds(context.elapsedMs()),
    load_duration: 0,
    ...(promptTokens === null ? {} : { prompt_eval_count: promptTokens }),
  };
}
