/** Tables of the audit, and the file that holds the last signed checkpoint outside of the database. */
export type AuditPlace =
  | "audit_events"
  | "audit_leaves"
  | "audit_actions"
  | "audit_tiles"
  | "audit_checkpoints"
  | "audit_log_state"
  | "audit_log_tree"
  | "policies"
  | "checkpoint_file";

export const FAULT_CODES = [
  "row_changed",
  "row_missing",
  "row_unlogged",
  "leaf_changed",
  "leaf_missing",
  "leaf_unexpected",
  "action_changed",
  "erasure_unlogged",
  "retention_differs",
  "sequence_broken",
  "decision_differs",
  "policy_changed",
  "policy_missing",
  "tile_changed",
  "tile_missing",
  "tile_unexpected",
  "checkpoint_changed",
  "checkpoint_not_signed",
  "checkpoint_missing",
  "checkpoint_of_another_tree",
  "head_differs",
  "log_truncated",
  "time_out_of_order",
] as const;
export type FaultCode = (typeof FAULT_CODES)[number];

/** One thing that is not as the log says. Quotes no value of a row. */
export type AuditFault = {
  readonly code: FaultCode;
  readonly place: AuditPlace;
  /** The columns at fault. Several where several are, or where it cannot be told which of them. */
  readonly columns: readonly string[];
  /** The least index of the log that it is about; null where it is about none. */
  readonly leafIndex: number | null;
  /** Which row of the table: an id, the size of a tree, `level/index` of a tile, the hash of a policy. */
  readonly subject: string | null;
  /** A full sentence. */
  readonly message: string;
};

/** How many faults are kept in full, those of the least indices. */
export const MAX_KEPT_FAULTS = 100;

/** Faults in the order of their index. Keeps a bounded number, however many there are. */
export class FaultList {
  #count = 0;
  #kept: AuditFault[] = [];

  add(...faults: readonly AuditFault[]): void {
    this.#count += faults.length;
    this.#kept.push(...faults);
    if (this.#kept.length > 2 * MAX_KEPT_FAULTS) this.#kept = this.first;
  }

  get count(): number {
    return this.#count;
  }

  /** At most `MAX_KEPT_FAULTS`. Faults of one index stay as they were found; those of none come last. */
  get first(): AuditFault[] {
    return this.#kept.toSorted((one, other) => indexOf(one) - indexOf(other)).slice(0, MAX_KEPT_FAULTS);
  }
}

const indexOf = ({ leafIndex }: AuditFault): number => leafIndex ?? Number.MAX_VALUE;
