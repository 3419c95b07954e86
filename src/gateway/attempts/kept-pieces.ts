import { CUT } from "../collect.ts";
import type { Piece, PieceReader } from "./errand.ts";

/** What a chunk without text or bytes of its own weighs. */
const CHUNK_BYTES = 64;

/** What a piece takes of the memory while it is kept back, about. */
export function bytesOf(piece: Piece): number {
  if (piece.kind === "raw") return piece.bytes.byteLength + CHUNK_BYTES;
  // A UTF-16 unit is two bytes.
  return CHUNK_BYTES + unitsOf(piece) * 2;
}

function unitsOf(piece: Piece): number {
  if (piece.kind === "tool_call") return piece.id.length + piece.name.length;
  if (!("text" in piece)) return 0;
  // Of each token they hold all that might have been said for it: far more than what was.
  const logprobs = piece.kind === "text" ? piece.logprobs : undefined;
  return piece.text.length + (logprobs === undefined ? 0 : JSON.stringify(logprobs).length);
}

/** Pieces that were kept back, and then what follows them; null where they are complete. */
export class KeptPieces implements PieceReader {
  readonly #kept: Iterator<Piece>;
  readonly #following: PieceReader | null;
  #isHungUp = false;

  constructor(kept: readonly Piece[], following: PieceReader | null) {
    this.#kept = kept[Symbol.iterator]();
    this.#following = following;
  }

  next(): Promise<Piece> {
    const kept = this.#isHungUp ? null : this.#kept.next();
    if (kept?.done === false) return Promise.resolve(kept.value);
    return this.#following === null ? Promise.resolve({ kind: "failure", failure: CUT }) : this.#following.next();
  }

  hangUp(): void {
    this.#isHungUp = true;
    this.#following?.hangUp();
  }

  async close(): Promise<void> {
    await this.#following?.close();
  }
}
