import { afterEach, expect, test } from "bun:test";
import { type Child, runChild } from "../support/embedded-child.ts";
import { readRecords, SpoolWorld } from "../support/spool.ts";
import { until } from "../support/until.ts";

const ROUNDS = 12;

const world = new SpoolWorld();
let child: Child | null = null;
afterEach(async () => {
  await child?.killAndDrain();
  await world.end();
});

/** Reads on, so that the process is never kept waiting for somebody to listen. */
async function hearAll(child: Child, account: Account): Promise<void> {
  for (let line = await child.nextLine(); line !== null; line = await child.nextLine()) account.hear(line);
}

/** What all processes said so far, and what stood on the spool they left. */
class Account {
  readonly begun = new Set<string>();
  /** Number to id. */
  readonly ended = new Map<number, string>();
  /** Number to record, also of those that are shipped more than once. */
  readonly records = new Map<number, string>();
  readonly instanceIds = new Set<string>();
  readyCount = 0;
  quarantinedCount = 0;

  hear(line: string): void {
    const [verb, first = "", ...rest] = line.split(" ");
    if (verb === "begun") this.begun.add(first);
    if (verb === "ended") this.ended.set(Number(rest[0]), first);
    if (verb === "shipped") this.record(Number(first), rest.join(" "));
    if (verb === "ready") this.readyCount += 1;
    if (verb === "opened") this.instanceIds.add(first);
    if (verb === "opened") this.quarantinedCount += Number(rest[1]);
  }

  record(seq: number, text: string): void {
    const before = this.records.get(seq);
    if (before !== undefined) expect(text).toBe(before);
    this.records.set(seq, text);
  }
}

test("a process killed at any moment loses nothing it was answered, ends each request once and leaves no gap", async () => {
  const account = new Account();
  for (let round = 0; round < ROUNDS; round += 1) {
    child = runChild("spool-writer.ts", [world.directory, `${round}`]);
    const hearing = hearAll(child, account);
    // The first ones as soon as they have the spool, later ones amid many requests.
    const endedCount = account.ended.size + round * 30;
    const isTime = () => account.readyCount > round && account.ended.size >= endedCount;
    await until(isTime, "the process to have ended its requests");
    for (const line of await child.killAndDrain()) account.hear(line);
    await hearing;
  }

  const opened = await world.open({ segmentBytes: 16_384 });
  for (const { seq, payload } of await readRecords(opened)) account.record(seq, payload.toString().trimEnd());
  const seqs = [...account.records.keys()].sort((one, other) => one - other);
  expect(seqs.length).toBeGreaterThanOrEqual(account.ended.size);
  expect(seqs).toEqual(seqs.map((_, index) => index + 1));
  const ids = [...account.records.values()].map((text) => text.split(" ")[1] ?? "");
  expect(new Set(ids).size).toBe(ids.length);
  for (const [seq, id] of account.ended) expect(account.records.get(seq)).toStartWith(`${seq} ${id} `);
  const known = new Set([...ids, ...opened.orphans.map(({ id }) => id)]);
  expect([...account.begun].filter((id) => !known.has(id))).toEqual([]);
  expect(known.size).toBe(ids.length + opened.orphans.length);
  expect([...account.instanceIds]).toEqual([opened.spool.instanceId]);
  expect(account.quarantinedCount + opened.quarantined.length).toBe(0);
}, 60_000);
