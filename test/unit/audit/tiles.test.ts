import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { rootOf, verifyConsistency, verifyInclusion } from "../../../src/audit/merkle.ts";
import {
  consistencyProof,
  edgeTilesOf,
  extendTiles,
  formatTilePath,
  inclusionProof,
  MAX_TILE_LEVEL,
  parseTilePath,
  readerOf,
  rootFromTiles,
  type Tile,
  type TileRef,
  tilesForConsistency,
  tilesForInclusion,
  tileWidth,
} from "../../../src/audit/tiles.ts";
import vectors from "../../fixtures/merkle.json" with { type: "json" };
import { leavesOf } from "../../support/naive-tree.ts";

const { byGo } = vectors;

const COUNT = 70_000;
const leaves = leavesOf(COUNT);
const fullTree = grow([COUNT]);
const readTile = readerOf(fullTree.values());

/** The tiles of a tree that grew by these steps, as a table would hold them. */
function grow(steps: readonly number[]): ReadonlyMap<string, Tile> {
  const table = new Map<string, Tile>();
  let size = 0;
  for (const step of steps) {
    const edge = edgeTilesOf(size).flatMap((ref) => table.get(keyOf(ref)) ?? []);
    const extension = extendTiles(size, edge, leaves.slice(size, size + step));
    if (extension === null) throw new Error("an edge tile is missing");
    for (const tile of extension.tiles) table.set(keyOf(tile), tile);
    size += step;
    const isRight = extension.size === size && extension.root.equals(rootOf(leaves.slice(0, size)));
    if (!isRight) throw new Error(`the root at ${size} is wrong`);
  }
  return table;
}

function keyOf({ level, index }: { readonly level: number; readonly index: number }): string {
  return `${level}/${index}`;
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const base64 = (hashes: readonly Buffer[] | null) => hashes?.map((hash) => hash.toString("base64")) ?? null;

/** Only the tiles that were asked for, and of these no more hashes than that. */
const readerOfOnly = (refs: readonly TileRef[]) =>
  readerOf(
    refs.map(({ level, index, width }) => {
      const hashes = readTile(level, index, width);
      if (hashes === null) throw new Error("a tile is asked for that the tree does not have");
      return { level, index, hashes: hashes.subarray(0, width * 32) };
    }),
  );

describe("what Go's sumdb/tlog made", () => {
  test("are the same tiles", () => {
    for (const { path, sha256: expected } of byGo.tiles) {
      const ref = parseTilePath(path);
      if (ref === null) throw new Error(`${path} is read as none`);
      const hashes = fullTree.get(keyOf(ref))?.hashes ?? new Uint8Array();
      expect([path, hashes.length, sha256(hashes)]).toEqual([path, ref.width * 32, expected]);
    }
    expect(byGo.tiles.length).toBeGreaterThan(4);
  });

  test("are the same proofs", () => {
    for (const { index, size, proof } of byGo.inclusion) {
      expect(base64(inclusionProof(index, size, readTile))).toEqual(proof);
    }
    for (const { from, to, proof } of byGo.consistency) {
      expect(base64(consistencyProof(from, to, readTile))).toEqual(proof);
    }
  });

  test("are the same roots, of smaller trees too", () => {
    for (const { size, root } of byGo.roots) expect(rootFromTiles(size, readTile)?.toString("base64")).toBe(root);
  });

  test("are the same paths", () => {
    for (const { path, ...ref } of byGo.paths) {
      expect(formatTilePath(ref)).toBe(path);
      expect(parseTilePath(path)).toEqual(ref);
    }
  });
});

describe("extendTiles", () => {
  test("makes the same tiles in one step and in many", () => {
    const steps = fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(255, 256, 257, 600)), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(steps, (given) => {
        const inSteps = grow(given);
        const atOnce = grow([given.reduce((sum, step) => sum + step, 0)]);
        const sorted = (table: ReadonlyMap<string, Tile>) =>
          [...table].map(([key, { hashes }]) => [key, sha256(hashes)].join(" ")).sort();
        expect(sorted(inSteps)).toEqual(sorted(atOnce));
      }),
      { numRuns: 25 },
    );
  });

  test("names the tiles that are new or have grown, and those only", () => {
    const tilesOf = (oldSize: number, count: number) => {
      const edge = edgeTilesOf(oldSize).map((ref) => ({
        ...ref,
        hashes: readTile(ref.level, ref.index, ref.width) ?? new Uint8Array(),
      }));
      const grown = extendTiles(oldSize, edge, leaves.slice(oldSize, oldSize + count));
      return grown?.tiles.map(({ level, index, hashes }) => [level, index, hashes.length / 32]);
    };
    expect(tilesOf(0, 0)).toEqual([]);
    expect(tilesOf(0, 1)).toEqual([[0, 0, 1]]);
    expect(tilesOf(300, 0)).toEqual([]);
    expect(tilesOf(255, 1)).toEqual([
      [0, 0, 256],
      [1, 0, 1],
    ]);
    expect(tilesOf(256, 1)).toEqual([[0, 1, 1]]);
    expect(tilesOf(65_535, 2)).toEqual([
      [0, 255, 256],
      [0, 256, 1],
      [1, 0, 256],
      [2, 0, 1],
    ]);
  });

  test("uses of an edge tile no more than the tree had of it", () => {
    const longer = edgeTilesOf(300).flatMap((ref) => fullTree.get(keyOf(ref)) ?? []);
    const grown = extendTiles(300, longer, leaves.slice(300, 310));
    expect(grown?.root.equals(rootOf(leaves.slice(0, 310)))).toBe(true);
    expect(grown?.tiles.map(({ hashes }) => hashes.length / 32)).toEqual([54]);
  });

  test("refuses to go on without an edge tile, or with one that is too short", () => {
    const edge = edgeTilesOf(COUNT).flatMap((ref) => fullTree.get(keyOf(ref)) ?? []);
    expect(edge.map(({ level, hashes }) => [level, hashes.length / 32])).toEqual([
      [0, 112],
      [1, 17],
      [2, 1],
    ]);
    const leaf = leavesOf(COUNT + 1).slice(COUNT);
    expect(extendTiles(COUNT, edge, leaf)?.root.equals(rootOf([...leaves, ...leaf]))).toBe(true);
    for (const [at, { hashes, ...tile }] of edge.entries()) {
      expect(extendTiles(COUNT, edge.toSpliced(at, 1), leaf)).toBeNull();
      const short = { ...tile, hashes: hashes.subarray(0, hashes.length - 32) };
      expect(extendTiles(COUNT, edge.with(at, short), leaf)).toBeNull();
    }
  });
});

describe("proofs from tiles", () => {
  const twoSizes = fc.tuple(fc.nat(COUNT - 1), fc.nat(COUNT - 1)).map(([one, other]) => {
    const [from, to] = one < other ? [one, other] : [other, one];
    return { from: from + 1, to: to + 1 };
  });

  test("hold, and need the tiles that are named for them and no other", () => {
    fc.assert(
      fc.property(twoSizes, ({ from, to }) => {
        const [older, root] = [rootFromTiles(from, readTile), rootFromTiles(to, readTile)];
        if (older === null || root === null) throw new Error("a tile is missing");
        const index = from - 1;
        const inclusion = inclusionProof(index, to, readerOfOnly(tilesForInclusion(index, to)));
        const consistency = consistencyProof(from, to, readerOfOnly(tilesForConsistency(from, to)));
        expect(verifyInclusion(leaves[index] ?? older, index, to, inclusion ?? [], root)).toBe(true);
        expect(verifyConsistency(from, older, to, root, consistency ?? [])).toBe(true);
        expect(rootFromTiles(to, readerOfOnly(edgeTilesOf(to)))?.equals(root)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  test("are refused where any of those tiles is missing or too short", () => {
    const [index, size] = [300, 66_000];
    const tiles = tilesForInclusion(index, size);
    expect(tiles.length).toBeGreaterThan(2);
    for (const missing of tiles) {
      const others = tiles.filter((ref) => ref !== missing);
      expect(inclusionProof(index, size, readerOfOnly(others))).toBeNull();
      const short = { ...missing, width: missing.width - 1 };
      expect(inclusionProof(index, size, readerOfOnly([...others, short]))).toBeNull();
    }
    expect(consistencyProof(index, size, () => null)).toBeNull();
    expect(rootFromTiles(size, () => null)).toBeNull();
  });

  test("of the empty tree and of a single leaf need no tile", () => {
    expect(rootFromTiles(0, () => null)?.equals(rootOf([]))).toBe(true);
    expect(inclusionProof(0, 1, () => null)).toEqual([]);
    expect(consistencyProof(0, 5, () => null)).toEqual([]);
    expect(consistencyProof(5, 5, () => null)).toEqual([]);
  });
});

describe("the geometry", () => {
  test("is that of the standard's examples", () => {
    const widths = (level: number, size: number) =>
      Array.from({ length: 300 }, (_, index) => tileWidth(level, index, size)).filter((width) => width > 0);
    expect(widths(0, 70_000)).toEqual([...new Array(273).fill(256), 112]);
    expect(widths(1, 70_000)).toEqual([256, 17]);
    expect(widths(2, 70_000)).toEqual([1]);
    expect(edgeTilesOf(256)).toEqual([{ level: 1, index: 0, width: 1 }]);
    expect(edgeTilesOf(0)).toEqual([]);
  });

  test("ends at the level that the largest size has", () => {
    const edge = edgeTilesOf(Number.MAX_SAFE_INTEGER);
    expect(edge.map(({ level, width }) => [level, width])).toEqual([
      ...Array.from({ length: MAX_TILE_LEVEL }, (_, level) => [level, 255]),
      [MAX_TILE_LEVEL, 31],
    ]);
  });
});

describe("a tile's path", () => {
  test("is read as it was written", () => {
    const ref = fc.record({
      level: fc.nat(1),
      index: fc.oneof(
        fc.nat(2_000),
        fc.maxSafeNat().map((value) => Math.floor(value / 2 ** 17)),
      ),
      width: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(fc.property(ref, (given) => expect(parseTilePath(formatTilePath(given))).toEqual(given)));
  });

  test.each([
    "",
    "0",
    "0/0",
    "0/00",
    "0/0000",
    "00/000",
    "7/000",
    "-1/000",
    "64/000",
    "entries/000",
    "x/000",
    "0/x000/000",
    "0/x000/001",
    "0/001/000",
    "0/x001",
    "0/x001/",
    "0/x001/x000",
    "0/000.p/0",
    "0/000.p/01",
    "0/000.p/256",
    "0/000.p/257",
    "0/000.p/",
    "0/000.p/1 ",
    "0/000.p/+1",
    "0/000/.p/1",
    "/0/000",
    "0/000/",
    "0//000",
    "0/000\n",
    "0/..",
    "0/%30%30%30",
    "0/x999/x999/x999/x999/x999/x999/999",
    "6/x001/000",
  ])("%p is none", (path) => {
    expect(parseTilePath(path)).toBeNull();
  });
});
