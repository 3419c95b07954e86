import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { OpenedSpool } from "../../src/store/spool/contract.ts";
import { type FileStep, MemorySpoolFiles } from "../support/memory-spool-files.ts";
import { appendFinal, appendIntent, appendRequest, readRecords, SpoolWorld } from "../support/spool.ts";
import { until } from "../support/until.ts";

let world: SpoolWorld;
beforeEach(() => {
  world = new SpoolWorld();
});
afterEach(() => world.end());

const DISK_FAULTS: readonly { step: FileStep; code: string; written?: number }[] = [
  { step: "append", code: "ENOSPC" },
  { step: "append", code: "ENOSPC", written: 11 },
  { step: "append", code: "EFBIG" },
  { step: "flush", code: "EIO" },
  { step: "flush", code: "ENOSPC" },
];

describe("a disk that fails under an append", () => {
  for (const { step, code, written = 0 } of DISK_FAULTS) {
    test(`stops the spool for good: ${code} at ${step}, ${written} bytes written`, async () => {
      const files = new MemorySpoolFiles();
      const failures: string[] = [];
      const opened = await world.open({ files, onFailed: (reason) => failures.push(reason) });
      await appendRequest(opened, "a");
      await appendIntent(opened, "b");
      files.fault = (at) => (at === step ? { code, written } : null);
      const [first, second] = await Promise.all([
        opened.spool.appendIntent("c", Buffer.from("x")),
        opened.spool.appendFinal("b", () => Buffer.from("x")),
      ]);
      expect(first).toMatchObject({ ok: false, error: { kind: "failed", message: expect.stringContaining(code) } });
      expect(second).toMatchObject({ ok: false, error: { kind: "failed" } });
      expect(opened.spool.status()).toMatchObject({ state: "failed", reason: failures[0] });

      // The disk is well again; the file may not be.
      files.fault = () => null;
      const steps = files.steps.length;
      expect((await opened.spool.appendIntent("d", Buffer.from("x"))).ok).toBe(false);
      expect((await opened.spool.appendFinal(null, () => Buffer.from("x"))).ok).toBe(false);
      opened.spool.shippedThrough(1);
      await opened.spool.close();
      expect(files.steps.slice(steps)).toEqual([]);
      expect(failures).toHaveLength(1);

      const again = await world.open({ files });
      expect(again.spool.status().state).toBe("open");
      expect(again.quarantined).toEqual([]);
      expect(await appendFinal(again, null)).toBeGreaterThan(1);
    });
  }

  test("or neither works nor fails, stops the spool for good, and nobody waits for it any longer", async () => {
    const files = new MemorySpoolFiles();
    const failures: string[] = [];
    const opened = await world.open({ files, stalledMs: 20, onFailed: (reason) => failures.push(reason) });
    await appendRequest(opened, "a");
    const { promise, resolve } = Promise.withResolvers<void>();
    files.whileFlushing = () => promise;
    const waiting = opened.spool.appendIntent("b", Buffer.from("x"));
    expect(await waiting).toMatchObject({ ok: false, error: { kind: "failed" } });
    expect(await opened.spool.appendIntent("c", Buffer.from("x"))).toMatchObject({ ok: false });
    expect(opened.spool.status()).toMatchObject({ state: "failed", reason: expect.stringContaining("stalled") });
    expect(failures).toHaveLength(1);
    await opened.spool.close();
    resolve();
    // It got there in the end: nobody was told so, and the next process ends it.
    const again = await world.open({ files: files.afterKill() });
    expect(again.orphans.map(({ id }) => id)).toEqual(["b"]);
  });

  test("is not what a process sees that was held itself for a while", async () => {
    const files = new MemorySpoolFiles();
    const opened = await world.open({ files, stalledMs: 40 });
    // The disk is done meanwhile, and that is heard of some turns after what the clock says.
    files.whileFlushing = async () => {
      await Promise.resolve();
      Bun.sleepSync(60);
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    };
    for (let round = 0; round < 5; round++) {
      expect(await opened.spool.appendIntent(`${round}`, Buffer.from("x"))).toMatchObject({ ok: true });
    }
  });

  test("still gives what was on stable storage before, so that it can be shipped", async () => {
    const files = new MemorySpoolFiles();
    const opened = await world.open({ files });
    await appendRequest(opened, "a");
    files.fault = (step) => (step === "flush" ? { code: "EIO" } : null);
    expect((await opened.spool.appendFinal(null, () => Buffer.from("x"))).ok).toBe(false);
    expect((await readRecords(opened)).map(({ seq }) => seq)).toEqual([1]);
  });

  test("does not make those who wait for a final come back at once, over and over", async () => {
    const files = new MemorySpoolFiles();
    const opened = await world.open({ files });
    files.fault = (step) => (step === "flush" ? { code: "EIO" } : null);
    await opened.spool.appendFinal(null, () => Buffer.from("x"));
    let resolved = false;
    const waiting = opened.spool.untilFinal(0, 60_000).then(() => {
      resolved = true;
    });
    await Bun.sleep(1);
    expect(resolved).toBe(false);
    await opened.spool.close();
    await waiting;
  });
});

describe("what the next process finds after a flush that failed", () => {
  test("is made durable by it, though the system would not flush the old file again", async () => {
    const files = new MemorySpoolFiles();
    const opened = await world.open({ files });
    files.fault = (step) => (step === "flush" ? { code: "EIO" } : null);
    expect((await opened.spool.appendFinal(null, () => Buffer.from("seen, not flushed"))).ok).toBe(false);
    const left = files.afterKill();
    await opened.spool.close();
    const second = await world.open({ files: left });
    expect(await readRecords(second)).toHaveLength(1);
    expect(await appendFinal(second, null)).toBe(2);
    const afterPowerFailure = left.afterPowerFailure(() => 0);
    await second.spool.close();
    expect((await readRecords(await world.open({ files: afterPowerFailure }))).map(({ seq }) => seq)).toEqual([1, 2]);
  });
});

describe("a disk that fails under other work", () => {
  const AT_ROTATION: readonly FileStep[] = ["create", "rename", "flushDirectory"];
  for (const step of AT_ROTATION) {
    test(`stops the spool: ${step} of a new segment`, async () => {
      const files = new MemorySpoolFiles();
      const opened = await world.open({ files, segmentBytes: 200 });
      files.fault = (at) => (at === step ? { code: "ENOSPC" } : null);
      for (let index = 0; index < 20 && opened.spool.status().state === "open"; index += 1) {
        await opened.spool.appendFinal(null, () => Buffer.from(`r${index}`));
      }
      expect(opened.spool.status()).toMatchObject({ state: "failed", reason: expect.stringContaining("ENOSPC") });
      const answered = opened.spool.lastDurableSeq;
      files.fault = () => null;
      await opened.spool.close();
      const again = await world.open({ files: files.afterPowerFailure(() => 0) });
      expect((await readRecords(again)).map(({ seq }) => seq)).toEqual(
        Array.from({ length: answered }, (_, at) => at + 1),
      );
      expect(await appendFinal(again, null)).toBe(answered + 1);
    });
  }

  for (const step of ["remove", "flushDirectory"] as const) {
    test(`stops the spool: ${step} of a segment that was shipped`, async () => {
      const files = new MemorySpoolFiles();
      const opened = await world.open({ files, segmentBytes: 200 });
      for (let index = 0; index < 9; index += 1) await appendRequest(opened, `r${index}`);
      files.fault = (at) => (at === step ? { code: "EIO" } : null);
      opened.spool.shippedThrough(9);
      await until(() => opened.spool.status().state === "failed", "the spool to stop");
      files.fault = () => null;
      await opened.spool.close();
      const again = await world.open({ files: files.afterPowerFailure(() => 0) });
      expect(again).toMatchObject({ orphans: [], quarantined: [] });
      expect(await appendFinal(again, null)).toBe(10);
    });
  }

  test("stops the spool when a refused record cannot be kept", async () => {
    const files = new MemorySpoolFiles();
    const opened = await world.open({ files });
    files.fault = (step, path) => (step === "append" && path.includes("quarantine") ? { code: "ENOSPC" } : null);
    const kept = await opened.spool.quarantine({ seq: 1, payload: Buffer.from("x") });
    expect(kept).toMatchObject({ ok: false, error: { kind: "failed" } });
    expect(opened.spool.status().state).toBe("failed");
  });

  test("keeps a start from succeeding, and the next one finds all there is", async () => {
    const files = new MemorySpoolFiles();
    const opened = await world.open({ files });
    await appendRequest(opened, "a");
    await appendIntent(opened, "b");
    const left = files.afterKill();
    await opened.spool.close();
    for (const step of ["create", "append", "flush", "rename", "flushDirectory", "read"] as const) {
      left.fault = (at) => (at === step ? { code: "ENOSPC" } : null);
      const refused = await world.tryOpen({ files: left });
      expect(refused).toMatchObject({
        ok: false,
        error: { kind: "unusable", message: expect.stringContaining("ENOSPC") },
      });
    }
    left.fault = () => null;
    const again = await world.open({ files: left });
    expect(again.orphans.map(({ id }) => id)).toEqual(["b"]);
    expect((await readRecords(again)).map(({ seq }) => seq)).toEqual([1]);
  });
});

/** What a client of the spool was told, and so may rely on. */
class Told {
  readonly begun = new Set<string>();
  readonly ended = new Map<string, number>();
  shippedSeq = 0;

  async run(opened: OpenedSpool, ids: readonly string[], shipAfter: number): Promise<void> {
    await Promise.all(
      ids.map(async (id) => {
        const intent = await opened.spool.appendIntent(id, Buffer.from(`intent ${id}`));
        if (!intent.ok) return;
        this.begun.add(id);
        if (id.startsWith("open")) return;
        const final = await opened.spool.appendFinal(id, () => Buffer.from(id));
        if (final.ok) this.ended.set(id, final.value);
        if (final.ok && final.value % shipAfter === 0) {
          this.shippedSeq = Math.max(this.shippedSeq, final.value);
          opened.spool.shippedThrough(this.shippedSeq);
        }
      }),
    );
  }

  /** Records are told once each, under the number they were told under; those that have ended are not told as open. */
  async check(opened: OpenedSpool): Promise<void> {
    const found = new Map((await readRecords(opened)).map(({ seq, payload }) => [seq, payload.toString()]));
    const orphans = new Set(opened.orphans.map(({ id }) => id));
    for (const [id, seq] of this.ended) {
      if (seq > this.shippedSeq) expect(found.get(seq)).toBe(id);
      expect(orphans.has(id)).toBe(false);
    }
    for (const id of this.begun) {
      if (!this.ended.has(id) && ![...found.values()].includes(id)) expect(orphans.has(id)).toBe(true);
    }
    expect(new Set(found.values()).size).toBe(found.size);
    const seqs = [...found.keys()];
    const first = seqs[0] ?? 1;
    expect(seqs).toEqual(seqs.map((_, index) => first + index));
    expect(first).toBeLessThanOrEqual(this.shippedSeq + 1);
    expect(opened.quarantined).toEqual([]);
  }
}

test("whichever step fails, and however much of what was not flushed a power failure leaves, nothing that was answered is lost or told twice", async () => {
  const arbitrary = fc.record({
    batches: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 }),
    failingStep: fc.nat(120),
    written: fc.nat(200),
    keptShare: fc.double({ min: 0, max: 1, noNaN: true }),
    shipAfter: fc.integer({ min: 1, max: 6 }),
    segmentBytes: fc.integer({ min: 150, max: 600 }),
    killedOnly: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      arbitrary,
      async ({ batches, failingStep, written, keptShare, shipAfter, segmentBytes, killedOnly }) => {
        const files = new MemorySpoolFiles();
        const opened = await world.open({ files, segmentBytes });
        const told = new Told();
        const last = files.steps.length + failingStep;
        files.fault = (step) => (files.steps.length === last && step !== "read" ? { code: "EIO", written } : null);
        for (const [batch, size] of batches.entries()) {
          const ids = Array.from({ length: size }, (_, index) => `${index === 4 ? "open" : "r"}-${batch}-${index}`);
          await told.run(opened, ids, shipAfter);
        }
        const killed = files.afterKill();
        const kept = (bytes: number) => Math.floor(bytes * keptShare);
        const left = killedOnly ? killed : files.afterPowerFailure(kept);
        await opened.spool.close();
        const second = await world.open({ files: left, segmentBytes });
        await told.check(second);
        await told.run(second, ["later-1", "later-2"], 1_000);
        const afterwards = left.afterPowerFailure(kept);
        await second.spool.close();
        const third = await world.open({ files: afterwards, segmentBytes });
        await told.check(third);
        await third.spool.close();
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);
