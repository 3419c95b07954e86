import { canonicalRecord, columnChecksOf, leafHash, type RequestRecord } from "../record.ts";
import type { AuditFault, FaultCode } from "./fault.ts";
import type { StoredLeaf, StoredRow } from "./pages.ts";

export type CheckedLeaf = {
  readonly faults: readonly AuditFault[];
  /** What was logged, where the row still says it; null where it was erased, or changed. */
  readonly record: RequestRecord | null;
};

/**
 * A leaf and its row against what the tree has at that index; `treeHash` is null where no tile covers it yet. Of row, leaf
 * and tree, two that agree say who is wrong.
 */
export function checkLeaf(leaf: StoredLeaf, row: StoredRow, treeHash: Uint8Array | null): CheckedLeaf {
  if (row.erasedAt !== null || row.erasure !== null) return { faults: checkErased(leaf, row, treeHash), record: null };
  const { record } = row;
  const canonical = Buffer.from(canonicalRecord(record));
  const own = leafHash(canonical);
  const isLeaf = own.equals(leaf.leafHash);
  const isInTree = treeHash === null || own.equals(treeHash);
  const changed = changedColumns(record, canonical, row.columnChecks);
  if (isLeaf && isInTree) {
    if (changed.length === 0) return { faults: [], record };
    return { faults: [rowFault(leaf, ["column_checks"], "has changed column_checks")], record };
  }
  // No row that was logged has checks that are not its own, so they decide where no tree does.
  if (isInTree && (treeHash !== null || changed.length === 0)) return { faults: [leafHashFault(leaf)], record };
  if (isLeaf) return { faults: [elsewhere(leaf, changed)], record: null };
  const faults = [changedRow(leaf, changed)];
  const isLeafInTree = treeHash === null || Buffer.from(leaf.leafHash).equals(treeHash);
  return { faults: isLeafInTree ? faults : [...faults, leafHashFault(leaf)], record: null };
}

/** What is wrong with a leaf that has no row of its id and time. `similar` are rows that have one of the two. */
export function checkRowless(
  leaf: StoredLeaf,
  treeHash: Uint8Array | null,
  similar: readonly StoredRow[],
): readonly AuditFault[] {
  const expected = Buffer.from(treeHash ?? leaf.leafHash);
  for (const { record, columnChecks: checks } of similar) {
    if (expected.equals(leafHash(canonicalRecord(record)))) {
      const columns = [
        ...(record.request_id === leaf.requestId ? [] : ["request_id"]),
        ...(record.received_at === leaf.receivedAt ? [] : ["received_at"]),
      ];
      return [leafFault(leaf, "leaf_changed", columns, "names another row than the one that was logged")];
    }
    const restored = { ...record, request_id: leaf.requestId, received_at: leaf.receivedAt };
    if (expected.equals(leafHash(canonicalRecord(restored)))) {
      return [changedRow(leaf, changedColumns(record, Buffer.from(canonicalRecord(record)), checks))];
    }
  }
  const message = `The row of leaf ${leaf.leafIndex} is not there.`;
  const at = { leafIndex: leaf.leafIndex, subject: leaf.requestId };
  return [{ code: "row_missing", place: "audit_events", columns: ["request_id", "received_at"], ...at, message }];
}

/** Only its id, its times and where it came from are left of it, and an action of the log says so. */
function checkErased(leaf: StoredLeaf, row: StoredRow, treeHash: Uint8Array | null): readonly AuditFault[] {
  const faults: AuditFault[] = [];
  if (treeHash !== null && !Buffer.from(treeHash).equals(leaf.leafHash)) faults.push(leafHashFault(leaf));
  const { erasedAt, erasure, filled } = row;
  if (erasure === null) {
    const message = `Row ${leaf.requestId} is marked as erased, and no action of the log erased it.`;
    const at = { place: "audit_events", leafIndex: leaf.leafIndex, subject: leaf.requestId } as const;
    return [...faults, { code: "erasure_unlogged", columns: ["erased_at"], ...at, message }];
  }
  if (erasedAt !== erasure.performedAt) {
    faults.push(rowFault(leaf, ["erased_at"], "does not say when it was erased"));
  }
  if (filled.length > 0) faults.push(rowFault(leaf, filled, "was erased, and has values all the same"));
  if (erasure.leafIndex !== leaf.leafIndex) {
    const message = `The action that erased row ${leaf.requestId} names another leaf than ${leaf.leafIndex}.`;
    const at = { place: "audit_actions", leafIndex: leaf.leafIndex, subject: leaf.requestId } as const;
    faults.push({ code: "action_changed", columns: ["details"], ...at, message });
  }
  return faults;
}

/** The columns whose values are not those that the checks were made of; `column_checks` where these are no checks. */
function changedColumns(record: RequestRecord, canonical: Uint8Array, checks: Uint8Array | null): readonly string[] {
  const own = columnChecksOf(canonical);
  if (checks !== null && own.equals(checks)) return [];
  const names = Object.keys(record).toSorted();
  const found = new Map(names.map((name, at) => [name, own.subarray(at * 4, at * 4 + 4)]));
  // Versions differ by one column. Whoever changed it, or the version, left as many checks as the other one has.
  const others = names.filter((name) => name !== "attempts");
  const logged = [others, [...others, "attempts"].toSorted()].find(({ length }) => length * 4 === checks?.length);
  if (checks === null || logged === undefined) return ["column_checks"];
  const changed = logged.filter((name, at) => found.get(name)?.equals(checks.subarray(at * 4, at * 4 + 4)) !== true);
  const isAdded = logged === others && (record.attempts ?? null) !== null;
  return isAdded ? [...changed, "attempts"] : changed;
}

function changedRow(leaf: StoredLeaf, changed: readonly string[]): AuditFault {
  return changed.length === 0
    ? rowFault(leaf, ["column_checks"], "is not the one that was logged, and its column_checks were made to fit")
    : rowFault(leaf, changed, `has another ${changed.join(" and another ")} than was logged`);
}

/** Row and leaf agree with each other and not with the tree. */
function elsewhere(leaf: StoredLeaf, changed: readonly string[]): AuditFault {
  return changed.length === 0
    ? leafFault(leaf, "leaf_changed", ["leaf_index"], "is not the one that the tree has at that index")
    : rowFault(leaf, changed, `has another ${changed.join(" and another ")} than was logged, and so has its leaf`);
}

const rowFault = ({ leafIndex, requestId }: StoredLeaf, columns: readonly string[], what: string): AuditFault => ({
  code: "row_changed",
  place: "audit_events",
  columns,
  leafIndex,
  subject: requestId,
  message: `Row ${requestId} ${what}.`,
});

const leafHashFault = (leaf: StoredLeaf): AuditFault =>
  leafFault(leaf, "leaf_changed", ["leaf_hash"], "has another hash than its row and the tree");

const leafFault = (
  { leafIndex, requestId }: StoredLeaf,
  code: FaultCode,
  columns: readonly string[],
  what: string,
): AuditFault => ({
  code,
  place: "audit_leaves",
  columns,
  leafIndex,
  subject: requestId,
  message: `Leaf ${leafIndex} ${what}.`,
});
