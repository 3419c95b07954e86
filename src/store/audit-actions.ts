import { randomBytes, randomUUID } from "node:crypto";
import appendAction from "../../db/queries/audit_actions/append_action.sql" with { type: "text" };
import {
  ACTION_RECORD_VERSION,
  type ActionDetails,
  type ActionRecord,
  canonicalRecord,
  leafHash,
  microsOf,
} from "../audit/record.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { Database, DatabaseFailure, Parameter } from "./database.ts";

/** The table `audit_actions`. */
export function createAuditActions(database: Database) {
  return {
    /**
     * Puts an action on record as the next leaf of the log, committed when it answers ok with its index. Said again after
     * any doubt, and by however many at once, it stays one leaf: `action_id` tells.
     */
    async appendAction(record: ActionRecord): Promise<Result<number, DatabaseFailure>> {
      const appended = await database.query<IndexRow>(appendAction, [
        record.action_id,
        record.kind,
        record.performed_at,
        record.instance_id,
        record.instance_seq,
        JSON.stringify(record.details),
        record.salt,
        leafHash(canonicalRecord(record)).toString("hex"),
      ]);
      if (!appended.ok) return appended;
      const index = indexOf(appended.value);
      return index === null ? err(noIndex) : ok(index);
    },
  };
}

type IndexRow = { readonly leaf_index: string | null };

/** An action with an id and a salt of its own. Done in the database itself, unless a stamp says which spool it came by. */
export function actionRecord(kind: ActionRecord["kind"], details: ActionDetails, now: Date): ActionRecord {
  return {
    kind,
    record_version: ACTION_RECORD_VERSION,
    action_id: randomUUID(),
    performed_at: microsOf(now),
    instance_id: null,
    instance_seq: null,
    details,
    salt: newSalt(),
  };
}

/** As a record has it; never the same twice. */
export const newSalt = (): string => randomBytes(SALT_BYTES).toString("hex");

/**
 * Runs one of the statements that act and put it on record. Answers with the index of the action's leaf; null where the
 * tables are not as its details say, and nothing was done.
 */
export async function act(
  database: Database,
  statement: string,
  record: ActionRecord,
): Promise<Result<number | null, DatabaseFailure>> {
  const parameters: readonly Parameter[] = [
    record.action_id,
    record.performed_at,
    JSON.stringify(record.details),
    record.salt,
    leafHash(canonicalRecord(record)).toString("hex"),
  ];
  const acted = await database.query<IndexRow>(statement, parameters);
  return acted.ok ? ok(indexOf(acted.value)) : acted;
}

function indexOf(rows: readonly IndexRow[]): number | null {
  const index = rows[0]?.leaf_index ?? null;
  return index === null ? null : Number(index);
}

const SALT_BYTES = 16;
const noIndex: DatabaseFailure = { message: "the database gave the action no index", code: null, table: null };
