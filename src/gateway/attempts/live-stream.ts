import type { ProviderFailure } from "../../core/chat.ts";
import type { Piece, PieceReader } from "./errand.ts";
import { bytesOf, KeptPieces } from "./kept-pieces.ts";

/** More than any provider says before its model writes; a bound, since it is kept in memory. */
const MAX_OPENING_BYTES = 1_048_576;

/**
 * Reads a stream until its model has written something: only then is there no other target any more. What came before that
 * is given away with it.
 */
export async function openLive(
  chunks: PieceReader,
): Promise<{ readonly rest: PieceReader } | { readonly failure: ProviderFailure }> {
  const pieces: Piece[] = [];
  let keptBytes = 0;
  let hasBegun = false;
  try {
    for (;;) {
      const piece = await chunks.next();
      if (piece.kind === "failure") return { failure: piece.failure };
      pieces.push(piece);
      keptBytes += bytesOf(piece);
      hasBegun = !isOpening(piece) || keptBytes > MAX_OPENING_BYTES;
      if (hasBegun) return { rest: new KeptPieces(pieces, chunks) };
    }
  } finally {
    // Also after a bug: else its timers and its connection would outlive the request.
    if (!hasBegun) await chunks.close();
  }
}

const isOpening = (piece: Piece): boolean => piece.kind === "usage" || ("opening" in piece && piece.opening === true);
