import { expect, test } from "bun:test";
import fc from "fast-check";
import { TreeGrowth } from "../../../src/audit/growth.ts";
import { rootOf } from "../../../src/audit/merkle.ts";
import { edgeTilesOf, extendTiles, type Tile } from "../../../src/audit/tiles.ts";
import { leavesOf } from "../../support/log-database.ts";

const LEAVES = leavesOf(0, 1_200);
const between = (from: number, to: number) => Buffer.concat(LEAVES.slice(from, to));

/** Tiles as a store has them: the last write of each counts. */
class Tiles {
  readonly #tiles = new Map<string, Tile>();
  write(tiles: readonly Tile[]): void {
    for (const tile of tiles) this.#tiles.set(`${tile.level}/${tile.index}`, tile);
  }
  edge(size: number): Tile[] {
    return edgeTilesOf(size).flatMap(({ level, index }) => this.#tiles.get(`${level}/${index}`) ?? []);
  }
  all(): string[] {
    return [...this.#tiles].map(([key, { hashes }]) => `${key} ${Buffer.from(hashes).toString("hex")}`).toSorted();
  }
}

test("a tree grown in portions, some of them written in between, is the tree of all its leaves", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 300 }), fc.boolean()), { maxLength: 6 }),
      fc.constantFrom(0, 1, 255, 256, 257),
      (portions, first) => {
        const store = new Tiles();
        let growth = TreeGrowth.from(0, []);
        for (const [count, isWritten] of [[first, true] as const, ...portions]) {
          if (growth === null) throw new Error("the tree lost its edge");
          const { size } = growth;
          growth.append(between(size, Math.min(LEAVES.length, size + count)));
          expect(growth.root).toEqual(rootOf(LEAVES.slice(0, growth.size)));
          if (!isWritten) continue;
          store.write(growth.changed);
          growth = count % 2 === 0 ? growth.settled() : TreeGrowth.from(growth.size, store.edge(growth.size));
        }
        store.write(growth?.changed ?? []);
        const whole = new Tiles();
        whole.write(extendTiles(0, [], LEAVES.slice(0, growth?.size))?.tiles ?? []);
        expect(store.all()).toEqual(whole.all());
      },
    ),
    { numRuns: 60 },
  );
});

test("what was written already is not changed any more", () => {
  const growth = TreeGrowth.from(0, []);
  growth?.append(between(0, 300));
  const settled = growth?.settled();
  expect(settled?.changed).toEqual([]);
  settled?.append(between(300, 301));
  expect(settled?.changed.map(({ level, index, hashes }) => [level, index, hashes.length / 32])).toEqual([[0, 1, 45]]);
});

test("a tree whose edge is missing or too short is none", () => {
  const growth = TreeGrowth.from(0, []);
  growth?.append(between(0, 300));
  const tiles = growth?.changed ?? [];
  expect(TreeGrowth.from(300, tiles)?.root).toEqual(rootOf(LEAVES.slice(0, 300)));
  for (const missing of tiles.filter(({ index, level }) => level === 1 || index === 1)) {
    expect(
      TreeGrowth.from(
        300,
        tiles.filter((tile) => tile !== missing),
      ),
    ).toBeNull();
    const short = { ...missing, hashes: missing.hashes.subarray(32) };
    expect(TreeGrowth.from(300, [...tiles.filter((tile) => tile !== missing), short])).toBeNull();
  }
});
