import { createHash } from "node:crypto";
import { signCheckpoint } from "../../src/audit/checkpoint.ts";
import { extendTiles, readerOf, rootFromTiles, tileWidth } from "../../src/audit/tiles.ts";
import type { AuditPages, StoredCheckpoint } from "../../src/audit/verify/pages.ts";
import { ok } from "../../src/core/result.ts";
import type { NoteSigner } from "../../src/core/signed-note.ts";

/** A tree with its checkpoints, as a database would hold it; whatever is in it can be changed. */
export class MemoryTree {
  readonly tiles = new Map<string, Buffer>();
  readonly checkpoints: StoredCheckpoint[];
  readonly #leaves: readonly Buffer[];
  readonly #size: number;

  constructor(size: number, signedSizes: readonly number[], signer: NoteSigner) {
    this.#size = size;
    this.#leaves = Array.from({ length: size }, (_, index) => createHash("sha256").update(`${index}`).digest());
    const tiles = extendTiles(0, [], this.#leaves)?.tiles ?? [];
    for (const { level, index, hashes } of tiles) this.tiles.set(`${level}/${index}`, Buffer.from(hashes));
    this.checkpoints = signedSizes.map((treeSize) => {
      const rootHash = rootFromTiles(treeSize, readerOf(tiles)) ?? Buffer.alloc(32);
      const note = signCheckpoint({ size: treeSize, rootHash }, signer);
      return { treeSize, rootHash, note: note.ok ? note.value : "", signedAt: treeSize };
    });
  }

  /** What verification reads of a tree. Leaves are there if `hasLeaves`. */
  pages(hasLeaves: boolean): AuditPages {
    const none = async () => {
      throw new Error("a tree alone has no rows");
    };
    return {
      tiles: async (level, from, limit) => {
        const indices = Array.from({ length: limit }, (_, at) => from + at);
        return ok(
          indices.flatMap((index) => {
            const hashes = this.tiles.get(`${level}/${index}`);
            return hashes === undefined ? [] : [{ index, hashes, treeSize: this.#size }];
          }),
        );
      },
      strayTiles: async (size) => {
        const keys = [...this.tiles.keys()].map((key) => key.split("/").map(Number));
        const tiles = keys.map(([level = 0, index = 0]) => ({ level, index }));
        return ok(tiles.filter(({ level, index }) => tileWidth(level, index, size) === 0));
      },
      checkpoints: async (after, limit) =>
        ok(this.checkpoints.filter(({ treeSize }) => treeSize > (after ?? -1)).slice(0, limit)),
      leafHashes: async (from, to) =>
        ok(hasLeaves ? this.#leaves.slice(from, to).map((leafHash, at) => ({ leafIndex: from + at, leafHash })) : []),
      head: none,
      countLeaves: none,
      unerased: none,
      leaves: none,
      actions: none,
      strayLeaves: none,
      firstLeafSince: none,
      rows: none,
      similarRows: none,
      verifierKeys: none,
      policies: none,
      policy: none,
    };
  }
}
