import { createHash } from "node:crypto";

/** The tree of RFC 6962, section 2.1, written down as the standard defines it: the whole tree again for every hash. */

/** SHA-256 of 0x00 and `leaf 0`, `leaf 1` and so on, as the fixtures have them. */
export const leavesOf = (count: number): readonly Buffer[] =>
  Array.from({ length: count }, (_, index) => sha256(Buffer.from([0x00]), Buffer.from(`leaf ${index}`)));

export function naiveRoot(leaves: readonly Buffer[]): Buffer {
  const [first, ...others] = leaves;
  if (first === undefined) return sha256();
  if (others.length === 0) return first;
  const k = splitOf(leaves.length);
  return sha256(Buffer.from([0x01]), naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
}

/** PATH(m, D[n]) */
export function naiveInclusion(m: number, leaves: readonly Buffer[]): readonly Buffer[] {
  if (leaves.length === 1) return [];
  const k = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return m < k ? [...naiveInclusion(m, left), naiveRoot(right)] : [...naiveInclusion(m - k, right), naiveRoot(left)];
}

/** PROOF(m, D[n]) */
export const naiveConsistency = (m: number, leaves: readonly Buffer[]): readonly Buffer[] => subproof(m, leaves, true);

function subproof(m: number, leaves: readonly Buffer[], isWhole: boolean): readonly Buffer[] {
  if (m === leaves.length) return isWhole ? [] : [naiveRoot(leaves)];
  const k = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return m <= k
    ? [...subproof(m, left, isWhole), naiveRoot(right)]
    : [...subproof(m - k, right, false), naiveRoot(left)];
}

function splitOf(count: number): number {
  let k = 1;
  while (k * 2 < count) k *= 2;
  return k;
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}
