import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resolveBinary } from "dbmate";
import { postgresBinaries } from "./postgres-server.ts";

export const MIGRATIONS_DIR = join(import.meta.dir, "../../db/migrations");
export const SCHEMA_FILE = join(import.meta.dir, "../../db/schema.sql");

/** The plain command line tool as an operator would run it, over the folder in the repository. */
export function dbmateCli(databaseUrl: string, ...args: string[]): { exitCode: number; output: string } {
  const path = [postgresBinaries(), process.env["PATH"]].filter(Boolean).join(":");
  const flags = ["--no-dump-schema", "--migrations-dir", MIGRATIONS_DIR];
  const run = Bun.spawnSync([resolveBinary(), ...flags, ...args], {
    env: { DATABASE_URL: databaseUrl, PGSSLMODE: "prefer", PATH: path },
  });
  return { exitCode: run.exitCode, output: `${run.stdout}${run.stderr}` };
}

/** What `dbmate dump` writes for this database; `null` when this machine has no `pg_dump` that can read it. */
export function dumpSchema(databaseUrl: string): string | null {
  if (postgresBinaries() === null) return null;
  const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-dump-"));
  try {
    const file = join(scratch, "schema.sql");
    const run = dbmateCli(databaseUrl, "--schema-file", file, "dump");
    if (run.output.includes("server version mismatch")) return null;
    if (run.exitCode !== 0) throw new Error(run.output);
    return readFileSync(file, "utf8");
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Without what depends on the versions of server and pg_dump: the lines about them, their guards and settings. */
export function comparable(schema: string): string {
  const versionBound = /^(-- Dumped (from|by) .*|\\(un)?restrict .*|SET \w+ = .*;|)$/;
  return schema
    .split("\n")
    .filter((line) => !versionBound.test(line))
    .join("\n");
}
