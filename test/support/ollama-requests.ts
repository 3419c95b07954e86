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
import { toCall } from "../../src/providers/ollama/request.ts";
import { readStream } from "../../src/providers/ollama/stream.ts";
import { describeUpstream } from "../../src/providers/ollama/upstream.ts";
import { AS_LOCAL } from "./provider-options.ts";

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

/** What a stream of Ollama's gives that comes in these reads, one piece a read. */
export const readLines = async (request: ChatRequest, reads: readonly Uint8Array[]): Promise<Chunk[]> =>
  withoutAlive(await readSigns(request, reads));

/** The same with the signs of life among them. */
export async function readSigns(request: ChatRequest, reads: readonly Uint8Array[]): Promise<Chunk[]> {
  const pieces = reads.values();
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { value } = pieces.next();
      if (value === undefined) controller.close();
      else controller.enqueue(value);
    },
  });
  const upstream = describeUpstream({ ...AS_LOCAL, baseUrl: "http://127.0.0.1:1" });
  const call = toCall(request, { model: "m", maxOutputTokens: null });
  return Array.fromAsync(readStream(body, { call, model: "m", upstream }));
}
