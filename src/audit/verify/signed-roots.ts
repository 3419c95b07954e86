import { ok, type Result } from "../../core/result.ts";
import type { NoteVerifier } from "../../core/signed-note.ts";
import { checkCheckpoint, signedBefore } from "./checkpoint-check.ts";
import type { FaultList } from "./fault.ts";
import type { AuditPages, ReadFailure, StoredCheckpoint } from "./pages.ts";
import type { SignedRoot } from "./tree-check.ts";

const PAGE_CHECKPOINTS = 256;

export type RootOptions = {
  readonly pages: AuditPages;
  readonly verifiers: readonly NoteVerifier[];
  /** Leaves in tiles. */
  readonly size: number;
  /** Of files, in the order of their sizes. */
  readonly kept: readonly SignedRoot[];
  readonly faults: FaultList;
  readonly notices: FaultList;
};

/** Hands out signed roots as the tree grows up to them, and checks the checkpoints that they come from. */
export class SignedRoots {
  readonly #options: RootOptions;
  #kept: readonly SignedRoot[];
  #page: StoredCheckpoint[] = [];
  #isLastPage = false;
  #last: StoredCheckpoint | null = null;
  checkpointCount = 0;
  firstSignedAt: number | null = null;

  constructor(options: RootOptions) {
    this.#options = options;
    this.#kept = options.kept.filter(({ size }) => size <= options.size);
  }

  /** Those of trees up to that size which were not given before, in order. */
  async upTo(size: number): Promise<Result<readonly SignedRoot[], ReadFailure>> {
    // Before a checkpoint of the same size: if only one of the two is the tree's, the other one is foreign to it.
    const roots = this.#kept.filter((kept) => kept.size <= size);
    this.#kept = this.#kept.filter((kept) => kept.size > size);
    for (;;) {
      const next = await this.#next();
      if (!next.ok) return next;
      if (next.value === null || next.value.treeSize > size) break;
      this.#page.shift();
      const root = this.#check(next.value);
      if (root !== null) roots.push(root);
    }
    return ok(roots.toSorted((one, other) => one.size - other.size));
  }

  #check(stored: StoredCheckpoint): SignedRoot | null {
    const { verifiers, faults, notices } = this.#options;
    this.checkpointCount++;
    this.firstSignedAt ??= stored.signedAt;
    const outOfOrder = this.#last === null ? null : signedBefore(this.#last, stored);
    if (outOfOrder !== null) notices.add(outOfOrder);
    this.#last = stored;
    const checked = checkCheckpoint(stored, verifiers);
    faults.add(...checked.faults);
    // By its note alone it may stand in another place of the list, where nobody waits for it.
    return checked.root?.size === stored.treeSize ? checked.root : null;
  }

  async #next(): Promise<Result<StoredCheckpoint | null, ReadFailure>> {
    if (this.#page.length === 0 && !this.#isLastPage) {
      const page = await this.#options.pages.checkpoints(this.#last?.treeSize ?? null, PAGE_CHECKPOINTS);
      if (!page.ok) return page;
      this.#page = [...page.value];
      this.#isLastPage = page.value.length < PAGE_CHECKPOINTS;
    }
    const [next = null] = this.#page;
    return ok(next);
  }
}
