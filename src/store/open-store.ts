import { join, resolve } from "node:path";
import { err, ok, type Result } from "../core/result.ts";
import { type AuditEvents, createAuditEvents } from "./audit-events.ts";
import { openDatabase } from "./database.ts";
import { hasEmbedded, startEmbedded } from "./embedded/embedded.ts";
import { acquireLock } from "./lock.ts";
import { type MigrateOptions, type MigrationFailure, type MigrationReport, migrate } from "./migrate.ts";
import { clientOptions } from "./migrations/client-options.ts";
import { createPolicies, type Policies } from "./policies.ts";

/** PGlite can be left stuck, by a full disk for one; nothing inside the process can free it. */
const HUNG = "the embedded database has stopped answering; is the disk of DATA_DIR full?";
const MIGRATE_TIMEOUT_MS = 60_000;

export type StoreFailure = { readonly message: string };

/** The opened database with all that has to be closed with it. */
export type Store = {
  readonly kind: "embedded" | "server";
  readonly auditEvents: AuditEvents;
  readonly policies: Policies;
  /** What dbmate takes; a server's holds a password. */
  readonly url: string;
  readonly migrateOptions: MigrateOptions;
  migrate(): Promise<Result<MigrationReport, MigrationFailure>>;
  /** Resolves if the embedded database dies; never for a server, which may come back. */
  readonly died: Promise<StoreFailure>;
  close(): Promise<void>;
};

/** Opens the server that `databaseUrl` names without connecting yet, or starts the embedded one in `dataDir`. */
export async function openStore(options: {
  readonly dataDir: string;
  readonly databaseUrl: string | null;
  /** For those who only read: an embedded database that is not there is not made. */
  readonly mustExist?: boolean;
}): Promise<Result<Store, StoreFailure>> {
  const dataDir = resolve(options.dataDir);
  if (options.mustExist && options.databaseUrl === null && !hasEmbedded(dataDir)) {
    return err({
      message: `There is no database in ${dataDir}. DATA_DIR or DATABASE_URL names the one of the gateway.`,
    });
  }
  return options.databaseUrl === null ? openEmbedded(dataDir) : openServer(dataDir, options.databaseUrl);
}

function openServer(dataDir: string, url: string): Result<Store, StoreFailure> {
  const options = clientOptions(url);
  if (options === null)
    return err({ message: "DATABASE_URL cannot be read. Use postgres://USER:PASSWORD@HOST:5432/DATABASE." });
  const database = openDatabase({ kind: "server", options });
  const migrateOptions = { workDir: join(dataDir, "bin"), timeoutMs: MIGRATE_TIMEOUT_MS, exclusive: false };
  return ok({
    kind: "server",
    auditEvents: createAuditEvents(database),
    policies: createPolicies(database),
    url,
    migrateOptions,
    migrate: () => migrate(url, migrateOptions),
    died: new Promise(() => {}),
    close: () => database.close(),
  });
}

async function openEmbedded(dataDir: string): Promise<Result<Store, StoreFailure>> {
  const locked = acquireLock(dataDir);
  if (!locked.ok) return locked;
  const started = await startEmbedded({ dataDir });
  if (!started.ok) {
    locked.value.release();
    return err({ message: `The embedded Postgres did not start: ${started.error.message}` });
  }
  const embedded = started.value;
  const database = openDatabase({ kind: "embedded", options: embedded.postgresOptions });
  const migrateOptions = { workDir: join(dataDir, "bin"), timeoutMs: MIGRATE_TIMEOUT_MS, exclusive: true };
  return ok({
    kind: "embedded",
    auditEvents: createAuditEvents(database),
    policies: createPolicies(database),
    url: embedded.dbmateUrl,
    migrateOptions,
    migrate: () => migrate(embedded.dbmateUrl, migrateOptions),
    died: Promise.race([embedded.failed, database.hung.then(() => ({ message: HUNG }))]),
    async close() {
      await database.close();
      await embedded.close();
      locked.value.release();
    },
  });
}
