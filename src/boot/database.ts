import type { Config } from "../config/config.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { Telemetry } from "../gateway/deps.ts";
import { openStore, type Store } from "../store/open-store.ts";
import { keepMigrating, type Migrating, type Tried } from "../workers/keep-migrating.ts";
import { timeout } from "./timeout.ts";

const MIGRATE_RETRY_MS = 5_000;
/** How long start waits for a server to let it migrate, before it goes on without. */
const FIRST_MIGRATION_WAIT_MS = 3_000;

export type OpenedDatabase = {
  readonly store: Store;
  readonly migrating: Migrating;
  /** Why it could not be used at start, if so; it is tried again meanwhile. */
  readonly problem: string | null;
};

/**
 * Opens the store and brings it up to date. A server that is away, or keeps us waiting, does not keep the gateway from
 * starting: records wait on the spool, or in strict mode chat is refused, and it migrates when the server is there. A
 * migration that fails does.
 */
export async function openDatabase(
  config: Config,
  onTried: Telemetry["migrationTried"],
): Promise<Result<OpenedDatabase, { readonly message: string }>> {
  const opened = await openStore(config);
  if (!opened.ok) return opened;
  const store = opened.value;
  const migrating = keepMigrating(() => tryToMigrate(store), MIGRATE_RETRY_MS, onTried);
  const { fatal, problem } = await firstTry(migrating, store);
  if (!fatal) return ok({ store, migrating, problem });
  await store.close();
  return err({ message: `The database cannot be migrated. ${problem}` });
}

async function firstTry(migrating: Migrating, store: Store): Promise<Tried> {
  if (store.kind === "embedded") return migrating.first;
  const waiting: Tried = { problem: "The database keeps the migration waiting.", fatal: false };
  return Promise.race([migrating.first, timeout(FIRST_MIGRATION_WAIT_MS).then(() => waiting)]);
}

async function tryToMigrate(store: Store): Promise<Tried> {
  const migrated = await store.migrate();
  return migrated.ok
    ? { problem: null, fatal: false }
    : { problem: migrated.error.message, fatal: migrated.error.kind === "failed" };
}
