import {
  type ChatMessage,
  type ChatRequest,
  type ChatTask,
  type Chunk,
  type CompletionTask,
  type EmbeddingTask,
  NO_SAMPLING,
  type Task,
} from "../../src/core/chat.ts";
import type { JsonObject } from "../../src/core/json.ts";

/** Requests as surfaces translate them, by what they ask for. */

export function chatTask(messages: string | readonly ChatMessage[], overrides: Partial<ChatTask> = {}): ChatTask {
  return {
    kind: "chat",
    messages: typeof messages === "string" ? [{ role: "user", content: messages }] : messages,
    tools: [],
    toolChoice: null,
    parallelToolCalls: null,
    format: null,
    sampling: NO_SAMPLING,
    thinking: null,
    ...overrides,
  };
}

export const completionTask = (prompt: string, overrides: Partial<CompletionTask> = {}): CompletionTask => ({
  kind: "completion",
  prompt,
  suffix: null,
  sampling: NO_SAMPLING,
  ...overrides,
});

export const embeddingTask = (inputs: readonly string[], dimensions: number | null = null): EmbeddingTask => ({
  kind: "embedding",
  inputs,
  dimensions,
});

/** From a client of another protocol. */
export function asking(task: Task, overrides: Partial<ChatRequest> = {}): ChatRequest {
  const surfaces = { chat: "openai_chat", completion: "openai_completions", embedding: "openai_embeddings" } as const;
  return { surface: surfaces[task.kind], body: {}, task, wish: null, streamed: false, untranslated: [], ...overrides };
}

/** From a client of Ollama's own protocol; `task` is what nobody may read. */
export function ollamaAsking(
  surface: Extract<ChatRequest["surface"], `ollama_${string}`>,
  body: JsonObject,
  streamed = false,
): ChatRequest {
  return asking(chatTask("not to be sent"), { surface, body, streamed });
}

/** What is for the client: where a stream shows no more than signs of life depends on how the network cut it. */
export const withoutAlive = (chunks: readonly Chunk[]): Chunk[] => chunks.filter((chunk) => chunk.kind !== "alive");
