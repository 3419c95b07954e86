/**
 * A process of its own that opens the embedded database in argv[2], prints the ids it finds there as one JSON line, and
 * then inserts rows without end, printing each id only after the database has acknowledged it.
 */
import { writeSync } from "node:fs";
import postgres from "postgres";
import { startEmbedded } from "../../src/store/embedded/embedded.ts";

const [, , dataDir = ""] = process.argv;
const started = await startEmbedded({ dataDir });
if (!started.ok) throw new Error(started.error.message);
const sql = postgres({ ...started.value.postgresOptions, onnotice() {} });
await sql`create table if not exists acknowledged (id bigint primary key, payload text not null)`;
const rows = await sql<{ id: string }[]>`select id from acknowledged order by payload`;
writeSync(1, `${JSON.stringify(rows.map((row) => Number(row.id)))}\n`);
for (let id = Math.max(0, ...rows.map((row) => Number(row.id))) + 1; ; id += 1) {
  await sql`insert into acknowledged (id, payload) values (${id}, ${`row ${id} `.repeat(1 + (id % 50))})`;
  // Straight to the descriptor: a line that waits in a buffer when the kill comes would be an unchecked row.
  writeSync(1, `${id}\n`);
  // So that some kills meet a checkpoint, which the running database takes only once a minute.
  if (id % 50 === 0) await sql`checkpoint`;
}
