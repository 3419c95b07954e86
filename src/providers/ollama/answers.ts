import type { Chunk, ContentChunk, EndChunk, Logprob, ProviderFailure } from "../../core/chat.ts";
import type { JsonObject } from "../../core/json.ts";
import { reportedModel } from "../../core/models.ts";
import { malformed } from "../failures.ts";
import { type GenerationRecord, readEmbedding, readLocal, readRecord } from "./protocol.ts";
import type { Call } from "./request.ts";
import { type OllamaUpstream, otherDimensions } from "./upstream.ts";

/** What is known of an answer before it comes. */
export type Asked = { readonly call: Call; readonly model: string; readonly upstream: OllamaUpstream };

/** The records of one answer as chunks. Numbers its tool calls, which a server may spread over several records. */
export class AnswerChunks {
  readonly #model: string;
  #callCount = 0;

  constructor(model: string) {
    this.#model = model;
  }

  *contentOf(record: GenerationRecord): Iterable<ContentChunk> {
    if (record.thinking !== "") yield { kind: "thinking", text: record.thinking };
    // A token may be known before its text is, where the server still holds that back.
    if (record.text !== "" || record.logprobs.length > 0) {
      const logprobs = record.logprobs.map(filledIn);
      yield { kind: "text", text: record.text, ...(logprobs.length > 0 ? { logprobs } : {}) };
    }
    for (const call of record.toolCalls) {
      const index = this.#callCount++;
      yield {
        kind: "tool_call",
        index,
        id: call.id ?? `call_${crypto.randomUUID().replaceAll("-", "")}`,
        name: call.name,
      };
      yield { kind: "tool_arguments", index, text: JSON.stringify(call.arguments) };
    }
  }

  /** In place of `contentOf` for a record that goes out as it is. */
  passed(record: GenerationRecord): void {
    this.#callCount += record.toolCalls.length;
  }

  endOf(record: GenerationRecord): EndChunk {
    const { doneReason } = record;
    return {
      kind: "end",
      model: reportedModel(record.model, this.#model),
      // Ollama has no word of its own for tool calls.
      finishReason: this.#callCount > 0 && (doneReason === "stop" || doneReason === null) ? "tool_calls" : doneReason,
      usage: record.usage,
    };
  }
}

/** Ollama leaves out what is empty; OpenAI's clients read both. */
const filledIn = (logprob: Logprob): Logprob => ({ bytes: null, top_logprobs: [], ...logprob });

/** A whole answer as chunks. */
export function* readAnswer(answer: unknown, asked: Asked): Iterable<Chunk> {
  const local = readLocal(answer, asked.model, asked.upstream);
  if (!local.ok) {
    yield { kind: "failure", failure: local.error };
    return;
  }
  const { endpoint } = asked.call;
  yield* endpoint === "chat" || endpoint === "generate"
    ? readGeneration(endpoint, local.value, asked)
    : readVectors(endpoint, local.value, asked);
}

function* readGeneration(endpoint: "chat" | "generate", body: JsonObject, asked: Asked): Iterable<Chunk> {
  const record = readRecord(endpoint, body);
  if (record === null || !record.done) {
    yield { kind: "failure", failure: malformed(asked.upstream) };
    return;
  }
  const chunks = new AnswerChunks(asked.model);
  if (asked.call.ownProtocol) {
    chunks.passed(record);
    yield { kind: "document", body };
  } else {
    yield* chunks.contentOf(record);
  }
  yield chunks.endOf(record);
}

function* readVectors(endpoint: "embed" | "embeddings", body: JsonObject, asked: Asked): Iterable<Chunk> {
  const { call, model, upstream } = asked;
  const answer = readEmbedding(endpoint, body);
  const failure = answer === null ? malformed(upstream) : call.ownProtocol ? null : misfit(answer.vectors, asked);
  if (answer === null || failure !== null) {
    yield { kind: "failure", failure: failure ?? malformed(upstream) };
    return;
  }
  yield call.ownProtocol ? { kind: "document", body } : { kind: "vectors", vectors: answer.vectors };
  yield { kind: "end", model: reportedModel(answer.model, model), finishReason: null, usage: answer.usage };
}

/** Ollama gives the dimensions that it has where more are asked for, and says nothing. */
function misfit(vectors: readonly (readonly number[])[], { call, model, upstream }: Asked): ProviderFailure | null {
  const { inputs, dimensions } = call.embedding ?? { inputs: [], dimensions: null };
  if (vectors.length !== inputs.length) return malformed(upstream);
  return dimensions === null || vectors.every((vector) => vector.length === dimensions) ? null : otherDimensions(model);
}
