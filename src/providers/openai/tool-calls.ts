import type { Chunk } from "../../core/chat.ts";
import type { ToolCallPiece } from "./protocol.ts";

type Call = { readonly index: number; readonly id: string };

/**
 * Puts the pieces of an answer's tool calls to the calls they belong to, each with an index and an id of its own. Servers
 * differ: `index` may be missing or 0 for every call, `id` may be missing, on the first piece only, the same on each
 * piece, or (older vLLM) another on each.
 */
export class ToolCalls {
  readonly #byUpstreamIndex = new Map<number, Call>();
  #last: Call | null = null;
  #count = 0;

  /** Null for a piece that begins a call and does not name its function. */
  chunks(piece: ToolCallPiece): Chunk[] | null {
    const name = piece.function?.name || null;
    const text = piece.function?.arguments ?? "";
    const chunks: Chunk[] = [];
    let call = this.#known(piece, name);
    if (call === null) {
      if (name === null) return null;
      call = this.#begin(piece);
      chunks.push({ kind: "tool_call", index: call.index, id: call.id, name });
    }
    if (text.length > 0) chunks.push({ kind: "tool_arguments", index: call.index, text });
    return chunks;
  }

  /** A name together with an id that is not the call's begins another call. */
  #known({ index, id }: ToolCallPiece, name: string | null): Call | null {
    const call = typeof index === "number" ? (this.#byUpstreamIndex.get(index) ?? null) : this.#last;
    const isAnother = name !== null && (id ? id !== call?.id : typeof index !== "number");
    return isAnother ? null : call;
  }

  #begin({ index, id }: ToolCallPiece): Call {
    const call = { index: this.#count, id: id || `call_${crypto.randomUUID()}` };
    this.#count += 1;
    this.#last = call;
    if (typeof index === "number") this.#byUpstreamIndex.set(index, call);
    return call;
  }
}
