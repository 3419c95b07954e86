import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { type EmbeddedPostgres, startEmbedded } from "../../src/store/embedded/embedded.ts";

/** Directories and databases of one test file; `clean` ends and removes whatever tests left behind. */
export class EmbeddedFixture {
  readonly #directories: string[] = [];
  readonly #running: EmbeddedPostgres[] = [];
  readonly #clients: postgres.Sql[] = [];

  directory(): string {
    const directory = mkdtempSync(join(tmpdir(), "policy-mesh-pglite-"));
    this.#directories.push(directory);
    return join(directory, "data");
  }

  async start(dataDir: string): Promise<EmbeddedPostgres> {
    const started = await startEmbedded({ dataDir });
    if (!started.ok) throw new Error(started.error.message);
    this.#running.push(started.value);
    return started.value;
  }

  client(database: EmbeddedPostgres): postgres.Sql {
    const sql = postgres({ ...database.postgresOptions, onnotice() {} });
    this.#clients.push(sql);
    return sql;
  }

  async disconnect(): Promise<void> {
    for (const sql of this.#clients.splice(0)) await sql.end({ timeout: 1 });
  }

  async clean(): Promise<void> {
    await this.disconnect();
    for (const database of this.#running.splice(0)) await database.close();
    for (const directory of this.#directories.splice(0)) rmSync(directory, { recursive: true, force: true });
  }
}
