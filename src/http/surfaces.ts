import type { Static, TSchema } from "@sinclair/typebox";
import type { ChatRequest, Surface } from "../core/chat.ts";
import type { SurfaceTranslation } from "./surface.ts";
import { nativeChat } from "./translate/native.ts";
import { ollamaChat } from "./translate/ollama-chat.ts";
import { ollamaEmbed, ollamaEmbeddings } from "./translate/ollama-embed.ts";
import { ollamaGenerate } from "./translate/ollama-generate.ts";
import { openaiChat } from "./translate/openai-chat.ts";
import { openaiCompletions } from "./translate/openai-completions.ts";
import { openaiEmbeddings } from "./translate/openai-embeddings.ts";
import { openaiResponses } from "./translate/openai-responses.ts";

/** How the body of a surface becomes a request, for those who have the surface's name and not its route. */
export type SurfaceReading = {
  readonly body: TSchema;
  /** Takes what was held to `body`, and nothing else. Throws a `Refusal` where it cannot mean anything. */
  readonly toRequest: (body: unknown) => ChatRequest;
  /** Whether its route takes a body under any content type, as Ollama's own does. */
  readonly anyType: boolean;
};

/** Those of the routes themselves. */
export const SURFACE_TRANSLATIONS: Readonly<Record<Surface, SurfaceReading>> = {
  native: reading(nativeChat),
  openai_chat: reading(openaiChat),
  openai_completions: reading(openaiCompletions),
  openai_embeddings: reading(openaiEmbeddings),
  openai_responses: reading(openaiResponses),
  ollama_chat: reading(ollamaChat, true),
  ollama_generate: reading(ollamaGenerate, true),
  ollama_embed: reading(ollamaEmbed, true),
  ollama_embeddings: reading(ollamaEmbeddings, true),
};

/** A table cannot say that a translation goes with its own schema, so that is said once, here. */
function reading<S extends TSchema>(translation: SurfaceTranslation<S>, anyType = false): SurfaceReading {
  return { body: translation.body, toRequest: (body) => translation.toRequest(body as Static<S>), anyType };
}
