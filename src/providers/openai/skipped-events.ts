import type { Chunk, EndChunk, ProviderFailure } from "../../core/chat.ts";
import { type JsonValue, parseJsonObject } from "../../core/json.ts";
import { cut, malformed, type Upstream } from "../failures.ts";
import { looksLikeAnswer, MAX_SKIPPED_EVENTS } from "../streamed-answer.ts";
import { isToolCallPieces } from "./protocol.ts";
import { ToolCalls } from "./tool-calls.ts";

/** Far beyond what a model writes; a bound, since it is kept until the answer ends. */
const MAX_KEPT_CHARS = 16 * 1024 * 1024;
/** What a call weighs beside its arguments. */
const CALL_CHARS = 64;

type Call = { readonly arguments: string; readonly skippedCount: number };

/**
 * The events that were left out of a stream, since they were not in its protocol, and whether the rest may be taken for
 * the whole: a call with arguments that lost a piece would do something else than the model meant.
 */
export class SkippedEvents {
  #count = 0;
  readonly #calls = new Map<string, Call>();
  readonly #rawCalls = new Map<number, ToolCalls>();
  #keptChars = 0;
  #isDoubtful = false;

  /** False where there were too many, or it may have been a piece of the answer. */
  skip(data: string): boolean {
    this.#count += 1;
    return this.#count <= MAX_SKIPPED_EVENTS && !looksLikeAnswer(data);
  }

  /** For the chunk that ends the answer. */
  counted(): Pick<EndChunk, "skippedEvents"> {
    return this.#count === 0 ? {} : { skippedEvents: this.#count };
  }

  /** Why an answer without a finish reason is none. That reason may have stood in what was left out. */
  cutOf(upstream: Upstream): ProviderFailure {
    return this.#count > 0 ? malformed(upstream) : cut(upstream);
  }

  /** `choice`: of several answers, the one that the chunks are of. */
  watch(choice: number, chunks: readonly Chunk[]): void {
    for (const chunk of chunks) {
      if (this.#isDoubtful) return;
      if (chunk.kind === "tool_call") this.#append(`${choice}:${chunk.index}`, "");
      if (chunk.kind === "tool_arguments") this.#append(`${choice}:${chunk.index}`, chunk.text);
    }
  }

  /** The same for the `tool_calls` of an event that is handed on. */
  watchPieces(choice: number, pieces: JsonValue | undefined): void {
    if (pieces === undefined || pieces === null || this.#isDoubtful) return;
    if (!isToolCallPieces(pieces)) {
      this.#doubt();
      return;
    }
    const calls = this.#rawCalls.get(choice) ?? new ToolCalls();
    this.#rawCalls.set(choice, calls);
    for (const piece of pieces) {
      const chunks = calls.chunks(piece);
      if (chunks === null) this.#doubt();
      else this.watch(choice, chunks);
    }
  }

  /** Whether what is left is complete, as far as that can be known; `mustCall`: it ended for its calls. */
  allowEnd(mustCall: boolean): boolean {
    if (this.#count === 0) return true;
    if (this.#isDoubtful || (mustCall && this.#calls.size === 0)) return false;
    return this.#calls
      .values()
      .every((call) => call.arguments.trim() === "" || parseJsonObject(call.arguments) !== null);
  }

  #append(key: string, text: string): void {
    const call = this.#calls.get(key);
    this.#keptChars += text.length + (call === undefined ? CALL_CHARS : 0);
    // Text that lost some of its middle may be JSON all the same.
    const isTorn = call !== undefined && call.skippedCount !== this.#count;
    if (isTorn || this.#keptChars > MAX_KEPT_CHARS) this.#doubt();
    else this.#calls.set(key, { arguments: (call?.arguments ?? "") + text, skippedCount: this.#count });
  }

  #doubt(): void {
    this.#isDoubtful = true;
    this.#calls.clear();
    this.#rawCalls.clear();
  }
}
