import type { ContentChunk, EndChunk } from "../../core/chat.ts";
import type { AnswerError } from "../../gateway/chat-result.ts";
import { malformedAnswer } from "./malformed-answer.ts";

/** As much as a whole answer may have: what a protocol wants to be told at the end is in memory until then. */
export const MAX_GATHERED_CHARACTERS = 32 * 1024 * 1024;

const TOO_LONG = malformedAnswer("The answer is longer than a stream of this protocol can hold together.");

/** Counts what an encoder of a stream has to keep until its end. */
export class Gathered {
  readonly #kinds: readonly ContentChunk["kind"][];
  #characters = 0;

  constructor(...kinds: readonly ContentChunk["kind"][]) {
    this.#kinds = kinds;
  }

  /** Null while there is room for one more. */
  unfit(next: ContentChunk | EndChunk): AnswerError | null {
    if (next.kind === "end" || !this.#kinds.includes(next.kind) || !("text" in next)) return null;
    this.#characters += next.text.length;
    return this.#characters > MAX_GATHERED_CHARACTERS ? TOO_LONG : null;
  }
}
