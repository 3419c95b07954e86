import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ActionRecord,
  canonicalRecord,
  leafHash,
  microsOf,
  type RequestRecord,
  type RetentionDetails,
} from "../../src/audit/record.ts";
import { recordFeatures } from "../../src/core/recorded-features.ts";
import { createAuditActions } from "../../src/store/audit-actions.ts";
import { createAuditMaintenance } from "../../src/store/audit-maintenance.ts";
import { createAuditShipping } from "../../src/store/audit-shipping.ts";
import { EmbeddedFixture } from "../support/embedded-fixture.ts";
import { LogDatabase } from "../support/log-database.ts";
import { featuresOf } from "../support/policy.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { requestRecord, requestRecords, shipped } from "../support/request-records.ts";

const server = await startPostgresServer();
const fixture = new EmbeddedFixture();
const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-maintenance-"));
afterAll(async () => {
  await fixture.clean();
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

/** A database is made and migrated. */
const START_TIMEOUT_MS = 60_000;
const NOW = new Date("2026-11-22T10:00:00Z");
const DAY_MS = 86_400_000;
const daysFromNow = (days: number): Date => new Date(NOW.getTime() + days * DAY_MS);
const UNKNOWN_ID = "019382c0-0000-7000-8000-00000000ffff";

const QUARANTINE: ActionRecord = {
  kind: "quarantine",
  record_version: 1,
  action_id: "019382c0-0000-4000-8000-0000000000aa",
  performed_at: microsOf(NOW) + 7,
  instance_id: "0190c1d2-0000-7000-8000-000000000001",
  instance_seq: 4,
  details: { reason: "refused", byte_count: 612, missing_seqs: [3] },
  salt: "ab".repeat(16),
};

for (const kind of ["embedded", "server"] as const) {
  describe.skipIf(kind === "server" && server === null)(`the audit's tables on the ${kind} database`, () => {
    let log: LogDatabase;
    const maintenance = () => createAuditMaintenance(log.database);

    beforeAll(async () => {
      const url = server?.url ?? "";
      const at = kind === "embedded" ? await fixture.start(fixture.directory()) : null;
      log = await LogDatabase.open(at === null ? { kind: "server", url } : { kind: "embedded", at }, scratch);
    }, START_TIMEOUT_MS);
    afterAll(() => log.close());
    beforeEach(async () => {
      for (const { name } of await dayPartitions()) await log.sql`drop table ${log.sql(name)}`;
      await log.reset();
      await log.sql`truncate audit_hourly, audit_days`;
      await log.sql`update audit_rollup_state set next_index = 0`;
    });

    const dayPartitions = () => log.sql<{ name: string }[]>`
      select child.relname::text as name from pg_inherits join pg_class as child on child.oid = inhrelid
      where child.relkind = 'r' and child.relname !~ 'default' order by child.relname`;
    async function ship(...records: readonly RequestRecord[]): Promise<void> {
      const sent = await createAuditShipping(log.database).ship(records.map(shipped));
      expect(sent).toEqual({ ok: true, value: { inserted: records.length } });
    }
    /** As if a checkpoint covered all that is there. */
    const cover = () => log.sql`update audit_log_tree set tree_size = (select next_index from audit_log_state)`;
    async function countAll(): Promise<void> {
      for (;;) {
        const counted = await maintenance().countLeaves();
        if (!counted.ok) throw new Error(counted.error.message);
        if (counted.value.behindCount === 0) return;
      }
    }
    async function actions() {
      const rows = await log.sql`
        select action_id, kind, leaf_index::integer, encode(leaf_hash, 'hex') as leaf_hash, instance_id,
          instance_seq::integer, details, encode(salt, 'hex') as salt, record_version,
          (extract(epoch from performed_at) * 1000000)::bigint::text as performed_at
        from audit_actions order by leaf_index`;
      return rows.map(({ leaf_index, leaf_hash, ...row }) => {
        const record = { ...row, performed_at: Number(row["performed_at"]) } as unknown as ActionRecord;
        const isItsLeaf = leafHash(canonicalRecord(record)).toString("hex") === leaf_hash;
        return { index: leaf_index as number, record, isItsLeaf };
      });
    }
    const count = async (table: string) =>
      (await log.sql<{ n: number }[]>`select count(*)::integer as n from ${log.sql(table)}`)[0]?.n;

    describe("partitions", () => {
      test("are made for the day before, this one and a week ahead, of rows and leaves alike, once", async () => {
        expect(await maintenance().createPartitions(NOW)).toEqual({ ok: true, value: 9 });
        const names = (await dayPartitions()).map(({ name }) => name);
        const days = [21, 22, 23, 24, 25, 26, 27, 28, 29].map((day) => `202611${day}`);
        expect(names).toEqual([
          ...days.map((day) => `audit_events_${day}`),
          ...days.map((day) => `audit_leaves_${day}`),
        ]);
        expect(await maintenance().createPartitions(NOW)).toEqual({ ok: true, value: 0 });
        expect(await maintenance().createPartitions(daysFromNow(2))).toEqual({ ok: true, value: 2 });
      });

      test("take the rows of their day to the microsecond, by UTC, and the default one takes the rest", async () => {
        await maintenance().createPartitions(NOW);
        const midnight = microsOf(new Date("2026-11-23T00:00:00Z"));
        await ship(
          requestRecord(1, { received_at: midnight - 1 }),
          requestRecord(2, { received_at: midnight }),
          requestRecord(3, { received_at: microsOf(new Date("2001-01-01T00:00:00Z")) }),
        );
        for (const table of ["audit_events", "audit_leaves"]) {
          const placed = await log.sql`
            select tableoid::regclass::text as place from ${log.sql(table)} order by received_at`;
          expect(placed.map(({ place }) => place)).toEqual([
            `${table}_default`,
            `${table}_20261122`,
            `${table}_20261123`,
          ]);
        }
      });

      test("hold their rows to the rules of the table, and find a row by its indexes", async () => {
        await maintenance().createPartitions(NOW);
        const refused = await createAuditShipping(log.database).ship([
          shipped(requestRecord(1, { received_at: microsOf(NOW), prompt_length: -1 })),
        ]);
        expect([refused.ok, await count("audit_events")]).toEqual([false, 0]);
        const indexes = await log.sql<{ n: number }[]>`
          select count(*)::integer as n from pg_indexes where tablename = 'audit_events_20261122'`;
        const ofParent = await log.sql<{ n: number }[]>`
          select count(*)::integer as n from pg_indexes where tablename = 'audit_events'`;
        expect([...indexes]).toEqual([...ofParent]);
      });

      test("are not made for a day that has begun in the default one, and the other days are", async () => {
        await ship(requestRecord(1, { received_at: microsOf(NOW) }));
        expect(await maintenance().createPartitions(NOW)).toEqual({ ok: true, value: 8 });
        expect((await dayPartitions()).map(({ name }) => name)).not.toContain("audit_events_20261122");
        await ship(requestRecord(2, { received_at: microsOf(NOW) }));
        expect(await count("audit_events_default")).toBe(2);
      });

      test("are made once by replicas that start together", async () => {
        const made = await Promise.all([1, 2, 3, 4].map(() => maintenance().createPartitions(NOW)));
        expect(made.map((one) => (one.ok ? one.value : one.error.message)).sort()).toEqual([0, 0, 0, 9]);
      });
    });

    describe("actions", () => {
      test("are leaves between those of rows, each once however often it is said", async () => {
        const { appendAction } = createAuditActions(log.database);
        await ship(...requestRecords(1, 2));
        const said = await Promise.all([1, 2, 3, 4, 5].map(() => appendAction(QUARANTINE)));
        expect(said).toEqual([1, 2, 3, 4, 5].map(() => ({ ok: true, value: 2 })));
        await ship(...requestRecords(5, 1));
        expect(await appendAction(QUARANTINE)).toEqual({ ok: true, value: 2 });
        expect(await actions()).toEqual([{ index: 2, record: QUARANTINE, isItsLeaf: true }]);
        const indexes = await log.sql`select leaf_index::integer as at from audit_leaves order by leaf_index`;
        expect(indexes.map(({ at }) => at)).toEqual([0, 1, 3]);
      });

      test("that the table refuses leave no gap", async () => {
        const { appendAction } = createAuditActions(log.database);
        const refused = await appendAction({ ...QUARANTINE, salt: "ab" });
        expect(refused).toMatchObject({ ok: false, error: { code: "23514" } });
        expect(await appendAction(QUARANTINE)).toEqual({ ok: true, value: 0 });
      });
    });

    describe("counting", () => {
      const hours = () => log.sql`
        select hour, provider, zone, model, status, rule, team, request_count::integer, prompt_tokens::integer,
          completion_tokens::integer, costed_count::integer, cost_micros::integer, timed_count::integer,
          latency_ms_sum::integer, latency_le_50_ms::integer as le_50, latency_le_1000_ms::integer as le_1000,
          latency_le_60000_ms::integer as le_60000
        from audit_hourly order by hour, status, team nulls first`;

      test("adds up what an hour had, apart by how and by whom it was answered", async () => {
        const at = (time: string) => microsOf(new Date(`2026-11-22T${time}Z`));
        const nobody = { answered_provider: null, answered_zone: null, answered_model: null };
        const unknown = { prompt_tokens: null, completion_tokens: null, cost_micros: null };
        await ship(
          requestRecord(1, { received_at: at("10:00:00"), latency_ms: 50 }),
          requestRecord(2, { received_at: at("10:59:59.999"), latency_ms: 51 }),
          requestRecord(3, { received_at: at("11:00:00"), latency_ms: 60_001 }),
          requestRecord(4, {
            received_at: at("11:00:01"),
            status: "interrupted",
            latency_ms: null,
            ...nobody,
            ...unknown,
          }),
          requestRecord(5, {
            received_at: at("11:00:02"),
            features: recordFeatures(featuresOf({})),
            cost_micros: null,
          }),
        );
        await countAll();
        const usual = {
          provider: "openai",
          zone: "cloud",
          model: "gpt-4o-mini-2026",
          status: "succeeded",
          rule: "default",
          team: "research",
          request_count: 1,
          prompt_tokens: 190,
          completion_tokens: 240,
          costed_count: 1,
          cost_micros: 172,
          timed_count: 1,
        };
        const none = { prompt_tokens: 0, completion_tokens: 0, costed_count: 0, cost_micros: 0 };
        const [ten, eleven] = [new Date("2026-11-22T10:00:00Z"), new Date("2026-11-22T11:00:00Z")];
        const twice = {
          request_count: 2,
          prompt_tokens: 380,
          completion_tokens: 480,
          costed_count: 2,
          cost_micros: 344,
        };
        expect([...(await hours())]).toEqual([
          { ...usual, hour: ten, ...twice, timed_count: 2, latency_ms_sum: 101, le_50: 1, le_1000: 2, le_60000: 2 },
          {
            ...usual,
            hour: eleven,
            provider: null,
            zone: null,
            model: null,
            status: "interrupted",
            ...none,
            timed_count: 0,
            latency_ms_sum: 0,
            le_50: 0,
            le_1000: 0,
            le_60000: 0,
          },
          {
            ...usual,
            hour: eleven,
            team: null,
            costed_count: 0,
            cost_micros: 0,
            latency_ms_sum: 1_500,
            le_50: 0,
            le_1000: 0,
            le_60000: 1,
          },
          { ...usual, hour: eleven, latency_ms_sum: 60_001, le_50: 0, le_1000: 0, le_60000: 0 },
        ]);
      });

      test("gives a dashboard what the guide's query asks for", async () => {
        const guide = readFileSync(join(import.meta.dir, "../../docs/how-to/keep-and-erase-audit-rows.md"), "utf8");
        const query = /```sql\n([\s\S]*?)```/.exec(guide)?.[1] ?? "";
        const received = microsOf(new Date());
        await ship(
          requestRecord(1, { received_at: received, latency_ms: 900, cost_micros: 250_000 }),
          requestRecord(2, { received_at: received, latency_ms: 1_100, cost_micros: 250_000 }),
        );
        await countAll();
        const [row, ...more] = await log.sql.unsafe(query);
        expect(more).toEqual([]);
        const numbers = ["requests", "us_dollars", "mean_ms", "share_within_a_second"].map((name) =>
          Number(row?.[name]),
        );
        expect(numbers).toEqual([2, 0.5, 1_000, 0.5]);
      });

      test("counts every row once, whoever counts while rows and actions come in", async () => {
        const { appendAction } = createAuditActions(log.database);
        const counters = Array.from({ length: 20 }, () => maintenance().countLeaves());
        const ships = [1, 2, 3, 4].map((batch) => ship(...requestRecords(batch * 100, 50)));
        const acts = [1, 2, 3].map(() => appendAction({ ...QUARANTINE, action_id: crypto.randomUUID() }));
        await Promise.all([...counters, ...ships, ...acts, ...[1, 2, 3, 4].map(() => countAll())]);
        await countAll();
        const sums = await log.sql`select sum(request_count)::integer as n from audit_hourly`;
        expect([...sums]).toEqual([{ n: 200 }]);
        const days = await log.sql`
          select day::text, leaf_count::integer, first_leaf_index::integer as first, last_leaf_index::integer as last,
            unlogged_count::integer as unlogged
          from audit_days`;
        const known = await log.sql`
          select min(leaf_index)::integer as first, max(leaf_index)::integer as last from audit_leaves`;
        expect([...days]).toEqual([{ day: "2026-11-22", leaf_count: 200, ...known[0], unlogged: 0 }]);
        expect(await maintenance().countLeaves()).toEqual({ ok: true, value: { countedCount: 0, behindCount: 0 } });
      });
    });

    describe("erasure", () => {
      test("leaves id, time, stamp and leaf, and is itself a leaf", async () => {
        const records = requestRecords(1, 3);
        const [, erased] = records;
        if (erased === undefined) throw new Error("no record");
        await ship(...records);
        const answer = await maintenance().erase(erased.request_id, NOW);
        expect(answer).toEqual({ ok: true, value: { kind: "erased", leafIndex: 1, actionIndex: 3 } });
        const [row] = await log.sql`select * from audit_events where request_id = ${erased.request_id}`;
        const left = Object.entries(row ?? {}).filter(([, value]) => value !== null);
        expect(Object.fromEntries(left)).toEqual({
          request_id: erased.request_id,
          received_at: new Date(erased.received_at / 1_000),
          record_version: 2,
          instance_id: erased.instance_id,
          instance_seq: String(erased.instance_seq),
          erased_at: NOW,
        });
        const [leaf] = await log.sql`select leaf_hash from audit_leaves where request_id = ${erased.request_id}`;
        expect(leaf?.["leaf_hash"]).toEqual(leafHash(canonicalRecord(erased)));
        const details = { request_id: erased.request_id, leaf_index: 1 };
        expect(await actions()).toMatchObject([{ index: 3, isItsLeaf: true, record: { kind: "erasure", details } }]);
        expect((await log.sql`select 1 from audit_events where erased_at is null`).length).toBe(2);
      });

      test("happens once, however many ask for it, and the row stays counted", async () => {
        const record = requestRecord(1);
        await ship(record);
        const answers = await Promise.all([1, 2, 3, 4].map(() => maintenance().erase(record.request_id, NOW)));
        const kinds = answers.map((answer) => (answer.ok ? answer.value.kind : answer.error.message));
        expect(kinds.sort()).toEqual(["erased", "erased_before", "erased_before", "erased_before"]);
        expect(await actions()).toHaveLength(1);
        const sums = await log.sql`select sum(request_count)::integer as n from audit_hourly`;
        expect([...sums]).toEqual([{ n: 1 }]);
      });

      test("says so of an id that nobody knows, and leaves no action", async () => {
        expect(await maintenance().erase(UNKNOWN_ID, NOW)).toEqual({ ok: true, value: { kind: "absent" } });
        expect(await actions()).toEqual([]);
      });

      test("refuses a row that has lost its leaf", async () => {
        const record = requestRecord(1);
        await ship(record);
        await log.sql`delete from audit_leaves`;
        expect(await maintenance().erase(record.request_id, NOW)).toMatchObject({ ok: false });
        expect((await log.sql`select 1 from audit_events where erased_at is null`).length).toBe(1);
      });

      test("takes rows that are older than the log, too", async () => {
        await log.sql`insert into audit_events ${log.sql(UNLOGGED_ROW)}`;
        const answer = await maintenance().erase(UNLOGGED_ROW.request_id, NOW);
        expect(answer).toEqual({ ok: true, value: { kind: "erased", leafIndex: null, actionIndex: 0 } });
        const details = { request_id: UNLOGGED_ROW.request_id, leaf_index: null };
        expect(await actions()).toMatchObject([{ isItsLeaf: true, record: { details } }]);
      });
    });

    describe("retention", () => {
      const old = (seq: number, daysAgo: number) =>
        requestRecord(seq, { received_at: microsOf(daysFromNow(-daysAgo)) });
      const cutoff = new Date("2026-11-20T00:00:00Z");

      beforeEach(async () => {
        await maintenance().createPartitions(daysFromNow(-5));
        await ship(old(1, 5), old(2, 4), old(3, 5), old(4, 1));
      });

      test("drops the days that are wholly too old, oldest first, each as a leaf", async () => {
        await countAll();
        await cover();
        const answer = await maintenance().dropBefore(cutoff, NOW);
        // The day before the first row's has a partition and no row.
        const day = (
          date: string,
          of: Pick<RetentionDetails, "leaf_count" | "first_leaf_index" | "last_leaf_index">,
        ) => ({
          partition: `audit_events_${date.replaceAll("-", "")}`,
          before: microsOf(new Date(Date.parse(`${date}T00:00:00Z`) + DAY_MS)),
          unlogged_count: 0,
          ...of,
        });
        const nothing = { leaf_count: 0, first_leaf_index: null, last_leaf_index: null };
        const dropped = [
          { ...day("2026-11-16", nothing), actionIndex: 4 },
          { ...day("2026-11-17", { leaf_count: 2, first_leaf_index: 0, last_leaf_index: 2 }), actionIndex: 5 },
          { ...day("2026-11-18", { leaf_count: 1, first_leaf_index: 1, last_leaf_index: 1 }), actionIndex: 6 },
          { ...day("2026-11-19", nothing), actionIndex: 7 },
        ];
        expect(answer).toEqual({ ok: true, value: { dropped, kept: [] } });
        expect(
          (await actions()).map(({ index, isItsLeaf, record }) => ({ index, isItsLeaf, ...record.details })),
        ).toEqual(dropped.map(({ actionIndex, ...details }) => ({ index: actionIndex, isItsLeaf: true, ...details })));
        expect([await count("audit_events"), await count("audit_leaves"), await count("audit_days")]).toEqual([
          1, 1, 1,
        ]);
        const sums = await log.sql`select sum(request_count)::integer as n from audit_hourly`;
        expect([...sums]).toEqual([{ n: 4 }]);
        expect(await maintenance().dropBefore(cutoff, NOW)).toEqual({ ok: true, value: { dropped: [], kept: [] } });
      });

      test("keeps a day that no checkpoint covers yet, or that is not counted", async () => {
        await countAll();
        await log.sql`update audit_log_tree set tree_size = 2`;
        const uncovered = await maintenance().dropBefore(cutoff, NOW);
        const kept = (answer: typeof uncovered) =>
          answer.ok ? answer.value.kept.map(({ partition }) => partition) : [answer.error.message];
        expect(kept(uncovered)).toEqual(["audit_events_20261117"]);
        await cover();
        await log.sql`update audit_rollup_state set next_index = 2`;
        expect(kept(await maintenance().dropBefore(cutoff, NOW))).toEqual(["audit_events_20261117"]);
        expect(await count("audit_events")).toBe(3);
      });

      test("keeps a day of which leaves are gone", async () => {
        await countAll();
        await cover();
        await log.sql`delete from audit_leaves where leaf_index = 2`;
        const answer = await maintenance().dropBefore(cutoff, NOW);
        expect(answer).toMatchObject({ ok: true, value: { kept: [{ partition: "audit_events_20261117" }] } });
        expect((await log.sql`select 1 from audit_events where instance_seq in (1, 3)`).length).toBe(2);
      });

      test("clears the default partition of what is too old, by portions, and leaves what is not", async () => {
        const far = (seq: number, year: number) =>
          requestRecord(seq, { received_at: microsOf(new Date(`${year}-03-01T12:00:00Z`)) });
        await ship(far(5, 2001), far(6, 2099), far(7, 2002));
        await countAll();
        await cover();
        const answer = await maintenance().dropBefore(new Date("2026-11-01T00:00:00Z"), NOW);
        const details = {
          partition: "audit_events_default",
          before: microsOf(new Date("2002-03-01T12:00:00Z")) + 1,
          leaf_count: 2,
          first_leaf_index: 4,
          last_leaf_index: 6,
          unlogged_count: 0,
        };
        expect(answer).toEqual({ ok: true, value: { dropped: [{ ...details, actionIndex: 7 }], kept: [] } });
        expect(await actions()).toMatchObject([{ index: 7, isItsLeaf: true, record: { details } }]);
        expect([await count("audit_events_default"), await count("audit_leaves_default")]).toEqual([1, 1]);
      });

      test("is done once by replicas that do it at the same time, while rows come in", async () => {
        await countAll();
        await cover();
        const ships = [10, 20, 30].map((seq) => ship(...requestRecords(seq, 5)));
        await Promise.all([...[1, 2, 3, 4].map(() => maintenance().dropBefore(cutoff, NOW)), ...ships]);
        // One of them may have given up at a lock that another held.
        await maintenance().dropBefore(cutoff, NOW);
        expect((await actions()).map(({ record }) => record.details)).toHaveLength(4);
        const indexes = await log.sql`
          select leaf_index::integer as at from audit_leaves where leaf_index >= 4
          union all select leaf_index::integer from audit_actions order by at`;
        expect(indexes.map(({ at }) => at)).toEqual(Array.from({ length: 19 }, (_, at) => at + 4));
      });
    });
  });
}

const UNLOGGED_ROW = {
  request_id: "019382c0-0000-7000-8000-000000000001",
  received_at: new Date("2026-01-01T00:00:00Z"),
  record_version: 0,
  completed_at: new Date("2026-01-01T00:00:01Z"),
  status: "succeeded",
  surface: "native",
  streamed: false,
  decision: "route",
  provider: "local",
  zone: "local",
  reason_codes: ["default"],
  findings: {},
  message_count: 1,
  prompt_length: 5,
  prompt_digest: `hmac-sha256:k1:${"ab".repeat(32)}`,
};
