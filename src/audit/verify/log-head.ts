import { ok, type Result } from "../../core/result.ts";
import type { NoteVerifier } from "../../core/signed-note.ts";
import { CompactRange } from "../merkle.ts";
import { checkCheckpoint, checkKept, type KeptCheckpoint } from "./checkpoint-check.ts";
import type { AuditFault } from "./fault.ts";
import type { AuditPages, LogHead, ReadFailure } from "./pages.ts";
import type { SignedRoot } from "./tree-check.ts";
import { foreignRoot } from "./tree-faults.ts";

/** How far tree and log are, by what is signed where something is. */
export type Extent = {
  /** Leaves under a checkpoint. */
  readonly size: number;
  /** Leaves that there must be; those beyond `size` stand in no tile yet. */
  readonly nextIndex: number;
  /** Null where no trusted key signed the newest checkpoint. */
  readonly rootHash: Uint8Array | null;
  /** Roots beside those of the list of checkpoints, in the order of their sizes. */
  readonly roots: readonly SignedRoot[];
  readonly faults: readonly AuditFault[];
};

export function extentOf(
  head: LogHead,
  { verifiers, kept }: { readonly verifiers: readonly NoteVerifier[]; readonly kept: readonly KeptCheckpoint[] },
): Extent {
  const newest = head.newest === null ? null : checkCheckpoint(head.newest, verifiers).root;
  const size = newest?.size ?? Math.max(0, Math.min(head.treeSize, Number.MAX_SAFE_INTEGER));
  const checked = kept.map((one) => checkKept(one, verifiers));
  const roots = checked.flatMap(({ root }) => (root === null ? [] : [root]));
  // In the list of checkpoints it stands where nobody looks for it.
  const displaced = newest !== null && newest.size !== head.newest?.treeSize ? [newest] : [];
  return {
    size,
    nextIndex: Math.min(Math.max(head.nextIndex, size), Number.MAX_SAFE_INTEGER),
    rootHash: newest?.rootHash ?? null,
    roots: [...roots, ...displaced].toSorted((one, other) => one.size - other.size),
    faults: [
      ...checked.flatMap(({ faults }) => faults),
      ...headFaults(head, size),
      ...roots.filter((root) => root.size > Math.max(head.nextIndex, size)).map((root) => truncated(root, head)),
    ],
  };
}

/** Roots of trees that were signed and are not committed yet: the leaves beyond the tiles must lead to them. */
export async function verifyBeyond(
  pages: AuditPages,
  { size, nextIndex, roots }: Extent,
  edge: CompactRange | null,
): Promise<Result<readonly AuditFault[], ReadFailure>> {
  const ahead = roots.filter((root) => root.size > size && root.size <= nextIndex);
  if (ahead.length === 0 || edge === null) return ok([]);
  const range = CompactRange.fromNodes(edge.size, edge.nodes);
  const faults: AuditFault[] = [];
  for (const root of ahead) {
    while (range.size < root.size) {
      const page = await pages.leafHashes(range.size, Math.min(root.size, range.size + PAGE_HASHES));
      if (!page.ok) return page;
      for (const { leafIndex, leafHash } of page.value) if (leafIndex === range.size) range.append(leafHash);
      if (page.value.length === 0) return ok([...faults, foreignRoot(root).fault]);
    }
    if (!range.root().equals(root.rootHash)) faults.push(foreignRoot(root).fault);
  }
  return ok(faults);
}

const PAGE_HASHES = 4_096;

function headFaults({ treeSize, nextIndex, newest }: LogHead, size: number): readonly AuditFault[] {
  const at = { code: "head_differs", leafIndex: Math.min(treeSize, nextIndex, size), subject: null } as const;
  const faults: AuditFault[] = [];
  if (treeSize !== size) {
    const message = `The tree has ${treeSize} leaves by tree_size, and ${size} by its newest checkpoint.`;
    faults.push({ ...at, place: "audit_log_tree", columns: ["tree_size"], message });
  }
  if (newest === null && treeSize > 0) {
    const message = `The tree has ${treeSize} leaves, and no checkpoint of it is there: they were deleted.`;
    const columns = ["tree_size"];
    faults.push({ ...at, code: "checkpoint_missing", place: "audit_checkpoints", leafIndex: 0, columns, message });
  }
  if (nextIndex < size) {
    const message = `The log has ${nextIndex} leaves by next_index, and ${size} by its newest checkpoint.`;
    faults.push({ ...at, place: "audit_log_state", columns: ["next_index"], message });
  }
  return faults;
}

const truncated = ({ size, file }: SignedRoot, { nextIndex }: LogHead): AuditFault => ({
  code: "log_truncated",
  place: "audit_leaves",
  columns: [],
  leafIndex: nextIndex,
  subject: null,
  message: `${file} was signed for ${size} leaves, and the database has ${nextIndex}: the last ones are gone.`,
});
