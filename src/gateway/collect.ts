import type { Chunk, ContentChunk, EndChunk, Logprob, ProviderFailure, ToolCall } from "../core/chat.ts";
import type { JsonObject } from "../core/json.ts";
import type { Answer } from "./chat-result.ts";

/** An iteration that ends without saying how was cut, and is never taken for a whole answer (I7). */
export const CUT: ProviderFailure = {
  category: "malformed_response",
  message: "The provider's answer ended before it was complete.",
  transient: true,
};

type Whole = { readonly answer: Answer; readonly skippedEvents: number };

/** A whole answer or a failure. */
export async function collect(chunks: AsyncIterable<Chunk>): Promise<Whole | { readonly failure: ProviderFailure }> {
  const collected = new Collected();
  for await (const chunk of chunks) {
    switch (chunk.kind) {
      case "end":
        return { answer: collected.end(chunk), skippedEvents: chunk.skippedEvents ?? 0 };
      case "failure":
        return { failure: chunk.failure };
      case "usage":
      case "alive":
        break;
      default:
        collected.add(chunk);
    }
  }
  return { failure: CUT };
}

class Collected {
  #content = "";
  #thinking = "";
  readonly #logprobs: Logprob[] = [];
  readonly #toolCalls = new Map<number, ToolCall>();
  #vectors: readonly (readonly number[])[] = [];
  #document: JsonObject | null = null;

  add(chunk: ContentChunk): void {
    switch (chunk.kind) {
      case "text":
        this.#content += chunk.text;
        for (const logprob of chunk.logprobs ?? []) this.#logprobs.push(logprob);
        break;
      case "thinking":
        this.#thinking += chunk.text;
        break;
      case "tool_call":
        this.#toolCalls.set(chunk.index, { id: chunk.id, name: chunk.name, arguments: "" });
        break;
      case "tool_arguments": {
        const call = this.#toolCalls.get(chunk.index);
        if (call === undefined) throw new Error("arguments of a tool call that never began");
        this.#toolCalls.set(chunk.index, { ...call, arguments: call.arguments + chunk.text });
        break;
      }
      case "vectors":
        this.#vectors = chunk.vectors;
        break;
      case "document":
        this.#document = chunk.body;
        break;
      case "raw":
        throw new Error("a whole answer does not come as raw events");
    }
  }

  end({ model, finishReason, usage }: EndChunk): Answer {
    return {
      content: this.#content,
      thinking: this.#thinking,
      toolCalls: [...this.#toolCalls.entries()].toSorted(([a], [b]) => a - b).map(([, call]) => call),
      logprobs: this.#logprobs,
      vectors: this.#vectors,
      document: this.#document,
      model,
      finishReason,
      usage,
    };
  }
}
