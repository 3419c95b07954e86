import { CompactRange, HASH_BYTES, hashesOf, joinNodes } from "../merkle.ts";
import { TILE_WIDTH } from "../tiles.ts";
import { foreignRoot, missingTile, parentDiffers, rootNotFound, tileDiffers } from "./tree-faults.ts";
import { type Finding, TreeReading } from "./tree-reading.ts";

/** A root that somebody signed for a tree of that size, which is not empty. */
export type SignedRoot = {
  readonly size: number;
  readonly rootHash: Uint8Array;
  /** How the file is called that it stands in; null for a checkpoint of the database. */
  readonly file: string | null;
};

/** A tile of level 0 with all that is compared when its leaves are added. */
export type LeafTile = {
  readonly index: number;
  /** How many hashes the tree has there. */
  readonly width: number;
  /** As many; null where they are not stored. */
  readonly hashes: Uint8Array | null;
  /**
   * Where the tile is full: what the tiles above say of it and of every tile that ends with it, level 1 first. Null for
   * what is not stored.
   */
  readonly parents: readonly (Uint8Array | null)[];
  /** Those of sizes within the tile and at its end, in order. */
  readonly roots: readonly SignedRoot[];
};

/** Signed roots are kept until it is known which of tile and root is wrong; beyond these they are only counted. */
const MAX_UNMATCHED = 100;

/**
 * Builds the whole tree from its tiles of level 0, left to right, and compares what stands in the tiles above and what
 * was signed. Where a tile and the one above it say different things there are two trees to go on with, and the next
 * signed root says which of them was meant. Holds one tile of each level, whatever the size of the tree.
 */
export class TreeCheck {
  #readings: readonly TreeReading[] = [new TreeReading("leaves")];
  #tail = CompactRange.empty();
  #unmatched: SignedRoot[] = [];
  #matchedSize = 0;
  #matchedCount = 0;
  #lostAt: number | null = null;
  #missedParent: number | null = null;
  #findings: Finding[] = [];

  /** Tiles come in order, all but the last one full. */
  add(tile: LeafTile): void {
    if (this.#lostAt !== null) return;
    const start = tile.index * TILE_WIDTH;
    const isFull = tile.width === TILE_WIDTH;
    if (tile.hashes === null) this.#findings.push({ fault: missingTile(0, tile.index, start), range: null });
    this.#tail = CompactRange.empty();
    const roots = [...tile.roots];
    for (const leaf of hashesOf(tile.hashes ?? new Uint8Array(0))) {
      this.#tail.append(leaf);
      // What the tile above says of a full one counts, too.
      if (isFull && this.#tail.size === TILE_WIDTH) break;
      for (let root = roots[0]; root?.size === start + this.#tail.size; root = roots[0]) {
        this.#compare(root);
        roots.shift();
      }
    }
    if (!isFull) {
      if (tile.hashes === null) this.#lostAt = start;
      return;
    }
    this.#close(tile, start);
    // Roots within a tile that is not there can be compared with nothing.
    for (const root of roots) if (root.size === start + TILE_WIDTH) this.#compare(root);
  }

  /** How many signed roots are those of the tree. */
  get matchedCount(): number {
    return this.#matchedCount;
  }

  /** The first leaf from which on there is no tree to compare with; null where there is one to its end. */
  get lostAt(): number | null {
    return this.#lostAt;
  }

  /** What tiles of other trees would be continued from: the tree with all leaves that were added. */
  edge(): CompactRange | null {
    const [reading] = this.#readings;
    if (reading === undefined || this.#lostAt !== null) return null;
    const nodes = [...reading.base.nodes, ...this.#tail.nodes];
    return CompactRange.fromNodes(reading.base.size + this.#tail.size, nodes);
  }

  /** All that is wrong. Where a range is given it is the leaves' of which at least one is not what was signed. */
  finish(): readonly Finding[] {
    const undecided = this.#readings.flatMap(({ findings }) => findings);
    // Where the database's own checkpoints are not found either, it is the tiles that were changed.
    const first = this.#unmatched.find(({ file }) => file === null) ?? this.#unmatched[0];
    if (first === undefined) return [...this.#findings, ...undecided];
    const range = { from: this.#matchedSize, to: first.size };
    return [...this.#findings, ...undecided, { fault: rootNotFound(first, this.#matchedSize), range }];
  }

  #close(tile: LeafTile, start: number): void {
    const [parent = null] = tile.parents;
    const own = tile.hashes === null ? null : this.#tail.root();
    this.#tail = CompactRange.empty();
    if (own === null && parent === null) {
      this.#lostAt = start;
      return;
    }
    if (parent === null) this.#missParent(tile.index);
    const differ = own !== null && parent !== null && !own.equals(parent);
    if (differ && this.#readings.length === 1) this.#readings = this.#readings.flatMap((reading) => reading.fork());
    for (const reading of this.#readings) {
      const isByLeaves = parent === null || (own !== null && reading.trusts === "leaves");
      if (differ) reading.note(isByLeaves ? parentDiffers(1, tile.index) : tileDiffers(tile.index));
      reading.push((isByLeaves ? own : parent) ?? new Uint8Array(HASH_BYTES), tile);
    }
  }

  /** A tile of level 1 is said to be missing once. */
  #missParent(index: number): void {
    const parentIndex = Math.floor(index / TILE_WIDTH);
    if (this.#missedParent === parentIndex) return;
    this.#missedParent = parentIndex;
    this.#findings.push({ fault: missingTile(1, parentIndex, index * TILE_WIDTH), range: null });
  }

  #compare(root: SignedRoot): void {
    const meant = this.#readings.find(({ base }) => {
      const hash = joinNodes([...base.nodes, ...this.#tail.nodes]);
      return hash?.equals(root.rootHash) === true;
    });
    if (meant === undefined) {
      if (this.#unmatched.length < MAX_UNMATCHED) this.#unmatched.push(root);
      return;
    }
    // By a tile that was changed no root within it can be found, which says nothing against those roots.
    if (meant.trusts === "leaves") this.#findings.push(...this.#unmatched.map(foreignRoot));
    this.#findings.push(...meant.findings);
    this.#readings = [meant.settled()];
    this.#unmatched = [];
    this.#matchedSize = root.size;
    this.#matchedCount++;
  }
}
