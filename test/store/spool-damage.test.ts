import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import type { OpenedSpool } from "../../src/store/spool/contract.ts";
import { HEADERS_BYTES } from "../../src/store/spool/frame.ts";
import { MemorySpoolFiles } from "../support/memory-spool-files.ts";
import { appendFinal, appendIntent, appendRequest, readAll, readRecords, SpoolWorld } from "../support/spool.ts";

let world: SpoolWorld;
beforeEach(() => {
  world = new SpoolWorld();
});
afterEach(() => world.end());

const segmentPath = (number: number) => join(world.directory, `${String(number).padStart(12, "0")}.spool`);

/** What a process leaves that is killed after these appends; each stands where `ends` says. */
async function written(segmentBytes = 1_000_000): Promise<{ files: MemorySpoolFiles; ends: number[] }> {
  const files = new MemorySpoolFiles();
  const opened = await world.open({ files, segmentBytes });
  const ends: number[] = [];
  const note = () => ends.push(files.get(segmentPath(1)).length);
  for (const append of [
    () => appendIntent(opened, "a"),
    () => appendFinal(opened, "a"),
    () => appendIntent(opened, "b"),
    () => appendIntent(opened, "c"),
    () => appendFinal(opened, "c"),
    () => appendFinal(opened, "b"),
  ]) {
    await append();
    note();
  }
  const left = files.afterKill();
  await opened.spool.close();
  return { files: left, ends };
}

/** The same files with other bytes in one of them. */
function withBytes(files: MemorySpoolFiles, path: string, bytes: Uint8Array): MemorySpoolFiles {
  const changed = files.afterKill();
  changed.put(path, bytes);
  return changed;
}

async function reopened<T>(files: MemorySpoolFiles, look: (opened: OpenedSpool) => Promise<T>): Promise<T> {
  const opened = await world.open({ files });
  try {
    return await look(opened);
  } finally {
    await opened.spool.close();
  }
}

const byId = ({ quarantined }: OpenedSpool) => quarantined.toSorted((one, other) => (one.id < other.id ? -1 : 1));

const ALL = ["1: final 1 a", "2: final 2 c", "3: final 3 b"];

describe("a write that was not finished", () => {
  test("is cut off wherever it ended: what was whole stays, and the numbers go on without a gap", async () => {
    const { files, ends } = await written();
    const whole = files.get(segmentPath(1));
    for (let length = HEADERS_BYTES; length < whole.length; length += 1) {
      const torn = withBytes(files, segmentPath(1), whole.subarray(0, length));
      const appends = ends.filter((end) => end <= length).length;
      const finals = [0, 0, 1, 1, 1, 2][appends] ?? 3;
      await reopened(torn, async (opened) => {
        expect(await readAll(opened)).toEqual(ALL.slice(0, finals));
        expect(opened.quarantined).toEqual([]);
        expect(opened.truncatedBytes).toBe(length - (ends[appends - 1] ?? HEADERS_BYTES));
        expect(opened.orphans.map(({ id }) => id)).toEqual([[], ["a"], [], ["b"], ["b", "c"], ["b"]][appends] ?? []);
        expect(await appendFinal(opened, null)).toBe(finals + 1);
      });
    }
  });

  test("that left nothing but zeros is cut off, too", async () => {
    const { files } = await written();
    const zeros = withBytes(files, segmentPath(1), Buffer.concat([files.get(segmentPath(1)), Buffer.alloc(4_096)]));
    await reopened(zeros, async (opened) => {
      expect(opened).toMatchObject({ truncatedBytes: 4_096, quarantined: [] });
      expect(await readAll(opened)).toEqual(ALL);
      expect(await appendFinal(opened, null)).toBe(4);
    });
  });

  test("of a new segment is as if it had never begun", async () => {
    const { files } = await written();
    files.put(`${segmentPath(2)}.partial`, Buffer.from("half a header"));
    await reopened(files, async (opened) => {
      expect(await readAll(opened)).toEqual(ALL);
      expect(files.paths).not.toContain(`${segmentPath(2)}.partial`);
    });
  });
});

describe("a flipped bit", () => {
  test("anywhere in the only segment costs one record at most, and that is reported and its number not used again", async () => {
    const { files, ends } = await written();
    const whole = files.get(segmentPath(1));
    const starts = [HEADERS_BYTES, ...ends];
    const seqs = [null, 1, null, null, 2, 3];
    for (let at = 0; at < whole.length; at += 1) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      const hit = starts.findLastIndex((start) => start <= at);
      // Its length can be told by its checksum; nothing else of a frame can.
      const lost = hit >= 0 && at - (starts[hit] ?? 0) >= 4 ? (seqs[hit] ?? null) : null;
      await reopened(withBytes(files, segmentPath(1), flipped), async (opened) => {
        expect(await readAll(opened)).toEqual(ALL.filter((line) => !line.startsWith(`${lost}:`)));
        expect(opened.quarantined.flatMap((loss) => loss.missingSeqs)).toEqual(lost === null ? [] : [lost]);
        expect(opened.truncatedBytes).toBe(0);
        expect(opened.spool.status().unshippedCount).toBe(lost === null ? 3 : 2);
        expect(await appendFinal(opened, null)).toBe(4);
      });
    }
  });

  test("in the length of a frame costs nothing at all", async () => {
    const { files, ends } = await written();
    const whole = files.get(segmentPath(1));
    for (const start of [0, HEADERS_BYTES / 2, HEADERS_BYTES, ...ends.slice(0, -1)]) {
      for (let bit = 0; bit < 32; bit += 1) {
        const flipped = Buffer.from(whole);
        const at = start + (bit >> 3);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit & 7));
        await reopened(withBytes(files, segmentPath(1), flipped), async (opened) => {
          expect(await readAll(opened)).toEqual(ALL);
          expect(opened).toMatchObject({ quarantined: [], truncatedBytes: 0, orphans: [] });
        });
      }
    }
  });

  test("keeps the bad bytes in quarantine", async () => {
    const { files, ends } = await written();
    const flipped = files.get(segmentPath(1));
    const [start = 0, end = 0] = ends;
    flipped[end - 1] = (flipped[end - 1] ?? 0) ^ 1;
    const damaged = withBytes(files, segmentPath(1), flipped);
    await reopened(damaged, async ({ quarantined, orphans }) => {
      expect(quarantined).toMatchObject([{ byteCount: end - start, missingSeqs: [1] }]);
      const file = quarantined[0]?.file ?? "";
      expect(damaged.get(join(world.directory, "quarantine", file))).toEqual(flipped.subarray(start, end));
      // The end of that request is lost; that it began is not.
      expect(orphans.map(({ id }) => id)).toEqual(["a"]);
    });
  });
});

describe("a loss", () => {
  async function damagedInTheMiddle(): Promise<MemorySpoolFiles> {
    const { files, ends } = await written();
    const flipped = files.get(segmentPath(1));
    const at = (ends[1] ?? 0) - 1;
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    return withBytes(files, segmentPath(1), flipped);
  }

  test("is told at every start until a final ends it, and is no news after that", async () => {
    const files = await damagedInTheMiddle();
    const first = await reopened(files, async ({ quarantined }) => quarantined);
    expect(first).toHaveLength(1);
    const id = first[0]?.id ?? "";
    await reopened(files, async (opened) => {
      expect(opened.quarantined).toEqual(first);
      expect(await appendFinal(opened, id)).toBe(4);
    });
    await reopened(files, async (opened) => {
      expect(opened.quarantined).toEqual([]);
      expect((await readAll(opened)).map((line) => line.slice(0, 1))).toEqual(["2", "3", "4"]);
    });
  });

  test("is told again after a power failure at any step of the start that found it", async () => {
    const start = await damagedInTheMiddle();
    const counting = start.afterKill();
    const opened = await world.open({ files: counting });
    const stepCount = counting.steps.length;
    await opened.spool.close();
    for (let failing = 0; failing < stepCount; failing += 1) {
      const files = start.afterKill();
      files.fault = () => (files.steps.length === failing + 1 ? { code: "EIO" } : null);
      expect(await world.tryOpen({ files })).toMatchObject({ ok: false, error: { kind: "unusable" } });
      await reopened(
        files.afterPowerFailure(() => 0),
        async (again) => {
          expect(again.quarantined.flatMap((loss) => loss.missingSeqs)).toEqual([1]);
          expect(await readAll(again)).toEqual(ALL.slice(1));
        },
      );
    }
  });

  test("of a whole segment is told by the numbers that are missing", async () => {
    const { files } = await written(120);
    const names = files.paths.filter((path) => path.endsWith(".spool"));
    expect(names.length).toBeGreaterThan(2);
    await files.remove(names[2] ?? "");
    await reopened(files, async (opened) => {
      const read = (await readRecords(opened)).map(({ seq }) => seq);
      const missing = opened.quarantined.flatMap((loss) => loss.missingSeqs);
      expect(missing.length).toBeGreaterThan(0);
      expect([...read, ...missing].sort()).toEqual([1, 2, 3]);
      expect(opened.quarantined).toMatchObject([{ file: "", byteCount: 0 }]);
    });
  });

  test("of many numbers is told in parts that a record can hold", async () => {
    const files = new MemorySpoolFiles();
    const opened = await world.open({ files, segmentBytes: 10_000 });
    for (let batch = 0; batch < 6; batch += 1) {
      await Promise.all(Array.from({ length: 500 }, () => appendFinal(opened, null)));
    }
    const left = files.afterKill();
    await opened.spool.close();
    const names = left.paths.filter((path) => path.endsWith(".spool"));
    expect(names.length).toBeGreaterThan(2);
    for (const name of names.slice(1, 4)) await left.remove(name);
    await reopened(left, async (again) => {
      const missing = again.quarantined.map((loss) => loss.missingSeqs.length);
      expect(missing).toHaveLength(2);
      expect(missing[0]).toBe(1_000);
      const read = (await readRecords(again)).map(({ seq }) => seq);
      expect(missing.reduce((sum, count) => sum + count, read.length)).toBe(3_000);
      expect(again.spool.status().unshippedCount).toBe(read.length);
      expect(new Set(again.quarantined.map(({ id }) => id)).size).toBe(missing.length);
    });
  });
});

describe("identity", () => {
  test("is refused to be guessed: with both headers gone the spool does not open, and nothing is touched", async () => {
    const { files } = await written();
    const bytes = files.get(segmentPath(1));
    bytes.fill(0xff, 0, HEADERS_BYTES);
    const damaged = withBytes(files, segmentPath(1), bytes);
    expect(await world.tryOpen({ files: damaged })).toMatchObject({ ok: false, error: { kind: "unreadable" } });
    expect(damaged.get(segmentPath(1))).toEqual(bytes);
  });

  test("comes from any other segment that still has it", async () => {
    const { files } = await written(120);
    const bytes = files.get(segmentPath(1));
    bytes.fill(0xff, 0, HEADERS_BYTES);
    await reopened(withBytes(files, segmentPath(1), bytes), async (opened) => {
      expect(await readAll(opened)).toEqual(ALL);
    });
  });

  test("of two spools in one directory is refused", async () => {
    const { files } = await written();
    const other = new SpoolWorld();
    const elsewhere = new MemorySpoolFiles();
    await other.open({ files: elsewhere });
    files.put(segmentPath(2), elsewhere.get(join(other.directory, "000000000001.spool")));
    await other.end();
    expect(await world.tryOpen({ files })).toMatchObject({ ok: false, error: { kind: "unreadable" } });
  });
});

describe("numbers", () => {
  test("only grow: a copy of a segment under a later name is put aside, and no record is told twice", async () => {
    const { files } = await written();
    const copied = withBytes(files, segmentPath(2), files.get(segmentPath(1)));
    await reopened(copied, async (opened) => {
      expect(await readAll(opened)).toEqual(ALL);
      expect(opened.quarantined.length).toBeGreaterThan(0);
      expect(await appendFinal(opened, null)).toBe(4);
    });
  });

  test("go on over a segment that was emptied", async () => {
    const { files } = await written(120);
    const names = files.paths.filter((path) => path.endsWith(".spool"));
    const emptied = withBytes(files, names[2] ?? "", Buffer.alloc(0));
    const first = await reopened(emptied, async (opened) => ({
      read: await readAll(opened),
      quarantined: opened.quarantined,
    }));
    const missing = first.quarantined.flatMap((loss) => loss.missingSeqs);
    expect(missing.length).toBeGreaterThan(0);
    expect(first.read.length + missing.length).toBe(3);
    await reopened(emptied, async (opened) => {
      expect(opened.quarantined).toEqual(first.quarantined);
      expect(await readAll(opened)).toEqual(first.read);
      expect(await appendFinal(opened, null)).toBe(4);
    });
  });
});

describe("damage while the spool is open", () => {
  test("stops it: what stands before is given, and the next start finds the rest", async () => {
    const files = new MemorySpoolFiles();
    const failures: string[] = [];
    const opened = await world.open({ files, onFailed: (reason) => failures.push(reason) });
    for (const id of ["a", "b", "c"]) await appendRequest(opened, id);
    const bytes = files.get(segmentPath(1));
    const at = bytes.indexOf("final 2 b");
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const read = files.read.bind(files);
    files.read = async (path, position, length) => {
      await read(path, position, length);
      return bytes.subarray(position, position + length);
    };
    const first = await opened.spool.read(0, 10);
    expect(first.ok && first.value.map(({ seq }) => seq)).toEqual([1]);
    expect(await opened.spool.read(1, 10)).toMatchObject({ ok: false, error: { kind: "failed" } });
    expect(opened.spool.status().state).toBe("failed");
    expect(failures).toHaveLength(1);
    expect((await opened.spool.appendIntent("d", Buffer.from("x"))).ok).toBe(false);
    await opened.spool.close();
    await reopened(withBytes(files, segmentPath(1), bytes), async (again) => {
      expect((await readRecords(again)).map(({ seq }) => seq)).toEqual([1, 3]);
    });
  });
});

test("whatever bytes stand in the segments, what is read was written, in order, and each number is read, missing or never was", async () => {
  const { files } = await written(120);
  const names = files.paths.filter((path) => path.endsWith(".spool"));
  const change = fc.record({
    file: fc.nat(names.length - 1),
    at: fc.nat(220),
    bytes: fc.uint8Array({ maxLength: 90 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      const changed = files.afterKill();
      for (const { file, at, bytes } of changes) {
        const name = names[file] ?? "";
        const whole = changed.get(name);
        whole.set(bytes.subarray(0, Math.max(0, whole.length - at)), Math.min(at, whole.length));
        changed.put(name, whole);
      }
      const opened = await world.tryOpen({ files: changed });
      if (!opened.ok) return expect(opened.error.kind).toBe("unreadable");
      const read = await readAll(opened.value);
      expect(ALL.filter((line) => read.includes(line))).toEqual(read);
      const next = await appendFinal(opened.value, null);
      await opened.value.spool.close();
      expect(next).toBeGreaterThan(read.length);
      // What a start made of it, the next one finds whole.
      await reopened(changed, async (again) => {
        expect(again.truncatedBytes).toBe(0);
        expect(byId(again)).toEqual(byId(opened.value));
        expect(await readAll(again)).toEqual([...read, `${next}: final ${next} null`]);
      });
    }),
    { numRuns: 120 },
  );
}, 60_000);
