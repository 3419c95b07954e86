import { CompactRange, nodeHash } from "../merkle.ts";
import { TILE_WIDTH, tileRoot } from "../tiles.ts";
import type { AuditFault } from "./fault.ts";
import { missingTile, parentDiffers } from "./tree-faults.ts";

/** Leaves from one index to before another. */
export type Span = { readonly from: number; readonly to: number };

/** A fault, and the leaves of which at least one is wrong where it is about leaves. */
export type Finding = { readonly fault: AuditFault; readonly range: Span | null };

/** Of one reading, until a signed root decides whether they are true. */
const MAX_FINDINGS = 1_000;

/** One of the trees that tiles can be read as: by those of level 0, or by those above where they differ. */
export class TreeReading {
  readonly trusts: "leaves" | "parents";
  readonly findings: Finding[];
  #base: CompactRange;
  /** Roots of full tiles at each level, which wait for the others of their own tile. */
  readonly #open: Uint8Array[][];

  constructor(
    trusts: "leaves" | "parents",
    base = CompactRange.empty(),
    open: readonly (readonly Uint8Array[])[] = [],
    findings: readonly Finding[] = [],
  ) {
    this.trusts = trusts;
    this.findings = [...findings];
    this.#base = base;
    this.#open = open.map((roots) => [...roots]);
  }

  /** The tree over all full tiles. Not to be appended to. */
  get base(): CompactRange {
    return this.#base;
  }

  fork(): readonly TreeReading[] {
    const { findings } = this;
    return (["leaves", "parents"] as const).map((trusts) => new TreeReading(trusts, this.#base, this.#open, findings));
  }

  /** The same tree, with its findings taken off and nothing undecided any more. */
  settled(): TreeReading {
    return new TreeReading("leaves", this.#base, this.#open);
  }

  note(finding: Finding): void {
    if (this.findings.length < MAX_FINDINGS) this.findings.push(finding);
  }

  /** Adds a full tile by its root. Each tile above that becomes full with it is compared with what stands above that. */
  push(
    root: Uint8Array,
    { index, parents }: { readonly index: number; readonly parents: readonly (Uint8Array | null)[] },
  ): void {
    this.#base = withTile(this.#base, root);
    let [node, at] = [root, index];
    for (let level = 1; ; level++) {
      const waiting = this.#open[level - 1] ?? [];
      waiting.push(node);
      this.#open[level - 1] = waiting;
      if (waiting.length < TILE_WIDTH) return;
      this.#open[level - 1] = [];
      node = tileRoot(Buffer.concat(waiting));
      at = Math.floor(at / TILE_WIDTH);
      this.#compareAbove(node, level + 1, at, parents[level] ?? null);
    }
  }

  #compareAbove(node: Uint8Array, level: number, index: number, stored: Uint8Array | null): void {
    if (stored !== null && Buffer.from(stored).equals(node)) return;
    const fault = missingTile(level, Math.floor(index / TILE_WIDTH), index * TILE_WIDTH ** level);
    this.note(stored === null ? { fault, range: null } : parentDiffers(level, index));
  }
}

/** A tree of full tiles with another one at its end. */
function withTile(range: CompactRange, root: Uint8Array): CompactRange {
  const nodes = [...range.nodes];
  let node = root;
  for (let rest = range.size / TILE_WIDTH; rest % 2 === 1; rest = Math.floor(rest / 2)) {
    const left = nodes.pop();
    if (left === undefined) throw new Error("a compact range lost a node");
    node = nodeHash(left, node);
  }
  return CompactRange.fromNodes(range.size + TILE_WIDTH, [...nodes, node]);
}
