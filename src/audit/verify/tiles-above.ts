import { ok, type Result } from "../../core/result.ts";
import { HASH_BYTES } from "../merkle.ts";
import { TILE_WIDTH } from "../tiles.ts";
import type { AuditFault } from "./fault.ts";
import type { AuditPages, ReadFailure, StoredTile } from "./pages.ts";
import { tooLong, twice } from "./tree-faults.ts";

/** What the tiles of level 1 and above say, of which one of each level is kept. */
export class TilesAbove {
  readonly #pages: AuditPages;
  readonly #size: number;
  readonly #known = new Map<number, StoredTile | null>();
  readonly #indices = new Map<number, number>();
  readonly #faults: AuditFault[] = [];

  constructor(pages: AuditPages, size: number) {
    this.#pages = pages;
    this.#size = size;
  }

  /** Of the tiles that were read. */
  get faults(): readonly AuditFault[] {
    return this.#faults;
  }

  /** Of the full tile of level 0 with that index, and of all that end with it. */
  async of(tileIndex: number): Promise<Result<readonly (Uint8Array | null)[], ReadFailure>> {
    const parents: (Uint8Array | null)[] = [];
    for (let [level, index] = [1, tileIndex]; ; level++) {
      const hash = await this.#hash(level, index);
      if (!hash.ok) return hash;
      parents.push(hash.value);
      if (index % TILE_WIDTH !== TILE_WIDTH - 1) return ok(parents);
      index = Math.floor(index / TILE_WIDTH);
    }
  }

  async #hash(level: number, index: number): Promise<Result<Uint8Array | null, ReadFailure>> {
    const tileIndex = Math.floor(index / TILE_WIDTH);
    if (this.#indices.get(level) !== tileIndex) {
      const read = await this.#pages.tiles(level, tileIndex, 1);
      if (!read.ok) return read;
      const tile = read.value.find((tile) => tile.index === tileIndex) ?? null;
      this.#faults.push(...tooLong(level, tile, this.#size), ...twice(level, read.value));
      this.#known.set(level, tile);
      this.#indices.set(level, tileIndex);
    }
    const at = (index % TILE_WIDTH) * HASH_BYTES;
    const hash = this.#known.get(level)?.hashes.subarray(at, at + HASH_BYTES);
    return ok(hash?.length === HASH_BYTES ? hash : null);
  }
}
