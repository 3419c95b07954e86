import postgres from "postgres";
import listVersions from "../../../db/queries/schema_migrations/list_versions.sql" with { type: "text" };
import { clientOptions } from "./client-options.ts";
import { MIGRATION_FILES } from "./files.ts";

const CONNECT_TIMEOUT_SECONDS = 5;

/** Whether every migration that this program carries is applied; false where that cannot be seen. Reads only. */
export async function isUpToDate(databaseUrl: string): Promise<boolean> {
  const options = clientOptions(databaseUrl);
  if (options === null) return false;
  const connection = { max: 1, connect_timeout: CONNECT_TIMEOUT_SECONDS, fetch_types: false, onnotice() {} };
  const sql = postgres({ ...options, ...connection });
  try {
    const rows = await sql.unsafe<{ version: string }[]>(listVersions);
    const applied = new Set(rows.map(({ version }) => version));
    return MIGRATION_FILES.every(({ name }) => applied.has(name.split("_")[0] ?? name));
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
}
