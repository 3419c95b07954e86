import countLeaves from "../../db/queries/audit_hourly/count_leaves.sql" with { type: "text" };
import clearDefault from "../../db/queries/audit_retention/clear_default.sql" with { type: "text" };
import createPartitions from "../../db/queries/audit_retention/create_partitions.sql" with { type: "text" };
import dropDay from "../../db/queries/audit_retention/drop_day.sql" with { type: "text" };
import listDue from "../../db/queries/audit_retention/list_due.sql" with { type: "text" };
import type { RetentionDetails } from "../audit/record.ts";
import { type Err, err, ok, type Result } from "../core/result.ts";
import { act, actionRecord } from "./audit-actions.ts";
import { type EraseFailure, type Erasure, eraseEvent } from "./audit-erasure.ts";
import type { Database, DatabaseFailure } from "./database.ts";

export type Counted = {
  /** Indices of the log that were counted now, and that are left. */
  readonly countedCount: number;
  readonly behindCount: number;
};

/** For the operator; names no value of a row. */
export type MaintenanceFailure = { readonly message: string };

/** What was dropped, each with its action's index, and what is too old but has to wait. */
export type Retained = {
  readonly dropped: readonly (RetentionDetails & { readonly actionIndex: number })[];
  readonly kept: readonly RetentionDetails[];
};

/**
 * Work on the tables of the audit. Every method may be called by several replicas at once; statements are committed one
 * by one, so that what is done stays done when a later one fails.
 */
export function createAuditMaintenance(database: Database) {
  const maintenance = {
    /** Makes the daily partitions (UTC) from the day before `now` to `AHEAD_DAYS` after it; answers how many were made. */
    async createPartitions(now: Date): Promise<Result<number, DatabaseFailure>> {
      const yesterday = new Date(now.getTime() - DAY_MS).toISOString().slice(0, DATE_LENGTH);
      const parameters = [yesterday, AHEAD_DAYS + 2];
      const made = await database.query<{ readonly created_count: number }>(createPartitions, parameters);
      return made.ok ? ok(made.value[0]?.created_count ?? 0) : explained(made);
    },

    /** Counts the next rows of the log in the tables of hours and days, each exactly once. */
    async countLeaves(): Promise<Result<Counted, DatabaseFailure>> {
      const counted = await database.query<CountedRow>(countLeaves, [COUNT_AT_MOST]);
      if (!counted.ok) return explained(counted);
      const [row] = counted.value;
      return ok({ countedCount: Number(row?.counted_count ?? 0), behindCount: Number(row?.behind_count ?? 0) });
    },

    /** Until nothing is left that was there when the last batch began. */
    async countAll(): Promise<Result<void, MaintenanceFailure>> {
      for (let batch = 0; batch < MAX_BATCHES; batch++) {
        const counted = await maintenance.countLeaves();
        if (!counted.ok) return counted;
        if (counted.value.behindCount === 0) return ok(undefined);
      }
      return err({ message: "the log grows faster than its rows are counted" });
    },

    /**
     * Drops days of which every row was received before `before`, each with an action in the log in the same statement,
     * and deletes older rows of the default partition likewise. What is not under a checkpoint yet, or not counted, stays.
     */
    async dropBefore(before: Date, now: Date): Promise<Result<Retained, DatabaseFailure>> {
      const dropped: Retained["dropped"][number][] = [];
      for (;;) {
        const listed = await database.query<DueRow>(listDue, [before.toISOString(), CLEAR_AT_MOST, DROP_AT_MOST]);
        if (!listed.ok) return explained(listed);
        const kept: RetentionDetails[] = [];
        let progressed = false;
        for (const { details, is_settled } of listed.value) {
          const statement = details.partition === DEFAULT_PARTITION ? clearDefault : dropDay;
          const acted = is_settled ? await act(database, statement, actionRecord("retention", details, now)) : ok(null);
          if (!acted.ok) return explained(acted);
          if (acted.value === null) kept.push(details);
          else dropped.push({ ...details, actionIndex: acted.value });
          progressed ||= acted.value !== null;
        }
        if (!progressed) return ok({ dropped, kept });
      }
    },

    /** Erases one row but for its id, its time and its stamp, with an action in the log in the same statement. */
    erase: (requestId: string, now: Date): Promise<Result<Erasure, EraseFailure>> =>
      eraseEvent(database, requestId, now, maintenance.countAll),
  };
  return maintenance;
}

type CountedRow = { readonly counted_count: string; readonly behind_count: string };
type DueRow = { readonly details: RetentionDetails; readonly is_settled: boolean };

const DEFAULT_PARTITION = "audit_events_default";
const AHEAD_DAYS = 7;
const DAY_MS = 86_400_000;
const DATE_LENGTH = "yyyy-mm-dd".length;
/** Of ten million rows. */
const MAX_BATCHES = 2_000;
/** So that one statement takes some tens of milliseconds, which is how long it may hold the embedded database. */
const COUNT_AT_MOST = 5_000;
const CLEAR_AT_MOST = 20_000;
const DROP_AT_MOST = 32;
const NOT_PERMITTED = "42501";

/** SQLSTATE alone would not tell an operator what to do. */
function explained(failed: Err<DatabaseFailure>): Err<DatabaseFailure> {
  if (failed.error.code !== NOT_PERMITTED) return failed;
  const message =
    "the role that DATABASE_URL names may not do this; docs/how-to/run-with-least-privilege.md says which may";
  return err({ ...failed.error, message });
}
