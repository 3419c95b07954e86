import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { err, ok, type Result } from "../../core/result.ts";
import { flush } from "../flush.ts";
import templatePath from "./initdb-18.tar.gz" with { type: "file" };
import { describe, type EmbeddedFailure } from "./messages.ts";

/** The PostgreSQL major version PGlite is. A directory of another one cannot be opened. */
export const POSTGRES_MAJOR = "18";
/** Names, inside the data directory, the PGlite version whose initdb made it. */
export const TEMPLATE_VERSION_FILE = "PGLITE_VERSION";

/**
 * Makes sure that `postgresDir` is a whole data directory, unpacking the template on the first start.
 *
 * INVARIANT: a directory of that name is complete. The template is unpacked beside it, made durable, and renamed; a
 * start that is killed before the rename leaves only the sibling, which the next start throws away.
 */
export async function prepareDataDirectory(postgresDir: string): Promise<Result<void, EmbeddedFailure>> {
  if (existsSync(postgresDir)) return checkVersion(postgresDir);
  const partial = `${postgresDir}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { mode: 0o700 });
  try {
    await new Bun.Archive(await Bun.file(templatePath).bytes()).extract(partial);
    for (const entry of readdirSync(partial, { recursive: true, encoding: "utf8" })) flush(join(partial, entry));
    flush(partial);
  } catch (cause) {
    rmSync(partial, { recursive: true, force: true });
    const message = `${postgresDir} cannot be made (${describe(cause)}). It needs some 60 MB; is the disk full?`;
    return err({ kind: "directory", message });
  }
  renameSync(partial, postgresDir);
  flush(dirname(postgresDir));
  return ok(undefined);
}

function checkVersion(postgresDir: string): Result<void, EmbeddedFailure> {
  const versionFile = join(postgresDir, "PG_VERSION");
  if (!existsSync(versionFile)) {
    const message = `${postgresDir} is not a PostgreSQL data directory: it has no PG_VERSION. Move it away, or set DATA_DIR.`;
    return err({ kind: "directory", message });
  }
  const version = readFileSync(versionFile, "utf8").trim();
  if (version === POSTGRES_MAJOR) return ok(undefined);
  const message = `${postgresDir} belongs to PostgreSQL ${version}, this program embeds ${POSTGRES_MAJOR}. Use the program that made it, or set DATA_DIR.`;
  return err({ kind: "version", message });
}
