import { migrationStatus, rollback } from "../store/migrate.ts";
import { openStore, type Store } from "../store/open-store.ts";
import { settingsOrComplain } from "./settings.ts";

/** `migrate [up|down|status]` against the database of the settings; the embedded one must not be in use. */
export async function migrateCommand([direction = "up"]: readonly string[]): Promise<number> {
  if (!isDirection(direction)) {
    console.error("Usage: policy-mesh migrate [up|down|status]");
    return 2;
  }
  const config = settingsOrComplain();
  if (config === null) return 1;
  const opened = await openStore(config);
  if (!opened.ok) {
    console.error(opened.error.message);
    return 1;
  }
  try {
    return await DIRECTIONS[direction](opened.value);
  } finally {
    await opened.value.close();
  }
}

const DIRECTIONS = {
  async up(store: Store): Promise<number> {
    const migrated = await store.migrate();
    return migrated.ok ? say(migrated.value.applied, "applied", "The schema is up to date.") : fail(migrated.error);
  },
  async down(store: Store): Promise<number> {
    const undone = await rollback(store.url, store.migrateOptions);
    return undone.ok ? say(undone.value.rolledBack, "rolled back", "There is nothing to undo.") : fail(undone.error);
  },
  async status(store: Store): Promise<number> {
    const status = await migrationStatus(store.url, store.migrateOptions);
    if (!status.ok) return fail(status.error);
    say(status.value.applied, "applied", "None is applied.");
    return say(status.value.pending, "pending", "None is pending.");
  },
};

const isDirection = (word: string): word is keyof typeof DIRECTIONS => Object.hasOwn(DIRECTIONS, word);

function say(names: readonly string[], what: string, none: string): number {
  console.log(names.length === 0 ? none : names.map((name) => `${what.padEnd(11)} ${name}`).join("\n"));
  return 0;
}

function fail(failure: { readonly message: string }): number {
  console.error(failure.message);
  return 1;
}
