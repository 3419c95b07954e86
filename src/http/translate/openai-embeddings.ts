import type { ChatRequest } from "../../core/chat.ts";
import type { JsonObject } from "../../core/json.ts";
import { wishOf } from "../../core/models.ts";
import type { Answer } from "../../gateway/chat-result.ts";
import { OpenAiEmbeddingsBody } from "../schemas/openai-embeddings.ts";
import type { AnswerContext, SurfaceTranslation } from "../surface.ts";
import { LOOKED_FOR_RULES } from "./openai-fields.ts";
import { bookkeeping, carried, carriedIf, type FieldRules, untranslatedFields } from "./untranslated.ts";

/** `POST /v1/embeddings` */
export const openaiEmbeddings: SurfaceTranslation<typeof OpenAiEmbeddingsBody> = {
  body: OpenAiEmbeddingsBody,
  toRequest,
  toAnswer,
  toStream: null,
};

function toRequest(body: OpenAiEmbeddingsBody): ChatRequest {
  return {
    surface: "openai_embeddings",
    body,
    task: { kind: "embedding", inputs: toInputs(body.input), dimensions: body.dimensions ?? null },
    wish: wishOf(body.model),
    streamed: false,
    untranslated: untranslatedFields(body, RULES),
  };
}

/** Tokens are no text that anybody here can read. */
function toInputs(input: OpenAiEmbeddingsBody["input"]): readonly string[] {
  return typeof input === "string" ? [input] : input.filter((item) => typeof item === "string");
}

const RULES: FieldRules = {
  ...LOOKED_FOR_RULES,
  model: carried,
  input: carriedIf(
    (value) => typeof value === "string" || (Array.isArray(value) && value.every((item) => typeof item === "string")),
  ),
  encoding_format: carried,
  dimensions: carried,
  user: bookkeeping,
};

function toAnswer(answer: Answer, { request }: AnswerContext): JsonObject {
  if (answer.document !== null) return answer.document;
  const encode = request.body["encoding_format"] === "base64" ? toBase64 : (vector: readonly number[]) => vector;
  const { promptTokens } = answer.usage;
  return {
    object: "list",
    data: answer.vectors.map((vector, index) => ({ object: "embedding", index, embedding: encode(vector) })),
    model: answer.model,
    ...(promptTokens !== null && { usage: { prompt_tokens: promptTokens, total_tokens: promptTokens } }),
  };
}

/** 32-bit floats (IEEE 754), little-endian on every machine. */
function toBase64(vector: readonly number[]): string {
  const bytes = new DataView(new ArrayBuffer(vector.length * Float32Array.BYTES_PER_ELEMENT));
  for (const [index, value] of vector.entries()) {
    bytes.setFloat32(index * Float32Array.BYTES_PER_ELEMENT, value, true);
  }
  return Buffer.from(bytes.buffer).toString("base64");
}
