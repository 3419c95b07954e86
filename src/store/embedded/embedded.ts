import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { err, ok, type Result } from "../../core/result.ts";
import { dataFlusher } from "./flush-data.ts";
import { describe, type EmbeddedFailure } from "./messages.ts";
import { makeSocketDirectory, type SocketDirectory, socketPathIn } from "./socket-dir.ts";
import { DatabaseThread } from "./thread.ts";

export type { EmbeddedFailure } from "./messages.ts";

/** How clients reach an embedded database, in this process or in another one. */
export type EmbeddedConnection = {
  readonly socketDir: string;
  /** For dbmate and other Go or libpq clients. Holds no secret: the user's name and password are ignored. */
  readonly dbmateUrl: string;
  /** For the `postgres` client. There is one session behind the socket: more connections only queue. */
  readonly postgresOptions: PostgresOptions;
};

export type EmbeddedPostgres = EmbeddedConnection & {
  /** Resolves if the worker dies while nobody asked it to; never rejects. The database is then gone for good. */
  readonly failed: Promise<EmbeddedFailure>;
  /** Makes what is committed survive a power failure. False where that cannot be done. */
  flush(): Promise<boolean>;
  /** Finishes what runs, closes the connections, checkpoints. Safe to call twice. */
  close(): Promise<void>;
};

export type PostgresOptions = {
  readonly path: string;
  readonly username: string;
  readonly database: string;
  readonly ssl: false;
  readonly max: 1;
};

/** A first start takes about a second, crash recovery a few; beyond this the worker is taken as hung. */
const START_TIMEOUT_MS = 60_000;
/** The bound on a shutdown. A worker that misses it is stopped; its data is as safe as after `kill -9`. */
const CLOSE_TIMEOUT_MS = 10_000;

const postgresDirOf = (dataDir: string): string => join(dataDir, "postgres");

/** Whether a database was made there before. */
export const hasEmbedded = (dataDir: string): boolean => existsSync(postgresDirOf(dataDir));

/**
 * Starts PostgreSQL inside this process, in a worker thread, over `dataDir/postgres`, behind a Unix socket.
 *
 * INVARIANT: the caller holds the lock of `dataDir`. PGlite does not notice a second process in the same directory, and
 * two of them destroy it.
 */
export async function startEmbedded(options: {
  readonly dataDir: string;
}): Promise<Result<EmbeddedPostgres, EmbeddedFailure>> {
  const dataDir = resolve(options.dataDir);
  let socketDirectory: SocketDirectory;
  try {
    makePrivate(dataDir);
    socketDirectory = makeSocketDirectory(dataDir);
  } catch (cause) {
    return err({ kind: "directory", message: `${dataDir} cannot be used: ${describe(cause)}` });
  }
  const socketPath = socketPathIn(socketDirectory.path);
  const thread = new DatabaseThread(workerUrl());
  const started = await thread.ask(
    { type: "start", postgresDir: postgresDirOf(dataDir), socketPath },
    START_TIMEOUT_MS,
  );
  if (started.type === "failed") {
    thread.stop();
    socketDirectory.remove();
    return err(started.failure);
  }
  return ok(running(thread, socketDirectory, dataFlusher(postgresDirOf(dataDir))));
}

export const connectionOver = (socketDir: string): EmbeddedConnection => ({
  socketDir,
  dbmateUrl: `postgres://postgres@/postgres?host=${encodeURIComponent(socketDir)}&sslmode=disable`,
  postgresOptions: {
    path: socketPathIn(socketDir),
    username: "postgres",
    database: "postgres",
    ssl: false,
    max: 1,
  },
});

function running(
  thread: DatabaseThread,
  directory: SocketDirectory,
  flush: EmbeddedPostgres["flush"],
): EmbeddedPostgres {
  let closing: Promise<void> | undefined;
  const close = async () => {
    await thread.ask({ type: "close" }, CLOSE_TIMEOUT_MS);
    thread.stop();
    directory.remove();
  };
  return {
    ...connectionOver(directory.path),
    failed: thread.died,
    flush,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/**
 * In source the worker lies beside this file. In the compiled binary this file has become part of the entry point, and
 * the worker, an entry point of its own, is found by its path below the entry points' common directory (`src`).
 */
function workerUrl(): string | URL {
  const compiled = import.meta.url.includes("$bunfs") || import.meta.url.includes("~BUN");
  return compiled ? "./store/embedded/worker.ts" : new URL("./worker.ts", import.meta.url);
}

function makePrivate(dataDir: string): void {
  const created = mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  // `recursive` gives the mode to every directory it makes, less the umask.
  if (created !== undefined) chmodSync(dataDir, 0o700);
}
