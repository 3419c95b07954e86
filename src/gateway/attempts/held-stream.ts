import type { ProviderFailure } from "../../core/chat.ts";
import type { Piece, PieceReader } from "./errand.ts";
import { bytesOf, KeptPieces } from "./kept-pieces.ts";

/** Far beyond any answer that a model writes; a bound, since it is kept in memory. */
const MAX_HELD_BYTES = 16_777_216;

const TOO_LARGE: ProviderFailure = {
  category: "malformed_response",
  message: `The answer is larger than the ${MAX_HELD_BYTES} bytes that are held back until one is complete.`,
};

/** Reads a stream to its end before anybody gets any of it (`delivery: whole`): a cut one is a failed attempt. */
export async function openHeld(
  chunks: PieceReader,
): Promise<{ readonly rest: PieceReader } | { readonly failure: ProviderFailure }> {
  const pieces: Piece[] = [];
  let heldBytes = 0;
  try {
    for (;;) {
      const piece = await chunks.next();
      if (piece.kind === "failure") return { failure: piece.failure };
      heldBytes += bytesOf(piece);
      if (heldBytes > MAX_HELD_BYTES) return { failure: TOO_LARGE };
      pieces.push(piece);
      if (piece.kind === "end") return { rest: new KeptPieces(pieces, null) };
    }
  } finally {
    await chunks.close();
  }
}
