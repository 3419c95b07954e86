import { describe, expect, test } from "bun:test";
import { err, ok } from "../../../src/core/result.ts";
import { type AuditMaintenance, maintainAudit } from "../../../src/workers/maintain-audit.ts";

const NOW = new Date("2026-11-22T17:45:00Z");
const NOTHING_DROPPED = ok({ dropped: [], kept: [] });

/** A maintenance that notes what it is asked for, and a clock that stands still until it is moved. */
function setUp(
  overrides: Partial<AuditMaintenance> = {},
  retentionDays: number | null = null,
  mayDrop: () => boolean = () => true,
) {
  const calls: string[] = [];
  const told: unknown[] = [];
  const clock = { ms: 0 };
  const plain: AuditMaintenance = {
    createPartitions: async () => ok(0),
    countLeaves: async () => ok({ countedCount: 0, behindCount: 0 }),
    dropBefore: async () => NOTHING_DROPPED,
    ...overrides,
  };
  const worker = maintainAudit({
    maintenance: {
      createPartitions(now) {
        calls.push("create");
        return plain.createPartitions(now);
      },
      countLeaves() {
        calls.push("count");
        return plain.countLeaves();
      },
      dropBefore(before, now) {
        calls.push(`drop before ${before.toISOString()}`);
        return plain.dropBefore(before, now);
      },
    },
    retentionDays,
    telemetry: { auditMaintained: (event) => told.push(event) },
    now: () => NOW,
    mayDrop,
    monotonicMs: () => clock.ms,
    everyMs: 1,
  });
  return { worker, calls, told, clock };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(1);
}

describe("keeping the audit's tables in shape", () => {
  test("makes partitions first, counts, and drops what is older than so many whole days", async () => {
    const { worker, calls } = setUp({}, 30);
    await worker.first;
    expect(calls[0]).toBe("create");
    await until(() => calls.length >= 3);
    await worker.stop();
    expect(calls.slice(0, 3)).toEqual(["create", "count", "drop before 2026-10-23T00:00:00.000Z"]);
  });

  test("drops nothing where nobody said for how long rows are kept", async () => {
    const { worker, calls } = setUp();
    await until(() => calls.length >= 5);
    await worker.stop();
    expect(calls.filter((call) => call.startsWith("drop"))).toEqual([]);
  });

  test("drops nothing before it may, and not an hour later when it may", async () => {
    let mayDrop = false;
    const { worker, calls, clock } = setUp({}, 30, () => mayDrop);
    const drops = () => calls.filter((call) => call.startsWith("drop")).length;
    await until(() => calls.length >= 5);
    expect(drops()).toBe(0);
    mayDrop = true;
    clock.ms = 60_000;
    await until(() => drops() === 1);
    await worker.stop();
  });

  test("counts often, and does the rest by the hour", async () => {
    const { worker, calls, clock } = setUp();
    await until(() => calls.length >= 5);
    expect(calls.filter((call) => call === "create")).toHaveLength(1);
    clock.ms = 3_600_000;
    await until(() => calls.filter((call) => call === "create").length === 2);
    await worker.stop();
  });

  test("counts on until the log is counted", async () => {
    let behindCount = 3;
    const { worker, calls } = setUp({
      countLeaves: async () => ok({ countedCount: 1, behindCount: Math.max(0, --behindCount) }),
    });
    await until(() => calls.length >= 5);
    await worker.stop();
    // The one after is that of the next time.
    expect(calls.slice(0, 5)).toEqual(["create", "count", "count", "count", "count"]);
    expect(behindCount).toBeLessThanOrEqual(-1);
  });

  test("stops between two batches of a long backlog", async () => {
    const gate = Promise.withResolvers<void>();
    const { worker, calls } = setUp({
      async countLeaves() {
        await gate.promise;
        return ok({ countedCount: 1, behindCount: 1_000 });
      },
    });
    await until(() => calls.includes("count"));
    const stopped = worker.stop();
    gate.resolve();
    await stopped;
    expect(calls.filter((call) => call === "count")).toHaveLength(1);
  });

  test("tells what it made and dropped, and nothing where there was nothing to do", async () => {
    const busy = setUp(
      {
        createPartitions: async () => ok(9),
        dropBefore: async () => ok({ dropped: [{ partition: "audit_events_20261001" }], kept: [] }),
      },
      30,
    );
    await until(() => busy.told.length > 0);
    await busy.worker.stop();
    expect(busy.told).toEqual([{ createdPartitions: 9, droppedPartitions: ["audit_events_20261001"], problem: null }]);
    const idle = setUp({}, 30);
    await until(() => idle.calls.length >= 5);
    await idle.worker.stop();
    expect(idle.told).toEqual([]);
  });

  test("tells a problem once, tries again soon, and tells when it is over", async () => {
    let answer: ReturnType<typeof err<{ message: string }>> | ReturnType<typeof ok<number>> = err({ message: "away" });
    const { worker, calls, told } = setUp({ createPartitions: async () => answer });
    await until(() => calls.filter((call) => call === "create").length === 3);
    answer = ok(0);
    await until(() => told.length === 2);
    await worker.stop();
    const nothing = { createdPartitions: 0, droppedPartitions: [] };
    expect(told).toEqual([
      { ...nothing, problem: "away" },
      { ...nothing, problem: null },
    ]);
  });

  test("tries again within the minute to drop what had to wait", async () => {
    const { worker, calls, clock } = setUp(
      { dropBefore: async () => ok({ dropped: [], kept: [{ partition: "audit_events_20261002" }] }) },
      30,
    );
    const tries = () => calls.filter((call) => call.startsWith("drop")).length;
    await until(() => calls.length >= 6);
    expect(tries()).toBe(1);
    clock.ms = 60_000;
    await until(() => tries() === 2);
    await worker.stop();
  });

  test("drops although partitions cannot be made, and says what has to wait", async () => {
    const { worker, told } = setUp(
      {
        createPartitions: async () => err({ message: "refused" }),
        dropBefore: async () =>
          ok({ dropped: [{ partition: "audit_events_20261001" }], kept: [{ partition: "audit_events_20261002" }] }),
      },
      30,
    );
    await until(() => told.length > 0);
    await worker.stop();
    const problem = "refused; too old, and kept until a checkpoint covers it: audit_events_20261002";
    expect(told).toEqual([{ createdPartitions: 0, droppedPartitions: ["audit_events_20261001"], problem }]);
  });
});
