import { join } from "node:path";
import postgres from "postgres";
import { migrate } from "../../src/store/migrate.ts";
import { clientOptions } from "../../src/store/migrations/client-options.ts";
import { REQUEST_POLICY } from "./audit-requests.ts";

/** Brings an empty database up to date, with the policy that the requests of these tests are decided by. */
export async function openAuditDatabase(url: string, directory: string) {
  const migrated = await migrate(url, { workDir: join(directory, "bin"), timeoutMs: 60_000, exclusive: false });
  if (!migrated.ok) throw new Error(migrated.error.message);
  const sql = connect(url);
  const { hash, name, version, stored } = REQUEST_POLICY;
  await sql`insert into policies (hash, name, version, document, first_activated_at, last_activated_at)
    values (${hash}, ${name}, ${version}, ${sql.json(stored)}, now(), now())`;
  return { sql, close: () => sql.end({ timeout: 5 }) };
}

function connect(url: string): postgres.Sql {
  const options = clientOptions(url);
  if (options === null) throw new Error("not a PostgreSQL URL");
  return postgres({ ...options, max: 2, onnotice() {} });
}
