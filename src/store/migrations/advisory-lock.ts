import postgres from "postgres";
import boundLockWait from "../../../db/queries/migration_lock/bound_wait.sql" with { type: "text" };
import takeLock from "../../../db/queries/migration_lock/take_lock.sql" with { type: "text" };
import { clientOptions } from "./client-options.ts";

/** "PolicyMe" in ASCII: any number does that no other program is likely to choose. */
const MIGRATION_LOCK_KEY = "5795420104930716005";

export type LockOutcome<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "locked" }
  | { readonly kind: "unreachable"; readonly cause: unknown };

/**
 * Runs `work` while this process alone migrates the database. dbmate takes no lock of its own: two replicas that start
 * together would both apply the same file, and the slower would fail. `work` never runs without the lock.
 */
export async function withMigrationLock<T>(
  databaseUrl: string,
  timeoutMs: number,
  work: () => Promise<T>,
): Promise<LockOutcome<T>> {
  const options = clientOptions(databaseUrl);
  if (options === null) return { kind: "unreachable", cause: new Error("DATABASE_URL is not a PostgreSQL URL") };
  const connectSeconds = Math.max(1, Math.ceil(timeoutMs / 1000));
  const sql = postgres({ ...options, max: 1, connect_timeout: connectSeconds, fetch_types: false, onnotice() {} });
  let working: Promise<T> | undefined;
  try {
    await sql.begin(async (transaction) => {
      await transaction.unsafe(boundLockWait, [`${timeoutMs}ms`]);
      await transaction.unsafe(takeLock, [MIGRATION_LOCK_KEY]);
      working = work();
      await working;
    });
  } catch (cause) {
    // Once the work began, its own outcome is what counts, even if the lock's connection broke meanwhile.
    if (working === undefined) return isLockTimeout(cause) ? { kind: "locked" } : { kind: "unreachable", cause };
  } finally {
    await sql.end({ timeout: 1 });
  }
  if (working === undefined) throw new Error("the migration lock was granted but nothing ran");
  return { kind: "done", value: await working };
}

function isLockTimeout(cause: unknown): boolean {
  return cause instanceof postgres.PostgresError && cause.code === "55P03";
}
