import type { ProviderFailure } from "../core/chat.ts";
import type { Piece, Rest } from "./attempt.ts";
import { CUT } from "./collect.ts";
import { MAX_STREAM_MS } from "./stream.ts";

/** Far beyond any answer that a model writes; a bound, since it is kept in memory. */
const MAX_HELD_BYTES = 16_777_216;
/** What a chunk without text or bytes of its own weighs. */
const CHUNK_BYTES = 64;

const TOO_LARGE: ProviderFailure = {
  category: "malformed_response",
  message: `The answer is larger than the ${MAX_HELD_BYTES} bytes that are held back until one is complete.`,
};

/** Reads a stream to its end before anybody gets any of it (`delivery: whole`): a cut one is a failed attempt. */
export async function hold(
  rest: Rest,
): Promise<{ readonly pieces: readonly Piece[] } | { readonly failure: ProviderFailure }> {
  const limit = setTimeout(() => rest.hangUp(), MAX_STREAM_MS);
  const pieces: Piece[] = [];
  let heldBytes = 0;
  try {
    for (;;) {
      const piece = await rest.next();
      if (piece.kind === "failure") return { failure: piece.failure };
      heldBytes += bytesOf(piece);
      if (heldBytes > MAX_HELD_BYTES) return { failure: TOO_LARGE };
      pieces.push(piece);
      if (piece.kind === "end") return { pieces };
    }
  } finally {
    clearTimeout(limit);
    await rest.close();
  }
}

function bytesOf(piece: Piece): number {
  if (piece.kind === "raw") return piece.bytes.byteLength + CHUNK_BYTES;
  // A UTF-16 unit is two bytes.
  return CHUNK_BYTES + ("text" in piece ? piece.text.length * 2 : 0);
}

/** A stream that is complete already. */
export class HeldChunks implements Rest {
  readonly #pieces: Iterator<Piece>;
  #isHungUp = false;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces[Symbol.iterator]();
  }

  async next(): Promise<Piece> {
    const { done, value } = this.#pieces.next();
    return done || this.#isHungUp ? { kind: "failure", failure: CUT } : value;
  }

  hangUp(): void {
    this.#isHungUp = true;
  }

  async close(): Promise<void> {}
}
