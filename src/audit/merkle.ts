import { createHash } from "node:crypto";

/**
 * The Merkle tree of RFC 6962, section 2.1, over SHA-256, and its proofs. Hashes are of 32 bytes. Sizes and indices of
 * leaves are safe integers, which are too large for JavaScript's operators on bits.
 */
export const HASH_BYTES = 32;

const NODE_PREFIX = Uint8Array.of(0x01);

/** SHA-256(0x01 || left || right). */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer =>
  createHash("sha256").update(NODE_PREFIX).update(left).update(right).digest();

/** Of the tree without leaves: SHA-256 of nothing. */
export const emptyRoot = (): Buffer => createHash("sha256").digest();

/** The root of a tree of these leaf hashes. */
export function rootOf(leaves: Iterable<Uint8Array>): Buffer {
  const range = CompactRange.empty();
  for (const leaf of leaves) range.append(leaf);
  return range.root();
}

/** A tree that grows at its right edge, of which only the roots of its perfect subtrees are kept: at most 53 hashes. */
export class CompactRange {
  #size: number;
  readonly #nodes: Uint8Array[];

  private constructor(size: number, nodes: readonly Uint8Array[]) {
    this.#size = size;
    this.#nodes = [...nodes];
  }

  static empty(): CompactRange {
    return new CompactRange(0, []);
  }

  /** `nodes` are the roots of the perfect subtrees, from left to right: one for each bit of the size that is set. */
  static fromNodes(size: number, nodes: readonly Uint8Array[]): CompactRange {
    if (nodes.length !== perfectSubtrees(0, size).length) throw new Error(`a tree of ${size} leaves has other nodes`);
    return new CompactRange(size, nodes);
  }

  get size(): number {
    return this.#size;
  }

  /** What `fromNodes` takes. */
  get nodes(): readonly Uint8Array[] {
    return [...this.#nodes];
  }

  append(leaf: Uint8Array): void {
    let node = leaf;
    for (let rest = this.#size; isOdd(rest); rest = half(rest)) {
      const left = this.#nodes.pop();
      if (left === undefined) throw new Error("a compact range lost a node");
      node = nodeHash(left, node);
    }
    this.#nodes.push(node);
    this.#size++;
  }

  root(): Buffer {
    return joinNodes(this.#nodes) ?? emptyRoot();
  }
}

/** The root over perfect subtrees from left to right, each one smaller than the one before; null where there is none. */
export function joinNodes(nodes: readonly Uint8Array[]): Buffer | null {
  const [last, ...others] = nodes.toReversed();
  if (last === undefined) return null;
  return others.reduce((right: Buffer, left) => nodeHash(left, right), Buffer.from(last));
}

/** Leaves from `start` to before `end` whose root stands in a proof. */
export type LeafRange = { readonly start: number; readonly end: number };

/** The perfect subtree over the leaves from `index * 2 ** height` on, `2 ** height` of them. */
export type TreeNode = { readonly height: number; readonly index: number };

/** The perfect subtrees that a range of the tree consists of, largest first. */
export function perfectSubtrees(start: number, end: number): readonly TreeNode[] {
  const nodes: TreeNode[] = [];
  for (let from = start; from < end; ) {
    const height = heightOf(end - from);
    const width = 2 ** height;
    nodes.push({ height, index: from / width });
    from += width;
  }
  return nodes;
}

/** What an inclusion proof consists of (RFC 6962, 2.1.1): the root of each range, from the leaf's sibling upwards. */
export function inclusionRanges(index: number, size: number): readonly LeafRange[] {
  if (!isLeafOf(index, size)) throw new Error(`a tree of ${size} leaves has no leaf ${index}`);
  const ranges: LeafRange[] = [];
  for (let [start, end] = [0, size]; end - start > 1; ) {
    const middle = start + splitOf(end - start);
    ranges.push(index < middle ? { start: middle, end } : { start, end: middle });
    [start, end] = index < middle ? [start, middle] : [middle, end];
  }
  return ranges.reverse();
}

/** What a proof consists of that a tree of `to` leaves begins with the one of `from` leaves (RFC 6962, 2.1.2). */
export function consistencyRanges(from: number, to: number): readonly LeafRange[] {
  if (!isSize(from) || !isSize(to) || from > to) throw new Error(`no tree of ${to} leaves begins with one of ${from}`);
  if (from === 0 || from === to) return [];
  const ranges: LeafRange[] = [];
  let [start, end] = [0, to];
  while (end !== from) {
    const middle = start + splitOf(end - start);
    ranges.push(from <= middle ? { start: middle, end } : { start, end: middle });
    [start, end] = from <= middle ? [start, middle] : [middle, end];
  }
  // Where the older tree is itself a subtree, whoever verifies has its root already.
  if (start > 0) ranges.push({ start, end });
  return ranges.reverse();
}

/** Whether a leaf stands at `index` of the tree of that size and root (RFC 9162, 2.1.3.2). */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isLeafOf(index, size) || !areHashes([leaf, root, ...proof])) return false;
  let [at, last] = [index, size - 1];
  let hash: Buffer = Buffer.from(leaf);
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      hash = nodeHash(sibling, hash);
      // The right edge has no sibling on its way up where the tree is not full.
      for (; !isOdd(at) && at !== 0; at = half(at)) last = half(last);
    } else hash = nodeHash(hash, sibling);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && hash.equals(root);
}

/** Whether the tree of `to` leaves begins with all leaves of the one of `from` leaves (RFC 9162, 2.1.4.2). */
export function verifyConsistency(
  from: number,
  fromRoot: Uint8Array,
  to: number,
  toRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isSize(from) || !isSize(to) || from > to || !areHashes([fromRoot, toRoot, ...proof])) return false;
  if (from === 0 || from === to) {
    const known = from === 0 ? emptyRoot() : Buffer.from(toRoot);
    return proof.length === 0 && known.equals(fromRoot);
  }
  let [at, last] = [from - 1, to - 1];
  for (; isOdd(at); at = half(at)) last = half(last);
  const [seed, ...rest] = at === 0 ? [fromRoot, ...proof] : proof;
  if (seed === undefined) return false;
  let older: Buffer = Buffer.from(seed);
  let newer = older;
  for (const node of rest) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      older = nodeHash(node, older);
      newer = nodeHash(node, newer);
      for (; !isOdd(at) && at !== 0; at = half(at)) last = half(last);
    } else newer = nodeHash(newer, node);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && older.equals(fromRoot) && newer.equals(toRoot);
}

/** Hashes that stand one behind the other. */
export function* hashesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += HASH_BYTES) yield bytes.subarray(at, at + HASH_BYTES);
}

/** The largest power of two that is smaller than a size of at least 2. */
const splitOf = (size: number): number => 2 ** heightOf(size - 1);

/** The exponent of the largest power of two that is no larger. A logarithm would round up just below one. */
const heightOf = (value: number): number => value.toString(2).length - 1;

const half = (value: number): number => Math.floor(value / 2);
const isOdd = (value: number): boolean => value % 2 === 1;
export const isSize = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const isLeafOf = (index: number, size: number): boolean => isSize(index) && isSize(size) && index < size;
const areHashes = (hashes: readonly Uint8Array[]): boolean => hashes.every(({ length }) => length === HASH_BYTES);
