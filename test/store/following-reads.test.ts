import { expect, test } from "bun:test";
import type { AuditEvent } from "../../src/audit/event.ts";
import type { FoundEvent } from "../../src/audit/search.ts";
import { err, ok } from "../../src/core/result.ts";
import { followingReads } from "../../src/store/following-reads.ts";
import { intentAt } from "../support/audit-requests.ts";

const ERASED: FoundEvent = { kind: "erased", requestId: "one", receivedAt: new Date(0), erasedAt: new Date(0) };
const PENDING: AuditEvent = {
  ...intentAt("0193a0c0-0000-7000-8000-000000000001", new Date(0)),
  status: "pending",
  completedAt: null,
  answeredProvider: null,
  answeredZone: null,
  answeredModel: null,
  failureCategory: null,
  usage: { promptTokens: null, completionTokens: null },
  costMicros: null,
  latencyMs: null,
  attempts: null,
  instance: null,
};

/** A database that has the row from the given look on, and a spool that is behind by so many records. */
function world({ rowAtLook = 1, unshipped = 0, pending = null as AuditEvent | null } = {}) {
  let looks = 0;
  const waited: number[] = [];
  const reads = followingReads({
    audit: { pending: () => pending },
    search: { find: async () => ok(++looks >= rowAtLook ? ERASED : null) },
    log: { receipt: async () => ok({ kind: ++looks >= rowAtLook ? ("erased" as const) : ("absent" as const) }) },
    spool: { firstUnshippedSeq: 8 - unshipped, lastDurableSeq: 7 },
    shippedThrough: async (seq) => {
      waited.push(seq);
      return true;
    },
  });
  return { reads, waited, looks: () => looks };
}

test("a row that is there is given without waiting", async () => {
  const { reads, waited } = world({ unshipped: 3 });
  expect(await reads.events.find("one")).toEqual(ok(ERASED));
  expect(await reads.log.receipt("one")).toEqual(ok({ kind: "erased" }));
  expect(waited).toEqual([]);
});

test("a row that may be on its way is looked for again when all that had ended has arrived", async () => {
  const event = world({ rowAtLook: 2, unshipped: 3 });
  expect(await event.reads.events.find("one")).toEqual(ok(ERASED));
  expect(event.waited).toEqual([7]);
  const receipt = world({ rowAtLook: 2, unshipped: 1 });
  expect(await receipt.reads.log.receipt("one")).toEqual(ok({ kind: "erased" }));
  expect(receipt.waited).toEqual([7]);
});

test("where nothing is on its way nobody waits, and looks once", async () => {
  const { reads, waited, looks } = world({ rowAtLook: 9 });
  expect(await reads.events.find("one")).toEqual(ok(null));
  expect([waited, looks()]).toEqual([[], 1]);
});

test("a request that has not ended is told as it is, and the database is not asked", async () => {
  const { reads, looks } = world({ pending: PENDING });
  expect(await reads.events.find(PENDING.requestId)).toEqual(ok({ kind: "event", event: PENDING }));
  expect(await reads.log.receipt(PENDING.requestId)).toEqual(ok({ kind: "pending" }));
  expect(looks()).toBe(0);
});

test("a database that cannot be read is not asked twice", async () => {
  let looks = 0;
  const away = err({ message: "away" });
  const reads = followingReads({
    audit: { pending: () => null },
    search: {
      find: async () => {
        looks++;
        return away;
      },
    },
    log: { receipt: async () => away },
    spool: { firstUnshippedSeq: 1, lastDurableSeq: 7 },
    shippedThrough: () => Promise.reject(new Error("waited")),
  });
  expect(await reads.events.find("one")).toEqual(away);
  expect(await reads.log.receipt("one")).toEqual(away);
  expect(looks).toBe(1);
});
