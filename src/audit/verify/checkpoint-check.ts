import type { NoteVerifier } from "../../core/signed-note.ts";
import { openCheckpoint } from "../checkpoint.ts";
import type { AuditFault } from "./fault.ts";
import type { StoredCheckpoint } from "./pages.ts";
import type { SignedRoot } from "./tree-check.ts";

/** A checkpoint that somebody kept outside of the database. */
export type KeptCheckpoint = {
  /** How it is called in messages. */
  readonly file: string;
  readonly note: string;
};

export type CheckedCheckpoint = {
  readonly faults: readonly AuditFault[];
  /** What its note was signed for; null where no key that is trusted signed it. */
  readonly root: SignedRoot | null;
};

/** Whether the note is signed, and the columns beside it say what it says. */
export function checkCheckpoint(stored: StoredCheckpoint, verifiers: readonly NoteVerifier[]): CheckedCheckpoint {
  const at = { place: "audit_checkpoints", leafIndex: before(stored.treeSize), subject: `${stored.treeSize}` } as const;
  const named = `The checkpoint of ${stored.treeSize} leaves`;
  const opened = openCheckpoint(stored.note, verifiers);
  if (!opened.ok) {
    const message = `${named} is not signed by a key that is trusted. ${opened.error.message}`;
    return { faults: [{ ...at, code: "checkpoint_not_signed", columns: ["note"], message }], root: null };
  }
  const { size, rootHash } = opened.value;
  const columns = [
    ...(size === stored.treeSize ? [] : ["tree_size"]),
    ...(Buffer.from(rootHash).equals(stored.rootHash) ? [] : ["root_hash"]),
  ];
  const message = `${named} has another ${columns.join(" and another ")} than its note.`;
  return {
    faults: columns.length === 0 ? [] : [{ ...at, code: "checkpoint_changed", columns, message }],
    root: size === 0 ? null : { size, rootHash, file: null },
  };
}

export function checkKept({ file, note }: KeptCheckpoint, verifiers: readonly NoteVerifier[]): CheckedCheckpoint {
  const opened = openCheckpoint(note, verifiers);
  if (opened.ok) {
    const { size, rootHash } = opened.value;
    return { faults: [], root: size === 0 ? null : { size, rootHash, file } };
  }
  const message = `${file} is no checkpoint by a key that is trusted. ${opened.error.message}`;
  const at = { place: "checkpoint_file", columns: [], leafIndex: null, subject: null } as const;
  return { faults: [{ ...at, code: "checkpoint_not_signed", message }], root: null };
}

/** The clock of a database can be set back, so this proves nothing; it is worth a look. */
export function signedBefore(earlier: StoredCheckpoint, later: StoredCheckpoint): AuditFault | null {
  if (later.signedAt >= earlier.signedAt) return null;
  const at = { place: "audit_checkpoints", leafIndex: before(later.treeSize), subject: `${later.treeSize}` } as const;
  const message = `By signed_at, the checkpoint of ${later.treeSize} leaves is older than that of ${earlier.treeSize}.`;
  return { ...at, code: "time_out_of_order", columns: ["signed_at"], message };
}

const before = (size: number): number => Math.max(0, size - 1);
