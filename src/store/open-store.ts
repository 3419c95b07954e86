import { join, resolve } from "node:path";
import { err, ok, type Result } from "../core/result.ts";
import { openDatabase } from "./database.ts";
import { hasEmbedded, startEmbedded } from "./embedded/embedded.ts";
import { joinEmbedded } from "./embedded/join.ts";
import { acquireLock, type Lock } from "./lock.ts";
import { type MigrateOptions, type MigrationFailure, type MigrationReport, migrate } from "./migrate.ts";
import { clientOptions } from "./migrations/client-options.ts";
import { type Tables, tablesOf } from "./tables.ts";

/** PGlite can be left stuck, by a full disk for one; nothing inside the process can free it. */
const HUNG = "the embedded database has stopped answering; is the disk of DATA_DIR full?";
const MIGRATION_LOCK_TIMEOUT_MS = 60_000;
/** May move every row of a large table; where it does not end, nothing of it is done. */
const MIGRATE_TIMEOUT_MS = 1_800_000;
const MIGRATE_TIMEOUTS = { lockTimeoutMs: MIGRATION_LOCK_TIMEOUT_MS, timeoutMs: MIGRATE_TIMEOUT_MS };

export type StoreFailure = { readonly message: string };

/** The opened database with all that has to be closed with it. */
export type Store = Tables & {
  readonly kind: "embedded" | "server";
  /** Whether the embedded database is another process's. */
  readonly joined: boolean;
  /** What dbmate takes; a server's holds a password. */
  readonly url: string;
  readonly migrateOptions: MigrateOptions;
  migrate(): Promise<Result<MigrationReport, MigrationFailure>>;
  /** Makes what is committed survive a power failure; a server does so by itself. False where it cannot be done. */
  flush(): Promise<boolean>;
  /** Resolves if the embedded database dies; never for a server, which may come back. */
  readonly died: Promise<StoreFailure>;
  close(): Promise<void>;
};

/** Opens the server that `databaseUrl` names without connecting yet, or starts the embedded one in `dataDir`. */
export async function openStore(options: {
  readonly dataDir: string;
  readonly databaseUrl: string | null;
  /** An embedded database that is not there is not made. */
  readonly mustExist?: boolean;
  /** For short work beside a gateway: an embedded database that one has open is asked through that gateway. */
  readonly join?: boolean;
}): Promise<Result<Store, StoreFailure>> {
  const dataDir = resolve(options.dataDir);
  if (options.mustExist && options.databaseUrl === null && !hasEmbedded(dataDir)) {
    return err({
      message: `There is no database in ${dataDir}. DATA_DIR or DATABASE_URL names the one of the gateway.`,
    });
  }
  if (options.databaseUrl !== null) return openServer(dataDir, options.databaseUrl);
  const locked = acquireLock(dataDir);
  if (locked.ok) return await openEmbedded(dataDir, locked.value);
  return options.join && locked.error.kind === "held" ? await joinStore(dataDir) : locked;
}

function openServer(dataDir: string, url: string): Result<Store, StoreFailure> {
  const options = clientOptions(url);
  if (options === null)
    return err({ message: "DATABASE_URL cannot be read. Use postgres://USER:PASSWORD@HOST:5432/DATABASE." });
  const database = openDatabase({ kind: "server", options });
  const migrateOptions = { workDir: join(dataDir, "bin"), ...MIGRATE_TIMEOUTS, exclusive: false };
  return ok({
    kind: "server",
    joined: false,
    ...tablesOf(database),
    url,
    migrateOptions,
    migrate: () => migrate(url, migrateOptions),
    flush: async () => true,
    died: new Promise(() => {}),
    close: () => database.close(),
  });
}

async function openEmbedded(dataDir: string, lock: Lock): Promise<Result<Store, StoreFailure>> {
  const started = await startEmbedded({ dataDir });
  if (!started.ok) {
    lock.release();
    return err({ message: `The embedded Postgres did not start: ${started.error.message}` });
  }
  const embedded = started.value;
  const database = openDatabase({ kind: "embedded", options: embedded.postgresOptions });
  const migrateOptions = { workDir: join(dataDir, "bin"), ...MIGRATE_TIMEOUTS, exclusive: true };
  return ok({
    kind: "embedded",
    joined: false,
    ...tablesOf(database),
    url: embedded.dbmateUrl,
    migrateOptions,
    migrate: () => migrate(embedded.dbmateUrl, migrateOptions),
    flush: embedded.flush,
    died: Promise.race([embedded.failed, database.hung.then(() => ({ message: HUNG }))]),
    async close() {
      await database.close();
      await embedded.close();
      lock.release();
    },
  });
}

async function joinStore(dataDir: string): Promise<Result<Store, StoreFailure>> {
  const joined = await joinEmbedded(dataDir);
  if (!joined.ok) return joined;
  const { dbmateUrl, postgresOptions } = joined.value;
  const database = openDatabase({ kind: "embedded", options: postgresOptions });
  const migrateOptions = { workDir: join(dataDir, "bin"), ...MIGRATE_TIMEOUTS, exclusive: false };
  return ok({
    kind: "embedded",
    joined: true,
    ...tablesOf(database),
    url: dbmateUrl,
    migrateOptions,
    migrate: () => migrate(dbmateUrl, migrateOptions),
    flush: async () => true,
    died: new Promise(() => {}),
    close: () => database.close(),
  });
}
