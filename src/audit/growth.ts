import { hashesOf } from "./merkle.ts";
import { edgeTilesOf, extendTiles, readerOf, rootFromTiles, type Tile } from "./tiles.ts";

/** A tree that takes more leaves, and the tiles that this changes. Holds 32 bytes for each leaf that was added. */
export class TreeGrowth {
  readonly #changed = new Map<string, Tile>();
  #edge: readonly Tile[];
  #size: number;
  #root: Buffer;

  private constructor(size: number, edge: readonly Tile[], root: Buffer) {
    this.#size = size;
    this.#edge = edge;
    this.#root = root;
  }

  /** `tiles` are those that `edgeTilesOf(size)` names, or longer ones; null where one is missing or too short. */
  static from(size: number, tiles: readonly Tile[]): TreeGrowth | null {
    const root = rootFromTiles(size, readerOf(tiles));
    return root === null ? null : new TreeGrowth(size, tiles, root);
  }

  get size(): number {
    return this.#size;
  }

  get root(): Buffer {
    return this.#root;
  }

  /** Every tile that is new or has grown since, whole. */
  get changed(): readonly Tile[] {
    return [...this.#changed.values()];
  }

  /** What the tree goes on growing from, in a growth of its own. */
  settled(): TreeGrowth {
    return new TreeGrowth(this.#size, this.#edge, this.#root);
  }

  /** Leaf hashes one behind the other. */
  append(leaves: Uint8Array): void {
    const extension = extendTiles(this.#size, this.#edge, [...hashesOf(leaves)]);
    if (extension === null) throw new Error("a tree lost a tile of its own edge");
    for (const tile of extension.tiles) this.#changed.set(keyOf(tile), tile);
    const known = new Map([...this.#edge, ...extension.tiles].map((tile) => [keyOf(tile), tile]));
    this.#edge = edgeTilesOf(extension.size).flatMap((ref) => known.get(keyOf(ref)) ?? []);
    this.#size = extension.size;
    this.#root = extension.root;
  }
}

const keyOf = ({ level, index }: Pick<Tile, "level" | "index">): string => `${level}/${index}`;
