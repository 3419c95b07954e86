import { Database } from "bun:sqlite";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { err, ok, type Result } from "../core/result.ts";

/**
 * The exclusive lock of one data directory.
 *
 * The lock is the operating system's own (SQLite's exclusive lock: `fcntl` on POSIX, `LockFileEx` on Windows), so it
 * ends with the process however that process ends, `kill -9` included. Nobody judges whether a pid is stale. An image
 * that replaces itself in place (`bun --watch`) gets it again at once: its descriptors closed, its pid the same.
 *
 * INVARIANT: nothing else in the process opens `DATA_DIR/lock`. Closing any descriptor of a file drops every POSIX lock
 * the process holds on it. That is also why the holder's pid stands in a file of its own.
 */
export type Lock = { readonly directory: string; release(): void };

export type LockHeld = {
  readonly kind: "held" | "unusable";
  readonly directory: string;
  /** The holder's pid as it wrote it down: for the message only, never to decide by. */
  readonly pid: number | null;
  readonly message: string;
};

const LOCK_FILE = "lock";
const PID_FILE = "lock.pid";

/** Takes the lock or says at once who has it. Creates the directory (0700) if it is not there. Never waits. */
export function acquireLock(dir: string): Result<Lock, LockHeld> {
  const directory = resolve(dir);
  let database: Database | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    database = new Database(join(directory, LOCK_FILE), { create: true, readwrite: true });
    chmodSync(join(directory, LOCK_FILE), 0o600);
    database.run("PRAGMA busy_timeout = 0");
    // Nothing is ever written through this handle, so no journal needs to stand beside the lock; OFF is not taken.
    database.run("PRAGMA journal_mode = MEMORY");
    database.run("BEGIN EXCLUSIVE");
    writeFileSync(join(directory, PID_FILE), `${process.pid}\n`, { mode: 0o600 });
  } catch (cause) {
    database?.close();
    return err(isBusy(cause) ? held(directory) : unusable(directory, cause));
  }
  return ok(lockOver(database, directory, join(directory, PID_FILE)));
}

/** Owns the database handle: were it collected, the lock would silently go with it. */
function lockOver(database: Database, directory: string, pidFile: string): Lock {
  let released = false;
  return {
    directory,
    release() {
      if (released) return;
      released = true;
      // The pid goes first: once the lock is free the file may already be the next holder's.
      rmSync(pidFile, { force: true });
      database.run("ROLLBACK");
      database.close();
    },
  };
}

function isBusy(cause: unknown): boolean {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" && (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED"));
}

function held(directory: string): LockHeld {
  const pid = readPid(directory);
  const holder = pid === null ? "another process" : `process ${pid}`;
  const message = `The data directory ${directory} is in use by ${holder}. Stop it, or set DATA_DIR to another directory.`;
  return { kind: "held", directory, pid, message };
}

function unusable(directory: string, cause: unknown): LockHeld {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `The data directory ${directory} cannot be locked: ${reason}. Set DATA_DIR to a directory this user can write.`;
  return { kind: "unusable", directory, pid: null, message };
}

function readPid(directory: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(join(directory, PID_FILE), "utf8"), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}
