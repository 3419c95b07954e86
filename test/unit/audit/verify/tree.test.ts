import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { signCheckpoint } from "../../../../src/audit/checkpoint.ts";
import { FaultList } from "../../../../src/audit/verify/fault.ts";
import type { SignedRoot } from "../../../../src/audit/verify/tree-check.ts";
import { verifyTree } from "../../../../src/audit/verify/verify-tree.ts";
import { verifierOf } from "../../../support/log-database.ts";
import { MemoryTree } from "../../../support/memory-tree.ts";
import { signerNamed } from "../../../support/signed-log.ts";

const SIGNER = signerNamed("log.example/tree");
const verifiers = [verifierOf(SIGNER.verifierKey)];

async function verified(tree: MemoryTree, size: number, hasLeaves: boolean, kept: readonly SignedRoot[] = []) {
  const [faults, notices] = [new FaultList(), new FaultList()];
  const done = await verifyTree({ pages: tree.pages(hasLeaves), verifiers, size, kept, faults, notices });
  if (!done.ok) throw new Error(done.error.message);
  return { ...done.value, faults: faults.first, notices: notices.first };
}

/** A size, and sizes up to it that were signed, it among them. */
const sizes = (max: number) =>
  fc
    .integer({ min: 1, max })
    .chain((size) =>
      fc
        .uniqueArray(fc.integer({ min: 1, max: size }), { maxLength: 6 })
        .map((signed) => ({ size, signed: [...new Set([...signed, size])].toSorted((one, other) => one - other) })),
    );

describe("the tree", () => {
  test("of any size is the one that was signed, where nobody changed it", async () => {
    const property = fc.asyncProperty(sizes(1_300), async ({ size, signed }) => {
      const done = await verified(new MemoryTree(size, signed, SIGNER), size, false);
      expect(done).toMatchObject({ faults: [], notices: [], suspects: [], matchedCount: signed.length });
      expect(done.edge?.size).toBe(size);
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test("names the one tile of which any byte was changed, and the leaf where leaves are there", async () => {
    const drawn = fc.tuple(sizes(1_300), fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean());
    const property = fc.asyncProperty(drawn, async ([{ size, signed }, pickTile, pickByte, flip, hasLeaves]) => {
      const tree = new MemoryTree(size, signed, SIGNER);
      const keys = [...tree.tiles.keys()];
      const key = keys[pickTile % keys.length] ?? "";
      const hashes = tree.tiles.get(key) ?? Buffer.alloc(0);
      const at = pickByte % hashes.length;
      hashes[at] = (hashes[at] ?? 0) ^ flip;
      const { faults } = await verified(tree, size, hasLeaves);
      expect(faults).toHaveLength(1);
      const [level = 0, index = 0] = key.split("/").map(Number);
      const [fault] = faults;
      const leaf = (index * 256 + Math.floor(at / 32)) * 256 ** level;
      expect(fault).toMatchObject({ code: "tile_changed", place: "audit_tiles" });
      if (hasLeaves || level > 0) expect(fault).toMatchObject({ subject: key, leafIndex: leaf });
      else expect(fault?.leafIndex ?? Number.NaN).toBeLessThanOrEqual(leaf);
    });
    await fc.assert(property, { numRuns: 60 });
  });

  test("of three levels is compared at each of them", async () => {
    const size = 65_536 + 300;
    const clean = new MemoryTree(size, [70, 65_536, 65_800, size], SIGNER);
    expect((await verified(clean, size, false)).faults).toEqual([]);
    for (const [key, leafIndex] of [
      ["2/0", 0],
      ["1/0", 0],
      ["1/1", 65_536],
      ["0/255", 65_280],
      ["0/257", 65_792],
    ] as const) {
      const hashes = clean.tiles.get(key) ?? Buffer.alloc(0);
      hashes[3] = (hashes[3] ?? 0) ^ 1;
      const { faults } = await verified(clean, size, true);
      expect(faults).toMatchObject([{ code: "tile_changed", subject: key, leafIndex }]);
      hashes[3] = (hashes[3] ?? 0) ^ 1;
    }
  });

  test("names a tile that is missing, too short or too long, at any level, and one that no tree has", async () => {
    const size = 1_000;
    for (const key of ["0/0", "0/3", "1/0"]) {
      const gone = new MemoryTree(size, [300, size], SIGNER);
      gone.tiles.delete(key);
      expect((await verified(gone, size, false)).faults).toMatchObject([{ code: "tile_missing", subject: key }]);
      const short = new MemoryTree(size, [300, size], SIGNER);
      short.tiles.set(key, short.tiles.get(key)?.subarray(0, 64) ?? Buffer.alloc(0));
      expect((await verified(short, size, false)).faults).toMatchObject([{ code: "tile_missing", subject: key }]);
    }
    const long = new MemoryTree(size, [size], SIGNER);
    long.tiles.set("0/3", Buffer.concat([long.tiles.get("0/3") ?? Buffer.alloc(0), Buffer.alloc(32)]));
    expect((await verified(long, size, false)).faults).toMatchObject([{ code: "tile_changed", leafIndex: size }]);
    const extra = new MemoryTree(size, [size], SIGNER);
    extra.tiles.set("0/4", Buffer.alloc(32));
    expect((await verified(extra, size, false)).faults).toMatchObject([{ code: "tile_unexpected", subject: "0/4" }]);
  });

  test("says which of several tiles that were changed comes first, and goes on", async () => {
    const size = 1_000;
    const tree = new MemoryTree(size, [10, 400, size], SIGNER);
    for (const [key, at] of [
      ["0/1", 7],
      ["0/2", 900],
      ["1/0", 2],
    ] as const) {
      const hashes = tree.tiles.get(key) ?? Buffer.alloc(0);
      hashes[at] = (hashes[at] ?? 0) ^ 1;
    }
    const { faults } = await verified(tree, size, true);
    expect(faults.map(({ leafIndex }) => leafIndex)).toContain(256);
    expect(faults.length).toBeGreaterThan(1);
  });

  test("is not blamed for a checkpoint of another tree, signed by the same key", async () => {
    const size = 700;
    const tree = new MemoryTree(size, [100, 300, size], SIGNER);
    const rootHash = new Uint8Array(32).fill(7);
    const note = signCheckpoint({ size: 300, rootHash }, SIGNER);
    tree.checkpoints[1] = { treeSize: 300, rootHash, note: note.ok ? note.value : "", signedAt: 300 };
    expect((await verified(tree, size, true)).faults).toMatchObject([
      { code: "checkpoint_of_another_tree", place: "audit_checkpoints", subject: "300", leafIndex: 299 },
    ]);
  });

  test("is compared with roots from files as well", async () => {
    const size = 700;
    const tree = new MemoryTree(size, [300, size], SIGNER);
    const [, newest] = tree.checkpoints;
    const kept = { size, rootHash: newest?.rootHash ?? new Uint8Array(0), file: "kept" };
    expect(await verified(tree, size, false, [kept])).toMatchObject({ faults: [], matchedCount: 3 });
    const other = { size: 500, rootHash: new Uint8Array(32), file: "kept" };
    expect((await verified(tree, size, false, [other])).faults).toMatchObject([
      { code: "checkpoint_of_another_tree", place: "checkpoint_file" },
    ]);
  });

  test("says by time alone only what is worth a look", async () => {
    const tree = new MemoryTree(600, [300, 600], SIGNER);
    const [first, second] = tree.checkpoints;
    if (first === undefined || second === undefined) throw new Error("two were signed");
    tree.checkpoints[0] = { ...first, signedAt: second.signedAt + 1 };
    const { faults, notices } = await verified(tree, 600, false);
    expect(faults).toEqual([]);
    expect(notices).toMatchObject([{ code: "time_out_of_order", columns: ["signed_at"] }]);
  });
});
