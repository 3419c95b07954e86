import { randomBytes, randomUUID } from "node:crypto";
import { ACTION_RECORD_VERSION, type ActionRecord, microsOf, type QuarantineDetails } from "../audit/record.ts";
import type { Failure, SpooledRecord } from "./read-ahead.ts";

/** `code` is a SQLSTATE, `table` that of the rule which was broken; null where there was none. */
export type ShipFailure = Failure & { readonly code: string | null; readonly table: string | null };

/**
 * A value that its type does not hold, or a row that breaks a rule of its own. A leaf that is there already, or a
 * statement that this database does not know, is no record's fault: for that all of them would be put aside.
 */
export function isRefusal({ code, table }: ShipFailure): boolean {
  if (code === null) return false;
  const breaksRule = code === CHECK_VIOLATION || code === NOT_NULL_VIOLATION;
  return code.startsWith(DATA_EXCEPTION) || (breaksRule && TABLES_OF_RECORDS.test(table ?? ""));
}

const DATA_EXCEPTION = "22";
const CHECK_VIOLATION = "23514";
const NOT_NULL_VIOLATION = "23502";
/** Partitions have names of their own that begin with their table's. */
const TABLES_OF_RECORDS = /^audit_(events|actions)/;

const SALT_BYTES = 16;

/** What the log says instead of a record that was put aside. */
export function quarantineRecord(
  { seq, payload }: SpooledRecord,
  reason: QuarantineDetails["reason"],
  at: Date,
  instance: { readonly id: string; readonly seq: number },
): ActionRecord {
  return {
    kind: "quarantine",
    record_version: ACTION_RECORD_VERSION,
    action_id: randomUUID(),
    performed_at: microsOf(at),
    details: { reason, byte_count: payload.length, missing_seqs: [seq] },
    instance_id: instance.id,
    instance_seq: instance.seq,
    salt: randomBytes(SALT_BYTES).toString("hex"),
  };
}
