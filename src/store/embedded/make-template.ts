/**
 * Makes `initdb-18.tar.gz`, the data directory that a first start unpacks instead of running initdb for seconds.
 * Run it after every change of PGlite's version (needs GNU tar):
 *
 *     npx -y bun@1.4.5 src/store/embedded/make-template.ts
 *
 * Names, order, owners, modes and times in the archive are fixed. The bytes still differ from run to run, because
 * initdb draws a random system identifier; so the archive names the PGlite that made it, and a test compares that.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pglite from "../../../node_modules/@electric-sql/pglite/package.json" with { type: "json" };
import { openEngine } from "./engine.ts";
import { TEMPLATE_VERSION_FILE } from "./template.ts";

const target = join(import.meta.dir, "initdb-18.tar.gz");
const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-template-"));
try {
  const dataDir = join(scratch, "postgres");
  const database = await openEngine(dataDir);
  // A clean shutdown writes the checkpoint, so that no first start has a crash to recover from.
  await database.close();
  await Bun.write(join(dataDir, TEMPLATE_VERSION_FILE), `${pglite.version}\n`);
  await Bun.write(target, Bun.gzipSync(archive(dataDir), { level: 9 }));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function archive(dataDir: string): Uint8Array<ArrayBuffer> {
  const fixed = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go="];
  const tar = Bun.spawnSync(["tar", "--format=ustar", ...fixed, "-C", dataDir, "-c", "."]);
  if (!tar.success) throw new Error(`tar failed: ${tar.stderr.toString()}`);
  return new Uint8Array(tar.stdout);
}
