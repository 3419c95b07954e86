import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import {
  CompactRange,
  consistencyRanges,
  inclusionRanges,
  nodeHash,
  perfectSubtrees,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from "../../../src/audit/merkle.ts";
import { leafHash } from "../../../src/audit/record.ts";
import vectors from "../../fixtures/merkle.json" with { type: "json" };
import { leavesOf, naiveConsistency, naiveInclusion, naiveRoot } from "../../support/naive-tree.ts";

const { published, byGo } = vectors;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const fromBase64 = (text: string): Buffer => Buffer.from(text, "base64");
const inputs = published.leafInputsHex.map((input) => Buffer.from(input, "hex"));

/** Sizes at and around powers of two, and any other that is small enough to build the tree twice. */
const size = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(63, 64, 65, 127, 128, 129, 255, 256, 257, 300));
const ofSize = size.chain((n) => fc.record({ n: fc.constant(n), at: fc.nat(n - 1) }));

describe("the published vectors", () => {
  test("of leaves, nodes and roots hold", () => {
    expect(inputs.map((input) => hex(leafHash(input)))).toEqual(published.leafHashesHex);
    expect(hex(leafHash(published.leafOfASCII.input))).toBe(published.leafOfASCII.hashHex);
    const { left, right, hashHex } = published.nodeOfASCII;
    expect(hex(nodeHash(Buffer.from(left), Buffer.from(right)))).toBe(hashHex);
    const leaves = inputs.map((input) => leafHash(input));
    const roots = published.rootsBySizeHex.map((_, count) => hex(rootOf(leaves.slice(0, count))));
    expect(roots).toEqual(published.rootsBySizeHex);
  });

  test("a tree without leaves has the hash of nothing as its root", () => {
    expect(hex(CompactRange.empty().root())).toBe(createHash("sha256").digest("hex"));
  });
});

describe("what Go's sumdb/tlog made", () => {
  const roots = new Map(byGo.roots.map(({ size, root }) => [size, fromBase64(root)]));
  const leaves = leavesOf(70_000);

  test("has the same roots while the tree grows", () => {
    const range = CompactRange.empty();
    const found = new Map<number, string>();
    for (const leaf of leaves) {
      range.append(leaf);
      if (roots.has(range.size)) found.set(range.size, range.root().toString("base64"));
    }
    expect([...found]).toEqual(byGo.roots.map(({ size, root }) => [size, root]));
  });

  test("has inclusion proofs that hold", () => {
    const proofs = byGo.inclusion.filter(({ size }) => roots.has(size));
    expect(proofs.length).toBeGreaterThan(8);
    for (const { index, size, proof } of proofs) {
      const root = roots.get(size) ?? new Uint8Array();
      const leaf = leaves[index] ?? new Uint8Array();
      expect(verifyInclusion(leaf, index, size, proof.map(fromBase64), root)).toBe(true);
    }
  });

  test("has consistency proofs that hold", () => {
    const proofs = byGo.consistency.filter(({ from, to }) => roots.has(from) && roots.has(to));
    expect(proofs.length).toBeGreaterThan(4);
    for (const { from, to, proof } of proofs) {
      const [older, newer] = [roots.get(from) ?? new Uint8Array(), roots.get(to) ?? new Uint8Array()];
      expect(verifyConsistency(from, older, to, newer, proof.map(fromBase64))).toBe(true);
    }
  });
});

describe("CompactRange", () => {
  test("has the root of the definition at every size", () => {
    const leaves = leavesOf(130);
    const range = CompactRange.empty();
    for (const [index, leaf] of leaves.entries()) {
      range.append(leaf);
      expect(hex(range.root())).toBe(hex(naiveRoot(leaves.slice(0, index + 1))));
    }
  });

  test("goes on from its nodes as if it had never stopped", () => {
    fc.assert(
      fc.property(ofSize, ({ n, at }) => {
        const leaves = leavesOf(n);
        const first = CompactRange.empty();
        for (const leaf of leaves.slice(0, at)) first.append(leaf);
        const nodes = first.nodes;
        const second = CompactRange.fromNodes(first.size, nodes);
        for (const leaf of leaves.slice(at)) second.append(leaf);
        expect([second.size, hex(second.root())]).toEqual([n, hex(naiveRoot(leaves))]);
        expect([first.size, hex(first.root())]).toEqual([at, hex(naiveRoot(leaves.slice(0, at)))]);
        for (const leaf of leaves.slice(at)) first.append(leaf);
        expect(hex(CompactRange.fromNodes(at, nodes).root())).toBe(hex(naiveRoot(leaves.slice(0, at))));
      }),
      { numRuns: 50 },
    );
  });

  test("takes no nodes of a tree of another size", () => {
    expect(() => CompactRange.fromNodes(3, [leafHash("a")])).toThrow("3 leaves");
    expect(() => CompactRange.fromNodes(0, [leafHash("a")])).toThrow("0 leaves");
  });
});

describe("sizes beyond 32 bits", () => {
  const large = fc.integer({ min: 2 ** 31, max: Number.MAX_SAFE_INTEGER });

  test("consist of perfect subtrees that cover them, each in its place", () => {
    fc.assert(
      fc.property(large, (n) => {
        const nodes = perfectSubtrees(0, n);
        const widths = nodes.map(({ height }) => 2 ** height);
        expect(widths.reduce((sum, width) => sum + width, 0)).toBe(n);
        expect(widths).toEqual(widths.toSorted((one, other) => other - one));
        expect(nodes.every(({ index }) => Number.isSafeInteger(index))).toBe(true);
      }),
    );
    // Where a logarithm rounds up.
    expect(perfectSubtrees(0, 2 ** 50 - 1)).toHaveLength(50);
    expect(perfectSubtrees(0, Number.MAX_SAFE_INTEGER)).toHaveLength(53);
  });

  test("have proofs of the right length, which are of the leaf's siblings", () => {
    expect(inclusionRanges(2 ** 40, 2 ** 40 + 1)).toEqual([{ start: 0, end: 2 ** 40 }]);
    expect(inclusionRanges(0, 2 ** 53 - 1)).toHaveLength(53);
    expect(consistencyRanges(2 ** 40, 2 ** 40 + 1)).toEqual([{ start: 2 ** 40, end: 2 ** 40 + 1 }]);
  });

  test("verify, too", () => {
    const [left, right] = [leafHash("left"), leafHash("right")];
    const root = nodeHash(left, right);
    expect(verifyInclusion(right, 2 ** 40, 2 ** 40 + 1, [left], root)).toBe(true);
    expect(verifyInclusion(right, 2 ** 40 - 1, 2 ** 40 + 1, [left], root)).toBe(false);
    expect(verifyConsistency(2 ** 40, left, 2 ** 40 + 1, root, [right])).toBe(true);
    expect(verifyConsistency(2 ** 40, right, 2 ** 40 + 1, root, [right])).toBe(false);
  });
});

describe("verifyInclusion", () => {
  test("accepts the proof of the definition for every leaf of every small tree", () => {
    for (let n = 1; n <= 33; n++) {
      const leaves = leavesOf(n);
      const root = naiveRoot(leaves);
      for (const [index, leaf] of leaves.entries()) {
        expect(verifyInclusion(leaf, index, n, naiveInclusion(index, leaves), root)).toBe(true);
      }
    }
  });

  test("refuses when the leaf, the index, the size, the root or a hash of the proof is another", () => {
    fc.assert(
      fc.property(ofSize, fc.nat(), fc.nat(), ({ n, at }, pick, bit) => {
        const leaves = leavesOf(n);
        const [leaf, root, proof] = [leaves[at] ?? leafHash(""), naiveRoot(leaves), naiveInclusion(at, leaves)];
        const other = leavesOf(n + 1)[n] ?? leafHash("");
        const verify = (change: { leaf?: Buffer; at?: number; root?: Buffer; proof?: readonly Buffer[] }) =>
          verifyInclusion(change.leaf ?? leaf, change.at ?? at, n, change.proof ?? proof, change.root ?? root);
        expect(verify({})).toBe(true);
        expect(verify({ leaf: other })).toBe(false);
        expect(verify({ root: other })).toBe(false);
        expect(verify({ root: flipped(root, bit) })).toBe(false);
        expect(verify({ proof: [...proof, other] })).toBe(false);
        expect(verify({ proof: [other, ...proof] })).toBe(false);
        for (let index = 0; index < n; index++) expect(verify({ at: index })).toBe(index === at);
        if (proof.length === 0) return;
        const chosen = pick % proof.length;
        expect(verify({ proof: proof.toSpliced(chosen, 1) })).toBe(false);
        expect(verify({ proof: proof.with(chosen, flipped(proof[chosen] ?? root, bit)) })).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  test("refuses indices outside the tree, numbers that are none, and hashes of another length", () => {
    const [left, right] = [leafHash("left"), leafHash("right")];
    const root = nodeHash(left, right);
    expect(verifyInclusion(left, 0, 2, [right], root)).toBe(true);
    for (const index of [2, -1, 0.5, Number.NaN, 2 ** 53]) {
      expect(verifyInclusion(left, index, 2, [right], root)).toBe(false);
    }
    expect(verifyInclusion(left, 0, 0, [], left)).toBe(false);
    expect(verifyInclusion(left, 0, 2, [right.subarray(1)], root)).toBe(false);
    expect(verifyInclusion(left.subarray(1), 0, 1, [], left.subarray(1))).toBe(false);
  });

  test("refuses a proof that goes on above the root, also where the hashes fit", () => {
    const [left, right] = [leafHash("left"), leafHash("right")];
    expect(verifyInclusion(right, 0, 1, [left], nodeHash(left, right))).toBe(false);
    const leaves = leavesOf(3);
    const proof = [...naiveInclusion(2, leaves), left];
    expect(verifyInclusion(leaves[2] ?? left, 2, 3, proof, nodeHash(left, naiveRoot(leaves)))).toBe(false);
  });

  test("takes no inner node for a leaf", () => {
    const leaves = leavesOf(4);
    const [first, second, third, fourth] = leaves.map((leaf) => leaf);
    if (!first || !second || !third || !fourth) throw new Error("there are four");
    const inner = nodeHash(first, second);
    // Of a tree of two it would be one: the size is what tells them apart, and it is signed.
    expect(verifyInclusion(inner, 0, 4, [nodeHash(third, fourth)], naiveRoot(leaves))).toBe(false);
    expect(verifyInclusion(inner, 0, 2, [nodeHash(third, fourth)], naiveRoot(leaves))).toBe(true);
    expect(hex(leafHash(Buffer.concat([first, second])))).not.toBe(hex(inner));
  });
});

describe("verifyConsistency", () => {
  test("accepts the proof of the definition between all small trees", () => {
    for (let to = 1; to <= 33; to++) {
      const leaves = leavesOf(to);
      const root = naiveRoot(leaves);
      for (let from = 1; from <= to; from++) {
        const older = naiveRoot(leaves.slice(0, from));
        expect(verifyConsistency(from, older, to, root, naiveConsistency(from, leaves))).toBe(true);
      }
    }
  });

  test("refuses another old root, another new root, and any other proof", () => {
    fc.assert(
      fc.property(ofSize, fc.nat(), fc.nat(), ({ n, at }, pick, bit) => {
        const leaves = leavesOf(n);
        const [from, root] = [at + 1, naiveRoot(leaves)];
        const [older, proof] = [naiveRoot(leaves.slice(0, from)), naiveConsistency(from, leaves)];
        expect(verifyConsistency(from, older, n, root, proof)).toBe(true);
        expect(verifyConsistency(from, flipped(older, bit), n, root, proof)).toBe(false);
        expect(verifyConsistency(from, older, n, flipped(root, bit), proof)).toBe(false);
        expect(verifyConsistency(from, older, n, root, [...proof, root])).toBe(false);
        if (proof.length === 0) return;
        const chosen = pick % proof.length;
        expect(verifyConsistency(from, older, n, root, proof.toSpliced(chosen, 1))).toBe(false);
        const altered = proof.with(chosen, flipped(proof[chosen] ?? root, bit));
        expect(verifyConsistency(from, older, n, root, altered)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  test("refuses a tree that one leaf was altered, taken out or put into", () => {
    const leaves = leavesOf(9);
    const forged = [
      leaves.with(3, leafHash("forged")),
      leaves.toSpliced(3, 1),
      leaves.toSpliced(3, 0, leafHash("new")),
    ];
    for (const others of forged) {
      const [older, root] = [naiveRoot(leaves.slice(0, 5)), naiveRoot(others)];
      expect(verifyConsistency(5, older, others.length, root, naiveConsistency(5, others))).toBe(false);
    }
  });

  test("refuses a proof that goes on above the roots, also where the hashes fit", () => {
    const leaves = leavesOf(4);
    const above = leafHash("above");
    const [older, root] = [naiveRoot(leaves.slice(0, 3)), naiveRoot(leaves)].map((hash) => nodeHash(above, hash));
    const proof = [...naiveConsistency(3, leaves), above];
    expect(verifyConsistency(3, older ?? above, 4, root ?? above, proof)).toBe(false);
  });

  test("knows the empty tree as the beginning of every tree, and no larger tree as that of a smaller one", () => {
    const [empty, one] = [CompactRange.empty().root(), leafHash("one")];
    expect(verifyConsistency(0, empty, 1, one, [])).toBe(true);
    expect(verifyConsistency(0, one, 1, one, [])).toBe(false);
    expect(verifyConsistency(0, empty, 0, one, [])).toBe(true);
    expect(verifyConsistency(0, empty, 1, one, [one])).toBe(false);
    expect(verifyConsistency(2, one, 1, one, [])).toBe(false);
    expect(verifyConsistency(1, one, 1, one, [])).toBe(true);
    expect(verifyConsistency(1, one, 2, one, [])).toBe(false);
    expect(() => consistencyRanges(2, 1)).toThrow();
    expect(() => inclusionRanges(1, 1)).toThrow();
  });
});

function flipped(hash: Uint8Array, bit: number): Buffer {
  const copy = Buffer.from(hash);
  const at = Math.floor(bit / 8) % copy.length;
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit % 8));
  return copy;
}
