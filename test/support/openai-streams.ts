import {
  type ChatRequest,
  type ChatTask,
  type Chunk,
  type CompletionTask,
  NO_SAMPLING,
  type Task,
} from "../../src/core/chat.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { Upstream } from "../../src/providers/failures.ts";
import { RawStream } from "../../src/providers/openai/raw-stream.ts";
import { TranslatedStream } from "../../src/providers/openai/translated-stream.ts";
import { SseSplitter } from "../../src/providers/sse.ts";

/** What tests of the OpenAI provider share: requests of each kind, streams made by hand, and how to read them. */

export const CHAT: ChatTask = {
  kind: "chat",
  messages: [{ role: "user", content: "private words" }],
  tools: [],
  toolChoice: null,
  parallelToolCalls: null,
  format: null,
  sampling: NO_SAMPLING,
  thinking: null,
};
export const COMPLETION: CompletionTask = {
  kind: "completion",
  prompt: "private words",
  suffix: null,
  sampling: NO_SAMPLING,
};

/** From a client of OpenAI's protocol, with this body. */
export function openAiRequest(body: JsonObject, task: Task = CHAT, streamed = true): ChatRequest {
  const surfaces = { chat: "openai_chat", completion: "openai_completions", embedding: "openai_embeddings" } as const;
  return { surface: surfaces[task.kind], body, task, wish: null, streamed, untranslated: [] };
}

/** From a client of another protocol: what counts is the task. */
export function otherRequest(task: Task = CHAT, overrides: Partial<ChatRequest> = {}): ChatRequest {
  return { surface: "ollama_chat", body: {}, task, wish: null, streamed: true, untranslated: [], ...overrides };
}

export const UPSTREAM: Upstream = {
  label: "The provider",
  baseUrl: "http://127.0.0.1:1",
  unreachableHint: "",
  authenticationHint: "",
  modelHint: () => "",
};

/** What a stream gives that comes in these reads; `ends`: the body ends after them. */
export function readAll(request: ChatRequest, reads: Iterable<Uint8Array>, ends = true): Chunk[] {
  const asked = { request, model: "m", upstream: UPSTREAM };
  const stream = request.surface.startsWith("openai_") ? new RawStream(asked) : new TranslatedStream(asked);
  const splitter = new SseSplitter();
  const chunks: Chunk[] = [];
  for (const read of reads) {
    for (const chunk of stream.read(splitter.push(read))) chunks.push(chunk);
    if (["end", "failure"].includes(chunks.at(-1)?.kind ?? "")) return chunks;
  }
  return ends ? [...chunks, stream.close()] : chunks;
}

/** With bytes as text and neighbouring raw chunks as one, so that how the network cut them does not show. */
export function readable(chunks: readonly Chunk[]) {
  let raw = Buffer.alloc(0);
  let usage: Chunk | null = null;
  const others: unknown[] = [];
  for (const chunk of chunks) {
    if (chunk.kind === "raw") raw = Buffer.concat([raw, chunk.bytes]);
    else if (chunk.kind === "usage") usage = chunk;
    else if (chunk.kind === "end" && chunk.tail !== undefined) others.push({ ...chunk, tail: asText(chunk.tail) });
    else others.push(chunk);
  }
  return { raw: asText(raw), usage, others };
}

export const asText = (bytes: Uint8Array) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);

export const event = (body: unknown) => `data: ${JSON.stringify(body)}\n\n`;
export const DONE = "data: [DONE]\n\n";

/** An event with one choice. */
export function piece(delta: JsonObject, choice: JsonObject = {}, head: JsonObject = {}) {
  return event({ ...chunkHead, ...head, choices: [{ index: 0, delta, finish_reason: null, ...choice }] });
}
export const chunkHead = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 7, model: "m-1" };
export const finish = (reason: string, index = 0) => piece({}, { index, finish_reason: reason });
export const usageEvent = event({ ...chunkHead, choices: [], usage: { prompt_tokens: 3, completion_tokens: 5 } });

export const bytesOf = (...texts: string[]) => texts.map((text) => new TextEncoder().encode(text));
