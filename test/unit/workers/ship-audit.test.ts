import { heapStats } from "bun:jsc";
import { afterEach, describe, expect, test } from "bun:test";
import { type ActionRecord, canonicalRecord, leafHash } from "../../../src/audit/record.ts";
import { err, ok, type Result } from "../../../src/core/result.ts";
import type { RequestToShip } from "../../../src/workers/read-ahead.ts";
import type { ShipFailure } from "../../../src/workers/refused-record.ts";
import { type Shipping, type ShippingOptions, startShipping } from "../../../src/workers/ship-audit.ts";
import { fakeSpool } from "../../support/fake-spool.ts";
import { checksOf, INSTANCE, requestRecord, requestRecords } from "../../support/request-records.ts";
import { until } from "../../support/until.ts";

const AWAY: ShipFailure = { message: "the database cannot be reached", code: null, table: null };
const REFUSED: ShipFailure = { message: "refused", code: "23514", table: "audit_events_2026_11_22" };

let running: Shipping[] = [];
afterEach(async () => {
  for (const shipping of running) await shipping.stop(0);
  running = [];
});

/** A database in memory that answers as `judge` says, and counts what comes twice once. */
function setUp(overrides: Partial<ShippingOptions> = {}) {
  const spool = fakeSpool();
  const batches: number[][] = [];
  const committed: number[] = [];
  const requests: RequestToShip[] = [];
  const actions: ActionRecord[] = [];
  const told = { shipped: 0, failed: [] as { cause: string; retryInMs: number }[], refused: [] as number[], bugs: 0 };
  let judge: (seqs: readonly number[]) => ShipFailure | null | Promise<ShipFailure | null> = () => null;
  const begin = () => {
    const shipping = startShipping({
      spool: spool.spool,
      sink: {
        async ship(given): Promise<Result<unknown, ShipFailure>> {
          const seqs = given.map(({ record }) => record.instance_seq);
          batches.push(seqs);
          const failure = await judge(seqs);
          if (failure !== null) return err(failure);
          committed.push(...seqs.filter((seq) => !committed.includes(seq)));
          requests.push(...given);
          return ok({ inserted: seqs.length });
        },
      },
      actions: {
        async appendAction(record): Promise<Result<unknown, ShipFailure>> {
          const failure = await judge([record.instance_seq ?? 0]);
          if (failure !== null) return err(failure);
          committed.push(record.instance_seq ?? 0);
          actions.push(record);
          return ok(0);
        },
      },
      telemetry: {
        auditShipped: ({ count }) => {
          told.shipped += count;
        },
        auditShipFailed: (event) => told.failed.push(event),
        auditRefused: ({ instanceSeq }) => told.refused.push(instanceSeq),
        bug: () => {
          told.bugs += 1;
        },
      },
      now: () => new Date("2026-11-22T10:00:00.000Z"),
      random: () => 1,
      backOff: { firstMs: 1, longestMs: 8 },
      ...overrides,
    });
    running.push(shipping);
    return shipping;
  };
  return {
    ...spool,
    batches,
    committed,
    requests,
    actions,
    told,
    begin,
    judges(given: typeof judge) {
      judge = given;
    },
    /** Begins, and waits until all that was spooled by then is gone from the spool. */
    async drain() {
      const shipping = begin();
      await until(() => spool.shipped() === spool.records.length, "the spool is empty");
      return shipping;
    },
  };
}

const seqsTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, at) => first + at);

function quarantineOf(seq: number): ActionRecord {
  return {
    kind: "quarantine",
    record_version: 1,
    action_id: Bun.randomUUIDv7(),
    performed_at: 1,
    instance_id: INSTANCE,
    instance_seq: seq,
    details: { reason: "unreadable", byte_count: 10, missing_seqs: [] },
    salt: "0".repeat(32),
  };
}

describe("what is on the spool", () => {
  test("is sent in its order, in batches of a bounded size, and forgotten when it is committed", async () => {
    const world = setUp();
    world.append(...requestRecords(1, 1_300));
    await world.drain();
    expect(world.committed).toEqual(seqsTo(1_300));
    expect(Math.max(...world.batches.map((batch) => batch.length))).toBe(512);
    expect([world.told.shipped, world.told.failed]).toEqual([1_300, []]);
  });

  test("is sent with the hash and the checks of the bytes that were spooled", async () => {
    const world = setUp();
    const record = requestRecord(1, { answered_model: 'a "quoted", {braced} [model] \\ é' });
    world.append(record);
    await world.drain();
    const [sent] = world.requests;
    expect(sent?.record).toEqual(record);
    expect(sent?.leafHash).toEqual(leafHash(canonicalRecord(record)));
    expect(sent?.columnChecks).toEqual(checksOf(record));
  });

  test("is sent as it comes", async () => {
    const world = setUp();
    await world.drain();
    world.append(...requestRecords(1, 2));
    await until(() => world.shipped() === 2, "two are sent");
    world.append(requestRecord(3));
    await until(() => world.shipped() === 3, "the third is sent");
    expect(world.committed).toEqual([1, 2, 3]);
  });

  test("leaves nothing in memory of the waits for it", async () => {
    const world = setUp();
    const shipping = await world.drain();
    const promiseCount = () => {
      Bun.gc(true);
      return heapStats().objectTypeCounts["Promise"] ?? 0;
    };
    const before = promiseCount();
    for (const record of requestRecords(1, 500)) {
      world.append(record);
      expect(await shipping.shippedThrough(record.instance_seq, 5_000)).toBe(true);
      // Now it has nothing to do, and waits for more.
      await Bun.sleep(1);
    }
    expect(promiseCount() - before).toBeLessThan(250);
  });

  test("goes on where the last process ended", async () => {
    const world = setUp();
    world.append(...requestRecords(1, 3));
    world.spool.shippedThrough(2);
    await world.drain();
    expect(world.committed).toEqual([3]);
  });

  test("is split where an action stands between requests, so that all come in their order", async () => {
    const world = setUp();
    world.append(requestRecord(1), requestRecord(2), quarantineOf(3), requestRecord(4));
    await world.drain();
    expect(world.committed).toEqual([1, 2, 3, 4]);
    expect(world.batches).toEqual([[1, 2], [4]]);
    expect(world.actions).toMatchObject([{ kind: "quarantine", instance_seq: 3 }]);
  });

  test("is sent in smaller batches where records are large", async () => {
    const world = setUp();
    const reason_codes = [`a${"b".repeat(300_000)}`];
    world.append(...seqsTo(9).map((seq) => requestRecord(seq, { reason_codes })));
    await world.drain();
    expect(world.batches).toEqual([
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ]);
  });
});

describe("a database that is away", () => {
  test("is asked again, with pauses that double up to a bound, and has every record in the end", async () => {
    const world = setUp();
    world.append(...requestRecords(1, 5));
    let failures = 7;
    world.judges(() => (failures-- > 0 ? AWAY : null));
    await world.drain();
    expect(world.told.failed.map(({ retryInMs }) => retryInMs)).toEqual([1, 2, 4, 8, 8, 8, 8]);
    expect(world.told.failed[0]?.cause).toBe(AWAY.message);
    expect(world.committed).toEqual([1, 2, 3, 4, 5]);
  });

  test("is asked after a pause that varies", async () => {
    const world = setUp({ random: () => 0, backOff: { firstMs: 10, longestMs: 40 } });
    world.append(requestRecord(1));
    let failures = 2;
    world.judges(() => (failures-- > 0 ? AWAY : null));
    await world.drain();
    expect(world.told.failed.map(({ retryInMs }) => retryInMs)).toEqual([5, 10]);
  });

  test("gets the same batch again when its answer was lost, and smaller ones when it is slow", async () => {
    const world = setUp();
    world.append(...requestRecords(1, 512));
    const late: number[] = [];
    world.judges((seqs) => {
      late.push(seqs.length);
      return late.length <= 6 ? { message: "too slow", code: "57014", table: null } : null;
    });
    await world.drain();
    expect(late.slice(0, 7)).toEqual([512, 256, 128, 64, 32, 16, 16]);
    expect(late.slice(7)).toEqual([32, 64, 128, 256, 16]);
    expect(world.committed).toEqual(seqsTo(512));
  });

  test("leaves what waits for it on the spool, but for what the next two batches need", async () => {
    const world = setUp();
    world.append(...requestRecords(1, 3_000));
    world.judges(() => AWAY);
    world.begin();
    await until(() => world.told.failed.length >= 3, "it is tried again");
    expect(world.readThrough()).toBe(1_024);
  });

  test.each([
    ["a leaf that is there already", { code: "23505", table: "audit_leaves" }],
    ["a table that is not there", { code: "42P01", table: null }],
    ["a row that no partition takes", { code: "23514", table: null }],
    ["a log whose state is lost", { code: "23502", table: "audit_leaves" }],
    ["a transaction that was ended", { code: "40001", table: null }],
  ])("or wrong, by %s, loses no record over it", async (_, failure) => {
    const world = setUp();
    world.append(...requestRecords(1, 3));
    let failures = 4;
    world.judges(() => (failures-- > 0 ? { message: "no", ...failure } : null));
    await world.drain();
    expect([world.committed, world.aside]).toEqual([[1, 2, 3], []]);
  });
});

describe("whether the database takes records", () => {
  test("is so while nothing is known against it", async () => {
    const world = setUp();
    expect(await world.begin().takesRecords(5)).toEqual(ok(undefined));
    world.append(requestRecord(1));
    expect(await (await world.drain()).takesRecords(5)).toEqual(ok(undefined));
  });

  test("is not so after one was not taken, until it is", async () => {
    const world = setUp({ backOff: { firstMs: 60_000, longestMs: 60_000 } });
    let isReadOnly = true;
    world.judges(() => (isReadOnly ? { message: "it is read-only", code: "25006", table: null } : null));
    world.append(requestRecord(1));
    const shipping = world.begin();
    await until(() => world.told.failed.length === 1, "it is not taken");
    expect(await shipping.takesRecords(5)).toMatchObject({ ok: false, error: { message: "it is read-only" } });
    isReadOnly = false;
    expect(await shipping.takesRecords(5_000)).toEqual(ok(undefined));
    expect(world.committed).toEqual([1]);
  });
});

describe("a record that the database refuses for good", () => {
  test.each([
    ["a check", "23514", "audit_events_default"],
    ["a null", "23502", "audit_events"],
    ["a value", "22003", null],
    ["a text", "22021", null],
  ])("by %s, is found among many and put aside; the others are rows, and the log is told", async (_, code, table) => {
    const world = setUp();
    world.append(...requestRecords(1, 600));
    const bad = new Set([77, 78, 512]);
    world.judges((seqs) => (seqs.some((seq) => bad.has(seq)) ? { message: "refused", code, table } : null));
    await world.drain();
    expect(world.aside).toEqual([77, 78, 512]);
    expect(world.told.refused).toEqual([77, 78, 512]);
    const rows = world.committed.filter((seq) => seq <= 600);
    expect(rows).toEqual(seqsTo(600).filter((seq) => !bad.has(seq)));
    expect(world.actions.map(({ details }) => details)).toEqual(
      [77, 78, 512].map((seq) => ({
        reason: "refused",
        byte_count: world.records[seq - 1]?.payload.length ?? 0,
        missing_seqs: [seq],
      })),
    );
    expect(world.actions.map(({ instance_id, instance_seq }) => [instance_id, instance_seq])).toEqual(
      [601, 602, 603].map((seq) => [INSTANCE, seq]),
    );
    expect(new Set(world.actions.map(({ salt }) => salt)).size).toBe(3);
    // Halving 600 to find one takes 10 statements; the first is counted once more for each.
    expect(world.batches.length).toBeLessThan(45);
    expect(world.told.failed).toEqual([]);
  });

  test("is no row for whoever waits for it, and the ones beside it are", async () => {
    const world = setUp();
    world.append(...requestRecords(1, 3));
    world.judges((seqs) => (seqs.includes(2) ? REFUSED : null));
    const shipping = world.begin();
    expect(await Promise.all([1, 2, 3].map((seq) => shipping.shippedThrough(seq, 5_000)))).toEqual([true, false, true]);
    expect(await shipping.shippedThrough(2, 5_000)).toBe(false);
  });

  test("is put aside, too, where it is no JSON", async () => {
    const world = setUp();
    world.append(requestRecord(1));
    world.put(Buffer.from("{half"));
    world.append(requestRecord(3));
    await world.drain();
    expect(world.aside).toEqual([2]);
    expect(world.committed).toEqual([1, 3, 4]);
    expect(world.actions).toMatchObject([{ details: { reason: "unreadable", byte_count: 5, missing_seqs: [2] } }]);
  });

  test("stays where it is while it cannot be put aside", async () => {
    const world = setUp();
    world.append(...requestRecords(1, 2));
    world.judges((seqs) => {
      world.breaks(world.told.failed.length < 3);
      return seqs.includes(1) ? REFUSED : null;
    });
    await world.drain();
    expect(world.told.failed.slice(0, 3).map(({ cause }) => cause)).toEqual(Array(3).fill("the disk is broken"));
    expect([world.aside, world.committed]).toEqual([[1], [2, 3]]);
  });

  test("is put aside once where it tells of a gap itself, and tells of no other", async () => {
    const world = setUp();
    world.append(quarantineOf(1), requestRecord(2));
    world.judges((seqs) => (seqs.includes(1) ? { ...REFUSED, table: "audit_actions" } : null));
    await world.drain();
    expect([world.aside, world.committed, world.records.length]).toEqual([[1], [2], 2]);
  });

  test("of a newer version is kept for the program that wrote it", async () => {
    const world = setUp();
    world.append(requestRecord(1));
    world.put(Buffer.from(canonicalRecord(requestRecord(2)).replace('"record_version":2', '"record_version":3')));
    world.begin();
    await until(() => world.told.failed.length >= 3, "it is tried again");
    expect(world.told.failed[0]?.cause).toBe("record 2 of the spool was written by another version of this program");
    expect([world.committed, world.aside, world.shipped()]).toEqual([[1], [], 1]);
  });
});

describe("who waits for a row", () => {
  test("hears when it is committed, and at once where it is", async () => {
    const world = setUp();
    const { promise: release, resolve } = Promise.withResolvers<null>();
    world.append(...requestRecords(1, 2));
    world.judges(() => release);
    const shipping = world.begin();
    const answers: boolean[] = [];
    const waiting = shipping.shippedThrough(2, 5_000).then((answer) => answers.push(answer));
    await until(() => world.batches.length === 1, "the batch is on its way");
    expect(answers).toEqual([]);
    resolve(null);
    await waiting;
    expect(answers).toEqual([true]);
    expect(await shipping.shippedThrough(1, 0)).toBe(true);
  });

  test("hears in time that it is not known", async () => {
    const world = setUp();
    world.append(requestRecord(1));
    world.judges(() => AWAY);
    expect(await world.begin().shippedThrough(1, 20)).toBe(false);
  });

  test("ends a long pause", async () => {
    const world = setUp({ backOff: { firstMs: 60_000, longestMs: 60_000 } });
    world.append(requestRecord(1));
    let failures = 1;
    world.judges(() => (failures-- > 0 ? AWAY : null));
    const shipping = world.begin();
    await until(() => world.told.failed.length === 1, "it pauses");
    expect(await shipping.shippedThrough(1, 5_000)).toBe(true);
  });
});

describe("the end", () => {
  test("comes when all is sent", async () => {
    const world = setUp();
    world.append(...requestRecords(1, 1_500));
    await world.begin().stop(20_000);
    expect(world.committed).toEqual(seqsTo(1_500));
  });

  test("comes at once while nothing is to be done", async () => {
    const world = setUp();
    const shipping = await world.drain();
    await shipping.stop(60_000);
    world.append(requestRecord(1));
    await Bun.sleep(10);
    expect(world.committed).toEqual([]);
  });

  test("does not wait for a database that is away", async () => {
    const world = setUp({ backOff: { firstMs: 60_000, longestMs: 60_000 } });
    world.append(requestRecord(1));
    world.judges(() => AWAY);
    const shipping = world.begin();
    await until(() => world.told.failed.length === 1, "it pauses");
    await shipping.stop(60_000);
    expect(world.shipped()).toBe(0);
  });

  test("comes in time although the database does not answer, and what it says later changes nothing", async () => {
    const world = setUp();
    const { promise, resolve } = Promise.withResolvers<null>();
    world.append(requestRecord(1));
    world.judges(() => promise);
    const shipping = world.begin();
    const waiting = shipping.shippedThrough(1, 60_000);
    await until(() => world.batches.length === 1, "the batch is on its way");
    await shipping.stop(5);
    expect(await waiting).toBe(false);
    resolve(null);
    await Bun.sleep(5);
    expect(world.shipped()).toBe(0);
  });
});

test("a bug is told, and does not end the work", async () => {
  const world = setUp();
  world.append(requestRecord(1));
  let bugs = 2;
  world.judges(() => {
    if (bugs-- > 0) throw new Error("a bug");
    return null;
  });
  await world.drain();
  expect([world.told.bugs, world.committed]).toEqual([2, [1]]);
});

test("a spool that cannot be read is read again", async () => {
  const world = setUp();
  world.append(requestRecord(1));
  world.breaks(true);
  world.begin();
  await until(() => world.told.failed.length >= 2, "it is told");
  world.breaks(false);
  await until(() => world.shipped() === 1, "it is sent");
});
