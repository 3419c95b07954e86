import { err, ok, type Result } from "../core/result.ts";
import { withMigrationLock } from "./migrations/advisory-lock.ts";
import { redactCredentials } from "./migrations/redact.ts";
import { type DbmateCommand, type DbmateRun, runDbmate } from "./migrations/run-dbmate.ts";
import { isUpToDate } from "./migrations/up-to-date.ts";

export type MigrateOptions = {
  /** A private directory of this process's own; dbmate's binary is kept there by the compiled program. */
  readonly workDir: string;
  /** Bounds dbmate itself, which may have to move every row of a large table. */
  readonly timeoutMs: number;
  /** Bounds the wait for another process that migrates. Left out: as `timeoutMs`. */
  readonly lockTimeoutMs?: number;
  /** `true` when nobody else can reach the database, as with the embedded one; otherwise an advisory lock is held. */
  readonly exclusive: boolean;
};

/** File names, in the order in which dbmate took them. */
export type MigrationReport = { readonly applied: readonly string[] };
export type RollbackReport = { readonly rolledBack: readonly string[] };
export type MigrationStatus = { readonly applied: readonly string[]; readonly pending: readonly string[] };

export type MigrationFailure = {
  readonly kind: "unreachable" | "locked" | "timeout" | "failed";
  /** Holds no credentials. */
  readonly message: string;
};

/** Brings the schema to the newest version. Replicas may call it side by side: one applies, the others wait. */
export async function migrate(
  databaseUrl: string,
  options: MigrateOptions,
): Promise<Result<MigrationReport, MigrationFailure>> {
  const run = await exclusively("migrate", databaseUrl, options);
  if (run.ok) return ok({ applied: named(run.value.stdout, /^Applied: (\S+)/gm) });
  // dbmate asks for the right to create tables also where there is nothing to create.
  const mayNotAndNeedNot = run.error.kind === "failed" && !options.exclusive && (await isUpToDate(databaseUrl));
  return mayNotAndNeedNot ? ok({ applied: [] }) : run;
}

/** Undoes the newest migration, and with it whatever data only that migration's tables hold. */
export async function rollback(
  databaseUrl: string,
  options: MigrateOptions,
): Promise<Result<RollbackReport, MigrationFailure>> {
  const run = await exclusively("rollback", databaseUrl, options);
  return run.ok ? ok({ rolledBack: named(run.value.stdout, /^Rolled back: (\S+)/gm) }) : run;
}

/** Reads only. */
export async function migrationStatus(
  databaseUrl: string,
  options: MigrateOptions,
): Promise<Result<MigrationStatus, MigrationFailure>> {
  const run = await attempt("status", databaseUrl, options);
  if (!run.ok) return run;
  const { stdout } = run.value;
  return ok({ applied: named(stdout, /^\[X\] (\S+)/gm), pending: named(stdout, /^\[ \] (\S+)/gm) });
}

async function exclusively(
  command: DbmateCommand,
  databaseUrl: string,
  options: MigrateOptions,
): Promise<Result<DbmateRun, MigrationFailure>> {
  const work = () => attempt(command, databaseUrl, options);
  // PGlite has one session: a lock held in a second connection's transaction would keep dbmate out for ever.
  if (options.exclusive) return work();
  const lockTimeoutMs = options.lockTimeoutMs ?? options.timeoutMs;
  const locked = await withMigrationLock(databaseUrl, lockTimeoutMs, work);
  if (locked.kind === "done") return locked.value;
  if (locked.kind === "locked") {
    const message = `Another process has been migrating this database for more than ${lockTimeoutMs} ms.`;
    return err({ kind: "locked", message });
  }
  const reason = locked.cause instanceof Error ? locked.cause.message : String(locked.cause);
  return err({
    kind: "unreachable",
    message: redactCredentials(`The database cannot be reached: ${reason}`, databaseUrl),
  });
}

async function attempt(
  command: DbmateCommand,
  databaseUrl: string,
  options: MigrateOptions,
): Promise<Result<DbmateRun, MigrationFailure>> {
  try {
    return outcome(await runDbmate(command, databaseUrl, options), options);
  } catch (cause) {
    // A full disk, a directory of somebody else, a file system mounted noexec.
    if (!(cause instanceof Error && "syscall" in cause)) throw cause;
    return err({ kind: "failed", message: `dbmate cannot be run from ${options.workDir}: ${cause.message}` });
  }
}

function outcome(run: DbmateRun, options: MigrateOptions): Result<DbmateRun, MigrationFailure> {
  if (run.exitCode === 0) return ok(run);
  if (run.timedOut) {
    return err({ kind: "timeout", message: `dbmate was stopped: it had not finished after ${options.timeoutMs} ms.` });
  }
  const words = run.stderr === "" ? run.stdout : run.stderr;
  return err({ kind: "failed", message: `dbmate: ${words}` });
}

function named(output: string, pattern: RegExp): string[] {
  return [...output.matchAll(pattern)].flatMap((match) => match[1] ?? []);
}
