import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalRecord, leafHash, type RequestRecord } from "../../src/audit/record.ts";
import { createAuditActions } from "../../src/store/audit-actions.ts";
import { createAuditShipping } from "../../src/store/audit-shipping.ts";
import { openDatabase } from "../../src/store/database.ts";
import { clientOptions } from "../../src/store/migrations/client-options.ts";
import type { Spool } from "../../src/store/spool/contract.ts";
import { openSpool } from "../../src/store/spool/spool.ts";
import { type Shipping, startShipping } from "../../src/workers/ship-audit.ts";
import { recordingTelemetry } from "../support/deps.ts";
import { LogDatabase } from "../support/log-database.ts";
import { type PostgresProxy, startPostgresProxy } from "../support/postgres-proxy.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { requestRecord } from "../support/request-records.ts";
import { until } from "../support/until.ts";

const server = await startPostgresServer();
const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-ship-"));
const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});
afterAll(async () => {
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

describe.skipIf(server === null)("from the spool's disk to a server", () => {
  let url: string;
  let log: LogDatabase;
  let proxy: PostgresProxy;
  let directory: string;
  beforeEach(async () => {
    url = (await server?.createDatabase()) ?? "";
    log = await LogDatabase.open({ kind: "server", url }, scratch);
    cleanUps.push(() => log.close());
    proxy = await startPostgresProxy(url);
    cleanUps.push(() => proxy.stop());
    directory = join(scratch, crypto.randomUUID());
  });

  async function begin() {
    const opened = await openSpool({ directory, maxBytes: 16_777_216, segmentBytes: 16_384 });
    if (!opened.ok) throw new Error(opened.error.message);
    const { spool } = opened.value;
    const options = clientOptions(proxy.url);
    if (options === null) throw new Error("not a PostgreSQL URL");
    const database = openDatabase({ kind: "server", options });
    const shipping = startShipping({
      spool,
      sink: createAuditShipping(database),
      actions: createAuditActions(database),
      telemetry: recordingTelemetry().telemetry,
      now: () => new Date(),
    });
    const end = async (timeoutMs: number) => {
      await shipping.stop(timeoutMs);
      await spool.close();
    };
    cleanUps.push(async () => {
      await end(0);
      await database.close();
    });
    return { spool, shipping, end };
  }

  /** One after the other, each a row of its own when `shipping` is given to wait for it. */
  async function spoolRecords(spool: Spool, count: number, overrides: Partial<RequestRecord> = {}) {
    const records: RequestRecord[] = [];
    for (let at = 0; at < count; at++) {
      const appended = await spool.appendFinal(null, (seq) => {
        records.push(requestRecord(seq, { instance_id: spool.instanceId, ...overrides }));
        return Buffer.from(canonicalRecord(records.at(-1) ?? requestRecord(seq)));
      });
      if (!appended.ok) throw new Error(appended.error.message);
    }
    return records;
  }

  /** INVARIANT of all that follows: one row each, one leaf each, in the order of the spool. */
  async function expectLog(records: readonly RequestRecord[]) {
    const leaves = await log.sql`
      select leaf_index::integer as at, encode(leaf_hash, 'hex') as leaf from audit_leaves
      union all select leaf_index::integer, 'action' from audit_actions order by at`;
    expect(leaves.map(({ at }) => at)).toEqual(leaves.map((_, index) => index));
    expect(leaves.map(({ leaf }) => leaf).filter((leaf) => leaf !== "action")).toEqual(
      records.map((record) => leafHash(canonicalRecord(record)).toString("hex")),
    );
    const rows = await log.sql`select request_id from audit_events order by instance_seq`;
    expect(rows.map(({ request_id }) => request_id)).toEqual(records.map(({ request_id }) => request_id));
  }
  const shippedAll = (shipping: Shipping, spool: Spool) => shipping.shippedThrough(spool.lastDurableSeq, 20_000);

  test("every record is a row, and the segments go", async () => {
    const { spool, shipping } = await begin();
    const records = await spoolRecords(spool, 60);
    expect(await shippedAll(shipping, spool)).toBe(true);
    await expectLog(records);
    await until(() => spool.status().unshippedCount === 0, "nothing is left to ship");
    await until(() => spool.status().bytes < 40_000, "segments are gone");
  });

  test("a batch that was committed without an answer is committed once", async () => {
    const { spool, shipping } = await begin();
    const records = await spoolRecords(spool, 3);
    expect(await shippedAll(shipping, spool)).toBe(true);
    for (let cut = 0; cut < 4; cut++) {
      const isCut = proxy.cutAfterNextStatement();
      records.push(...(await spoolRecords(spool, 5)));
      await isCut;
      expect(await shippedAll(shipping, spool)).toBe(true);
    }
    await expectLog(records);
  });

  test("a server that is down gets what waited for it, in order", async () => {
    const { spool, shipping } = await begin();
    await proxy.refuse();
    const records = await spoolRecords(spool, 40);
    expect(await shipping.shippedThrough(1, 50)).toBe(false);
    await proxy.heal();
    expect(await shippedAll(shipping, spool)).toBe(true);
    await expectLog(records);
  });

  test("a server that never answers holds up no end, and the next start ships the rest", async () => {
    const first = await begin();
    const records = await spoolRecords(first.spool, 10);
    expect(await shippedAll(first.shipping, first.spool)).toBe(true);
    proxy.blackhole();
    records.push(...(await spoolRecords(first.spool, 10)));
    await first.end(100);
    await proxy.heal();
    const { spool, shipping } = await begin();
    records.push(...(await spoolRecords(spool, 10)));
    expect(await shippedAll(shipping, spool)).toBe(true);
    await expectLog(records);
  });

  test("a record that no row can hold is kept beside the spool, and the log says which one is missing", async () => {
    const { spool, shipping } = await begin();
    const records = await spoolRecords(spool, 20);
    const [bad] = await spoolRecords(spool, 1, { answered_model: "a\u0000b" });
    records.push(...(await spoolRecords(spool, 20)));
    expect(await shippedAll(shipping, spool)).toBe(true);
    await until(async () => (await log.sql`select from audit_actions`).length === 1, "the action is there");
    await expectLog(records);
    // The log may be told while the last records are still coming: the action has the number that they left.
    const taken = new Set([21, ...records.map(({ instance_seq }) => instance_seq)]);
    const free = Array.from({ length: 42 }, (_, index) => index + 1).filter((seq) => !taken.has(seq));
    const [action] = await log.sql`select kind, instance_id, instance_seq::integer, details from audit_actions`;
    expect(action).toEqual({
      kind: "quarantine",
      instance_id: spool.instanceId,
      instance_seq: free[0],
      details: {
        reason: "refused",
        byte_count: canonicalRecord(bad ?? requestRecord(21)).length,
        missing_seqs: [21],
      },
    });
    expect(readdirSync(join(directory, "quarantine"))).toHaveLength(1);
    expect(await shipping.shippedThrough(21, 0)).toBe(false);
  });

  test("two spools fill one log at once", async () => {
    const one = await begin();
    directory = join(scratch, crypto.randomUUID());
    const other = await begin();
    await Promise.all([spoolRecords(one.spool, 150), spoolRecords(other.spool, 150)]);
    expect(await Promise.all([shippedAll(one.shipping, one.spool), shippedAll(other.shipping, other.spool)])).toEqual([
      true,
      true,
    ]);
    const rows = await log.sql`
      select instance_id, instance_seq::integer as seq, leaf_index::integer as at
      from audit_events join audit_leaves using (request_id) order by leaf_index`;
    expect(rows.map(({ at }) => at)).toEqual(Array.from({ length: 300 }, (_, index) => index));
    for (const { instanceId } of [one.spool, other.spool]) {
      const seqs = rows.filter((row) => row["instance_id"] === instanceId).map(({ seq }) => seq);
      expect(seqs).toEqual(Array.from({ length: 150 }, (_, index) => index + 1));
    }
  });
});
