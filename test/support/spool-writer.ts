/** Appends requests to the spool of a directory, several at a time, and says on standard output what it was answered. */

import { writeSync } from "node:fs";
import { openSpool } from "../../src/store/spool/spool.ts";

const [directory = "", round = ""] = process.argv.slice(2);
const CLIENTS = 8;

const opened = await openSpool({ directory, maxBytes: 16_777_216, segmentBytes: 16_384 });
if (!opened.ok) throw new Error(opened.error.message);
const { spool, orphans, quarantined, truncatedBytes } = opened.value;
// Synchronously, so that nothing is told late: what the parent did not read was not said before the kill.
const say = (...words: readonly (string | number)[]) => writeSync(1, `${words.join(" ")}\n`);

say("opened", spool.instanceId, truncatedBytes, quarantined.length);
for (const { id } of orphans) await end(id, "interrupted");
say("ready");
await Promise.all(Array.from({ length: CLIENTS }, (_, client) => serve(client)));

async function serve(client: number): Promise<void> {
  for (let count = 0; ; count += 1) {
    const id = `${round}-${client}-${count}`;
    const intent = await spool.appendIntent(id, Buffer.from(id.padEnd(300)));
    if (!intent.ok) throw new Error(intent.error.message);
    say("begun", id);
    const seq = await end(id, "succeeded");
    if (seq % 50 === 0) await ship();
  }
}

async function end(id: string, status: string): Promise<number> {
  const final = await spool.appendFinal(id, (seq) => Buffer.from(`${seq} ${id} ${status}`.padEnd(400)));
  if (!final.ok) throw new Error(final.error.message);
  say("ended", id, final.value);
  return final.value;
}

/** Standard output is the database: what stands on it is committed. */
async function ship(): Promise<void> {
  const read = await spool.read(spool.firstUnshippedSeq - 1, 60);
  if (!read.ok) throw new Error(read.error.message);
  for (const { seq, payload } of read.value) say("shipped", seq, payload.toString().trimEnd());
  spool.shippedThrough(read.value.at(-1)?.seq ?? 0);
}
