import { describeFaults, readConfig } from "../config/config.ts";
import { err, type Result } from "../core/result.ts";
import { openStore, type Store } from "../store/open-store.ts";

/**
 * The database of the settings, where one is. The embedded one is asked through the gateway that has it open, where one
 * has. The error is a sentence, or several lines of them.
 */
export async function withStore<T>(use: (store: Store) => Promise<Result<T, string>>): Promise<Result<T, string>> {
  const config = readConfig(process.env);
  if (!config.ok) return err(describeFaults(config.error));
  const opened = await openStore({ ...config.value, mustExist: true, join: true });
  if (!opened.ok) return err(opened.error.message);
  try {
    return await use(opened.value);
  } finally {
    await opened.value.close();
  }
}

/** Codes of PostgreSQL for a table or a column that is not there. */
const NOT_MIGRATED = /SQLSTATE (42P01|42703)\b/;

/** Why rows could not be read, as a sentence; `cause` is the store's. */
export function unreadable(cause: string): string {
  const hint = NOT_MIGRATED.test(cause) ? " Run `policy-mesh migrate` first." : "";
  return `The audit cannot be read: ${cause}.${hint}`;
}
