import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { MAX_FINAL_BYTES, MAX_INTENT_BYTES } from "../../src/store/spool/contract.ts";
import { runChild } from "../support/embedded-child.ts";
import { MemorySpoolFiles } from "../support/memory-spool-files.ts";
import { appendFinal, appendIntent, appendRequest, readAll, SpoolWorld } from "../support/spool.ts";
import { until } from "../support/until.ts";

let world: SpoolWorld;
beforeEach(() => {
  world = new SpoolWorld();
});
afterEach(() => world.end());

const segmentsIn = (directory: string) => readdirSync(directory).filter((name) => name.endsWith(".spool"));

describe("records", () => {
  test("are numbered from 1 without gaps and read in that order", async () => {
    const opened = await world.open();
    expect(opened).toMatchObject({ orphans: [], truncatedBytes: 0, quarantined: [] });
    for (const id of ["a", "b", "c"]) await appendRequest(opened, id);
    expect(await readAll(opened)).toEqual(["1: final 1 a", "2: final 2 b", "3: final 3 c"]);
    expect(opened.spool).toMatchObject({ firstUnshippedSeq: 1, lastDurableSeq: 3 });
  });

  test("are there for the next process, which goes on with their numbers under the same instance", async () => {
    const first = await world.open();
    await appendRequest(first, "a");
    await first.spool.close();
    const second = await world.open();
    expect(second.spool.instanceId).toBe(first.spool.instanceId);
    expect(second.spool.instanceId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(await appendRequest(second, "b")).toBe(2);
    expect(await readAll(second)).toEqual(["1: final 1 a", "2: final 2 b"]);
  });

  test("are given from any number on, and as many as are asked for", async () => {
    const opened = await world.open({ segmentBytes: 400 });
    for (let index = 1; index <= 20; index += 1) await appendRequest(opened, `r${index}`);
    for (let after = 0; after <= 20; after += 1) {
      const read = await opened.spool.read(after, 2);
      const seqs = read.ok ? read.value.map((record) => record.seq) : [];
      expect(seqs[0] ?? 21).toBe(after + 1);
      expect(seqs.length).toBeLessThanOrEqual(2);
    }
  });

  test("of the greatest size are taken and read, larger ones are refused and use no number", async () => {
    const opened = await world.open({ maxBytes: 33_554_432 });
    const { spool } = opened;
    expect(await spool.appendIntent("big", new Uint8Array(MAX_INTENT_BYTES))).toEqual({ ok: true, value: undefined });
    expect(await spool.appendIntent("more", new Uint8Array(MAX_INTENT_BYTES + 1))).toMatchObject({
      ok: false,
      error: { kind: "too_large" },
    });
    expect(await spool.appendFinal("big", () => new Uint8Array(MAX_FINAL_BYTES + 1))).toMatchObject({
      ok: false,
      error: { kind: "too_large" },
    });
    expect(await spool.appendFinal("big", () => new Uint8Array(MAX_FINAL_BYTES))).toEqual({ ok: true, value: 1 });
    const read = await spool.read(0, 10);
    expect(read.ok && read.value.map(({ payload }) => payload.length)).toEqual([MAX_FINAL_BYTES]);
  });

  test("and the folder are for their owner alone", async () => {
    const opened = await world.open();
    await appendRequest(opened, "a");
    expect(statSync(join(world.directory, "000000000001.spool")).mode & 0o777).toBe(0o600);
    expect(statSync(join(world.directory, "quarantine")).mode & 0o777).toBe(0o700);
  });
});

describe("an intent", () => {
  test("without a final is told at every start until a final ends it", async () => {
    const first = await world.open();
    await appendIntent(first, "a");
    await appendRequest(first, "b");
    await first.spool.close();
    const second = await world.open();
    expect(second.orphans).toEqual([{ id: "a", payload: Buffer.from("intent a") }]);
    await second.spool.close();
    const third = await world.open();
    expect(third.orphans.map(({ id }) => id)).toEqual(["a"]);
    expect(await appendFinal(third, "a")).toBe(2);
    await third.spool.close();
    expect((await world.open()).orphans).toEqual([]);
  });

  test("ends once: a second final, and one of an intent that never was, is refused and uses no number", async () => {
    const opened = await world.open();
    await appendIntent(opened, "a");
    const made: number[] = [];
    const make = (seq: number) => {
      made.push(seq);
      return Buffer.from("final");
    };
    const both = await Promise.all([opened.spool.appendFinal("a", make), opened.spool.appendFinal("a", make)]);
    expect(both).toMatchObject([
      { ok: true, value: 1 },
      { ok: false, error: { kind: "not_open" } },
    ]);
    expect(await opened.spool.appendFinal("b", make)).toMatchObject({ ok: false, error: { kind: "not_open" } });
    expect(made).toEqual([1]);
    expect(await appendFinal(opened, null)).toBe(2);
  });

  test("of an id that is open is refused, and taken again when that has ended", async () => {
    const opened = await world.open();
    await appendIntent(opened, "a");
    const again = await opened.spool.appendIntent("a", Buffer.from("other"));
    expect(again).toMatchObject({ ok: false, error: { kind: "duplicate" } });
    await appendFinal(opened, "a");
    await appendIntent(opened, "a");
    await opened.spool.close();
    expect((await world.open()).orphans.map(({ id }) => id)).toEqual(["a"]);
  });

  test("has an id of 1 to 255 bytes", async () => {
    const { spool } = await world.open();
    expect((await spool.appendIntent("ä".repeat(127), Buffer.from("x"))).ok).toBe(true);
    for (const id of ["", "ä".repeat(128)]) {
      expect((await spool.appendIntent(id, Buffer.from("x"))).ok).toBe(false);
    }
  });
});

describe("group commit", () => {
  test("answers nobody before the flush, and those who come meanwhile share the next one", async () => {
    const files = new MemorySpoolFiles();
    const flushes: number[] = [];
    const opened = await world.open({ files, onFlushed: (seconds) => flushes.push(seconds) });
    let release = () => {};
    files.whileFlushing = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    let answered = 0;
    const append = async (id: string) => {
      await appendIntent(opened, id);
      answered += 1;
    };
    const first = append("first");
    await until(() => files.steps.at(-1) === "append", "a write");
    const rest = Array.from({ length: 64 }, (_, index) => append(`r${index}`));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(answered).toBe(0);
    files.whileFlushing = async () => {};
    release();
    await Promise.all([first, ...rest]);
    expect(flushes).toHaveLength(2);
    expect(flushes.every((seconds) => seconds >= 0)).toBe(true);
  });

  test("keeps the order of the calls, whoever waits", async () => {
    const opened = await world.open();
    const seqs = await Promise.all(Array.from({ length: 100 }, () => appendFinal(opened, null)));
    expect(seqs).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    expect((await readAll(opened)).map((line) => Number.parseInt(line, 10))).toEqual(seqs);
  });
});

describe("the bound", () => {
  test("refuses intents and takes finals of those that were taken, until records are shipped", async () => {
    const opened = await world.open({ maxBytes: 4_000 });
    const { spool } = opened;
    await appendIntent(opened, "open");
    for (let index = 0; spool.status().state === "open"; index += 1) await appendRequest(opened, `r${index}`);
    expect(spool.status()).toMatchObject({ state: "full", reason: expect.stringContaining("4000 bytes") });
    const refused = await spool.appendIntent("more", Buffer.from("x"));
    expect(refused).toMatchObject({ ok: false, error: { kind: "full" } });
    const last = await appendFinal(opened, "open");
    spool.shippedThrough(last);
    await until(() => spool.status().state === "open", "room in the spool");
    await appendIntent(opened, "more");
    expect(spool.status()).toMatchObject({ reason: null, unshippedCount: 0, oldestUnshippedAt: null });
  });

  test("holds for those who come at once, too", async () => {
    const { spool } = await world.open({ maxBytes: 10_000 });
    const payload = Buffer.alloc(1_000);
    const taken = await Promise.all(Array.from({ length: 50 }, (_, index) => spool.appendIntent(`${index}`, payload)));
    expect(taken.filter((one) => one.ok)).toHaveLength(10);
    expect(spool.status().bytes).toBeLessThan(11_200);
  });
});

describe("the state", () => {
  test("says how many records wait, and since when", async () => {
    let nowMs = 1_000;
    const opened = await world.open({ now: () => new Date(nowMs) });
    for (nowMs of [1_000, 2_000, 3_000]) await appendFinal(opened, null);
    await appendIntent(opened, "open");
    expect(opened.spool.status()).toMatchObject({ unshippedCount: 3, oldestUnshippedAt: new Date(1_000) });
    opened.spool.shippedThrough(2);
    expect(opened.spool.firstUnshippedSeq).toBe(3);
    expect(opened.spool.status()).toMatchObject({ unshippedCount: 1, oldestUnshippedAt: new Date(3_000) });
    await opened.spool.close();
    expect((await world.open()).spool.status().oldestUnshippedAt).toEqual(new Date(1_000));
  });

  test("counts nothing as shipped that was not read yet", async () => {
    const opened = await world.open();
    await appendFinal(opened, null);
    opened.spool.shippedThrough(50);
    await appendFinal(opened, null);
    expect(await readAll(opened)).toEqual(["2: final 2 null"]);
  });
});

describe("waiting for a final", () => {
  test("ends with the final, with the time, and when the spool is closed", async () => {
    const opened = await world.open();
    const { spool } = opened;
    const waiting = spool.untilFinal(0, 60_000);
    await appendFinal(opened, null);
    await waiting;
    await spool.untilFinal(0, 60_000);
    await spool.untilFinal(1, 1);
    const closing = spool.untilFinal(1, 60_000);
    await spool.close();
    await closing;
  });
});

describe("segments", () => {
  test("go when their finals are shipped, and not before", async () => {
    const opened = await world.open({ segmentBytes: 500 });
    for (let index = 0; index < 40; index += 1) await appendRequest(opened, `r${index}`);
    const before = segmentsIn(world.directory);
    expect(before.length).toBeGreaterThan(4);
    opened.spool.shippedThrough(20);
    await until(() => segmentsIn(world.directory).length < before.length, "a segment to go");
    expect((await readAll(opened))[0]).toBe("21: final 21 r20");
    opened.spool.shippedThrough(40);
    await until(() => segmentsIn(world.directory).length === 1, "all segments but one to go");
    await opened.spool.close();
    expect(await readAll(await world.open())).toEqual([]);
  });

  test("stay while what was shipped from them may still be lost where it was shipped to, and are shipped again then", async () => {
    let safe = false;
    let asked = 0;
    const maySegmentsGo = async () => {
      asked++;
      return safe;
    };
    const opened = await world.open({ segmentBytes: 500, maySegmentsGo });
    for (let index = 0; index < 10; index += 1) await appendRequest(opened, `r${index}`);
    const before = segmentsIn(world.directory);
    opened.spool.shippedThrough(10);
    expect(opened.spool.status().unshippedCount).toBe(0);
    await until(() => asked > 0, "the question");
    await opened.spool.close();
    expect(segmentsIn(world.directory)).toEqual(expect.arrayContaining(before));
    const second = await world.open({ segmentBytes: 500, maySegmentsGo });
    expect(await readAll(second)).toHaveLength(10);
    safe = true;
    second.spool.shippedThrough(10);
    await until(() => segmentsIn(world.directory).length === 1, "all segments but one to go");
  });

  test("go though a request in them is still open: its intent is carried forward, and ends as any other", async () => {
    const opened = await world.open({ segmentBytes: 500 });
    await appendIntent(opened, "long");
    for (let index = 0; index < 20; index += 1) await appendRequest(opened, `r${index}`);
    opened.spool.shippedThrough(20);
    await until(() => segmentsIn(world.directory).length === 1, "all segments but one to go");
    expect(segmentsIn(world.directory)).not.toContain("000000000001.spool");
    await opened.spool.close();
    const second = await world.open({ segmentBytes: 500 });
    expect(second.orphans).toEqual([{ id: "long", payload: Buffer.from("intent long") }]);
    expect(await appendFinal(second, "long")).toBe(21);
    await second.spool.close();
    expect((await world.open()).orphans).toEqual([]);
  });

  test("that hold little else than open intents wait for their ends", async () => {
    const files = new MemorySpoolFiles();
    const opened = await world.open({ files, segmentBytes: 500 });
    for (let index = 0; index < 30; index += 1) await appendIntent(opened, `r${index}`, 50);
    const writes = files.steps.filter((step) => step === "append").length;
    opened.spool.shippedThrough(0);
    await opened.spool.untilFinal(0, 5);
    expect(files.steps.filter((step) => step === "append")).toHaveLength(writes);
    for (let index = 0; index < 30; index += 1) await appendFinal(opened, `r${index}`);
    opened.spool.shippedThrough(30);
    await until(() => files.paths.filter((path) => path.endsWith(".spool")).length === 1, "all segments but one to go");
  });

  test("too small for anything are as many as there are records, and no more", async () => {
    const files = new MemorySpoolFiles();
    const opened = await world.open({ files, segmentBytes: 1 });
    await appendIntent(opened, "open");
    for (let index = 0; index < 5; index += 1) await appendRequest(opened, `r${index}`);
    opened.spool.shippedThrough(5);
    await appendFinal(opened, "open");
    opened.spool.shippedThrough(6);
    await until(() => files.paths.filter((path) => path.endsWith(".spool")).length === 1, "all segments but one to go");
    expect(await appendFinal(opened, null)).toBe(7);
  });

  test("keep a request ended whose final stands in a later one, whichever of them goes first", async () => {
    const files = new MemorySpoolFiles();
    const opened = await world.open({ files, segmentBytes: 300 });
    await appendIntent(opened, "crosses");
    for (let index = 0; index < 9; index += 1) await appendRequest(opened, `r${index}`);
    await appendFinal(opened, "crosses");
    const removals: MemorySpoolFiles[] = [];
    files.fault = (step) => {
      if (step === "remove") removals.push(files.afterPowerFailure(() => 0));
      return null;
    };
    opened.spool.shippedThrough(10);
    await until(() => files.paths.filter((path) => path.endsWith(".spool")).length === 1, "all segments but one to go");
    await opened.spool.close();
    expect(removals.length).toBeGreaterThan(2);
    for (const left of removals) {
      const reopened = await world.open({ files: left });
      expect(reopened.orphans).toEqual([]);
      await reopened.spool.close();
    }
  });

  test("that are all gone but the last leave instance and numbers to it", async () => {
    const first = await world.open();
    for (let index = 0; index < 5; index += 1) await appendRequest(first, `r${index}`);
    first.spool.shippedThrough(5);
    await first.spool.close();
    expect(segmentsIn(world.directory)).toHaveLength(1);
    const second = await world.open();
    expect(second.spool.instanceId).toBe(first.spool.instanceId);
    expect(second.spool).toMatchObject({ firstUnshippedSeq: 6, lastDurableSeq: 5 });
    expect(await readAll(second)).toEqual([]);
    expect(await appendFinal(second, null)).toBe(6);
  });

  test("that are old go though they are short, while somebody waits for more", async () => {
    const opened = await world.open({ segmentMs: 30 });
    await appendFinal(opened, null);
    opened.spool.shippedThrough(1);
    await until(async () => {
      await opened.spool.untilFinal(1, 1);
      return !segmentsIn(world.directory).includes("000000000001.spool");
    }, "the old segment to go");
    expect(await appendFinal(opened, null)).toBe(2);
  });

  test("go after a power failure between the carrying forward and the removal, as they would have gone without", async () => {
    const files = new MemorySpoolFiles();
    const opened = await world.open({ files, segmentBytes: 500 });
    await appendIntent(opened, "long");
    for (let index = 0; index < 20; index += 1) await appendRequest(opened, `r${index}`);
    let left: MemorySpoolFiles | null = null;
    files.fault = (step) => {
      if (step === "remove") left ??= files.afterPowerFailure(() => 0);
      return null;
    };
    opened.spool.shippedThrough(20);
    await opened.spool.close();
    if (left === null) throw new Error("no segment went");
    const kept: MemorySpoolFiles = left;
    const again = await world.open({ files: kept, segmentBytes: 500 });
    expect(again.orphans.map(({ id }) => id)).toEqual(["long"]);
    again.spool.shippedThrough(await appendFinal(again, "long"));
    await until(() => kept.paths.filter((path) => path.endsWith(".spool")).length === 1, "all segments but one to go");
  });
});

describe("the directory", () => {
  test("is one process's at a time, whoever else asks", async () => {
    const holder = runChild("embedded-lock-holder.ts", [world.directory]);
    try {
      await holder.nextLine();
      const refused = await world.tryOpen();
      expect(refused).toMatchObject({ ok: false, error: { kind: "held" } });
      expect(refused.ok ? "" : refused.error.message).toContain(`process ${holder.pid}`);
    } finally {
      await holder.killAndDrain();
    }
    const opened = await world.open();
    expect(await world.tryOpen()).toMatchObject({ ok: false, error: { kind: "held" } });
    await opened.spool.close();
    await opened.spool.close();
    expect((await world.tryOpen()).ok).toBe(true);
  });

  test("is on stable storage itself before anything in it is", async () => {
    const files = new MemorySpoolFiles();
    const flushed: string[] = [];
    files.fault = (step, path) => {
      if (step === "flushDirectory") flushed.push(path);
      return null;
    };
    await world.open({ files });
    expect(flushed[0]).toBe(dirname(world.directory));
  });

  test("takes nothing after it was closed, and all that was taken before is there", async () => {
    const opened = await world.open();
    const taken = Array.from({ length: 20 }, () => appendFinal(opened, null));
    const closing = opened.spool.close();
    expect(await opened.spool.appendIntent("late", Buffer.from("x"))).toMatchObject({ error: { kind: "closed" } });
    expect(await opened.spool.appendFinal(null, () => Buffer.from("x"))).toMatchObject({ error: { kind: "closed" } });
    await closing;
    expect(await Promise.all(taken)).toHaveLength(20);
    expect(await readAll(await world.open())).toHaveLength(20);
  });
});

describe("a record that nobody takes", () => {
  test("is kept in quarantine before its segment may go", async () => {
    const opened = await world.open();
    await appendFinal(opened, null);
    const read = await opened.spool.read(0, 1);
    const record = read.ok ? read.value[0] : undefined;
    if (record === undefined) throw new Error("no record");
    expect((await opened.spool.quarantine(record)).ok).toBe(true);
    const name = `refused-${opened.spool.instanceId}-1.json`;
    expect(readFileSync(join(world.directory, "quarantine", name), "utf8")).toBe("final 1 null");
  });

  test("stays where it is when the quarantine has reached its bound", async () => {
    const { spool } = await world.open({ maxBytes: 2_000 });
    expect((await spool.quarantine({ seq: 1, payload: Buffer.alloc(1_500) })).ok).toBe(true);
    const refused = await spool.quarantine({ seq: 2, payload: Buffer.alloc(1_500) });
    expect(refused).toMatchObject({ ok: false, error: { kind: "full" } });
  });
});
