import { ACTION_RECORD_VERSION, type ActionRecord, canonicalRecord, leafHash } from "../record.ts";
import type { AuditFault } from "./fault.ts";
import type { StoredAction } from "./pages.ts";

/** An action against what the tree has at its index; `treeHash` is null where no tile covers it yet. */
export function checkAction(action: StoredAction, treeHash: Uint8Array | null): readonly AuditFault[] {
  const { leafIndex, record } = action;
  const own = hashOf(record);
  const isLeaf = own.equals(action.leafHash);
  const isInTree = treeHash === null || own.equals(treeHash);
  if (isLeaf && isInTree) return [];
  const columns =
    isInTree && treeHash !== null
      ? ["leaf_hash"]
      : isLeaf
        ? ["leaf_index"]
        : suspects(record, treeHash ?? action.leafHash);
  const message =
    columns.length === 1
      ? `Action ${record.action_id} has another ${columns[0]} than was logged.`
      : `Action ${record.action_id} is not the one that was logged: one of ${columns.join(", ")} was changed.`;
  return [{ code: "action_changed", place: "audit_actions", columns, leafIndex, subject: record.action_id, message }];
}

/** Values that one column can have had are few for some: the one that gives the hash again is the one that was changed. */
function suspects(record: ActionRecord, logged: Uint8Array): readonly string[] {
  const attempts: readonly (readonly [string, ActionRecord])[] = [
    ...KINDS.map((kind) => ["kind", { ...record, kind }] as const),
    ["record_version", { ...record, record_version: ACTION_RECORD_VERSION }],
    ["instance_id", { ...record, instance_id: null }],
    ["instance_seq", { ...record, instance_seq: null }],
  ];
  const found = attempts.find(([, attempt]) => hashOf(attempt).equals(logged));
  return found === undefined ? UNGUESSABLE : [found[0]];
}

const KINDS = ["erasure", "retention", "quarantine"] as const satisfies readonly ActionRecord["kind"][];
const UNGUESSABLE = ["action_id", "performed_at", "instance_id", "instance_seq", "details", "salt"];

const hashOf = (record: ActionRecord): Buffer => leafHash(canonicalRecord(record));
