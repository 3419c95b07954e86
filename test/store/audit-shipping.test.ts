import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type AttemptRecord, canonicalRecord, leafHash, type RequestRecord } from "../../src/audit/record.ts";
import { arrayLiteral } from "../../src/store/array-literal.ts";
import { createAuditShipping } from "../../src/store/audit-shipping.ts";
import { openDatabase } from "../../src/store/database.ts";
import { clientOptions } from "../../src/store/migrations/client-options.ts";
import { isRefusal } from "../../src/workers/refused-record.ts";
import { EmbeddedFixture } from "../support/embedded-fixture.ts";
import { LogDatabase } from "../support/log-database.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { recordV1 } from "../support/records-v1.ts";
import { checksOf, INSTANCE, requestRecord, requestRecords, shipped } from "../support/request-records.ts";

const server = await startPostgresServer();
const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-shipping-"));
const fixture = new EmbeddedFixture();
afterAll(async () => {
  await fixture.clean();
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const attemptWith = (changes: Partial<AttemptRecord>) => ({
  attempts: [
    { provider: "openai", model: "gpt-4o", result: "timeout", sent: true, duration_ms: 30_000, ...changes } as const,
  ],
});

for (const kind of ["embedded", "server"] as const) {
  describe.skipIf(kind === "server" && server === null)(`a batch of records on the ${kind} database`, () => {
    let log: LogDatabase;
    beforeAll(async () => {
      const url = server?.url ?? "";
      const at = kind === "embedded" ? await fixture.start(fixture.directory()) : null;
      log = await LogDatabase.open(at === null ? { kind: "server", url } : { kind: "embedded", at }, scratch);
    });
    afterAll(() => log.close());
    beforeEach(() => log.reset());

    const send = (records: readonly RequestRecord[]) => createAuditShipping(log.database).ship(records.map(shipped));
    const inserted = (count: number) => ({ ok: true, value: { inserted: count } }) as const;
    /** The requests in the order of the log, with the index that it gave them. */
    const leaves = () => log.sql<{ leaf_index: number; request_id: string; leaf_hash: string }[]>`
      select leaf_index::integer, request_id, encode(leaf_hash, 'hex') as leaf_hash from audit_leaves order by leaf_index`;
    const idsOf = (records: readonly RequestRecord[]) => records.map(({ request_id }) => request_id);
    const rowCount = async () => (await log.sql`select count(*)::integer as count from audit_events`)[0]?.["count"];
    const next = async () => (await log.sql`select next_index::integer as next from audit_log_state`)[0]?.["next"];

    test("becomes rows of the same values, and leaves in the order of the batch", async () => {
      const records = [
        requestRecord(1, {
          status: "failed",
          // Of the columns of text the one that takes any; a category is none of these.
          failure_category: 'a "quoted" \\ {braced}, NULL \n\t é 💡' as never,
          findings: { keyword: 1, "pii.email": 12 },
          reason_codes: ["sensitive_keyword_match", "policy.cloud_model_refused"],
          shadow: [{ rule: "stricter", outcome: "deny", provider: null, differs: true }],
          cost_micros: Number.MAX_SAFE_INTEGER,
        }),
        requestRecord(2, {
          decision: "deny",
          status: "denied",
          provider: null,
          zone: null,
          model: null,
          answered_provider: null,
          answered_zone: null,
          answered_model: null,
          prompt_tokens: null,
          completion_tokens: null,
          cost_micros: null,
          attempts: [],
        }),
        requestRecord(3, { status: "failed", failure_category: "timeout", received_at: 1_795_000_000_123_457 }),
        requestRecord(4, {
          status: "interrupted",
          latency_ms: null,
          attempts: null,
          model: "NULL",
          answered_model: "null",
        }),
        recordV1({ instance_id: INSTANCE, instance_seq: 5 }),
      ];
      expect(await send(records)).toEqual(inserted(5));
      const rows = await log.sql`
        select request_id, (extract(epoch from received_at) * 1000000)::bigint::text as received_at, record_version,
          instance_id, instance_seq::text, (extract(epoch from completed_at) * 1000000)::bigint::text as completed_at,
          status, surface, streamed, decision, provider, zone, model, answered_provider, answered_zone, answered_model,
          reason_codes, policy_hash, rule, features, shadow, findings, scan_ruleset, failure_category, message_count,
          prompt_length, prompt_digest, prompt_tokens, completion_tokens, cost_micros::text, latency_ms, attempts,
          encode(salt, 'hex') as salt, encode(column_checks, 'hex') as column_checks, erased_at
        from audit_events order by instance_seq`;
      expect([...rows]).toEqual(
        records.map(({ kind: _, ...record }, index) => ({
          ...record,
          attempts: record.attempts ?? null,
          received_at: String(record.received_at),
          completed_at: String(record.completed_at),
          instance_seq: String(record.instance_seq),
          cost_micros: record.cost_micros === null ? null : String(record.cost_micros),
          column_checks: checksOf(records[index] ?? requestRecord(1)).toString("hex"),
          erased_at: null,
        })),
      );
      expect([...(await leaves())]).toEqual(
        records.map((record, index) => ({
          leaf_index: index,
          request_id: record.request_id,
          leaf_hash: leafHash(canonicalRecord(record)).toString("hex"),
        })),
      );
      expect(await next()).toBe(5);
    });

    test("that is sent again changes nothing, and one that overlaps adds what is new", async () => {
      const records = requestRecords(1, 10);
      expect(await send(records.slice(0, 6))).toEqual(inserted(6));
      expect(await send(records.slice(0, 6))).toEqual(inserted(0));
      expect(await send(records)).toEqual(inserted(4));
      expect((await leaves()).map((leaf) => leaf.request_id)).toEqual(idsOf(records));
      expect((await leaves()).map((leaf) => leaf.leaf_index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(await next()).toBe(10);
    });

    test("keeps its order whatever that of its ids and times is", async () => {
      const records = requestRecords(1, 50).map((record, index) => ({ ...record, received_at: 1e15 - index * 1e9 }));
      expect(await send(records.toReversed())).toEqual(inserted(50));
      expect((await leaves()).map((leaf) => leaf.request_id)).toEqual(idsOf(records.toReversed()));
    });

    test("is refused whole where one record is no row, and says by what without a value of it", async () => {
      const cases: readonly (readonly [Partial<RequestRecord>, string])[] = [
        [{ prompt_digest: "private words" }, "(SQLSTATE 23514 on audit_events_prompt_digest_form)"],
        [{ rule: "private words" }, "(SQLSTATE 23514 on audit_events_rule_form)"],
        [attemptWith({ model: "private words" }), "(SQLSTATE 23514 on audit_events_attempts_form)"],
        [attemptWith({ duration_ms: 0.5 }), "(SQLSTATE 23514 on audit_events_attempts_form)"],
        [{ attempts: null }, "(SQLSTATE 23514 on audit_events_attempts_since_version_2)"],
        [{ record_version: 1 }, "(SQLSTATE 23514 on audit_events_attempts_since_version_2)"],
        [{ latency_ms: 2 ** 40 }, "(SQLSTATE 22003)"],
        [{ answered_model: "private\u0000words" }, "(SQLSTATE 22021)"],
        [{ request_id: "private words" }, "(SQLSTATE 22P02)"],
      ];
      for (const [wrong, why] of cases) {
        const sent = await send([requestRecord(1), { ...requestRecord(2), ...wrong }, requestRecord(3)]);
        expect(sent).toMatchObject({ ok: false, error: { message: `the database refused the statement ${why}` } });
        expect(sent.ok || isRefusal(sent.error)).toBe(!sent.ok);
      }
      expect([await rowCount(), (await leaves()).length, await next()]).toEqual([0, 0, 0]);
    });

    test("is refused where the log has lost its state, and no record is blamed for that", async () => {
      await log.sql`delete from audit_log_state`;
      const sent = await send(requestRecords(1, 3));
      await log.sql`insert into audit_log_state (next_index) values (0)`;
      expect(sent).toMatchObject({ ok: false, error: { code: "23502" } });
      expect(!sent.ok && isRefusal(sent.error)).toBe(false);
      expect(await rowCount()).toBe(0);
    });

    test("is refused where its index is taken, and no record is blamed for that", async () => {
      expect(await send(requestRecords(1, 3))).toEqual(inserted(3));
      await log.sql`update audit_log_state set next_index = 1`;
      // The primary key of a partitioned table has the time in it.
      const sent = await send([requestRecord(4, { received_at: requestRecord(2).received_at })]);
      expect(sent).toMatchObject({ ok: false, error: { code: "23505" } });
      expect(!sent.ok && isRefusal(sent.error)).toBe(false);
    });

    test("of texts of any kind comes back as it was", async () => {
      const text = fc.oneof(
        fc.string({ unit: "binary" }).map((value) => value.replaceAll("\u0000", "").toWellFormed()),
        fc.constantFrom("", "NULL", "null", "\\", '"', '\\"', "\\n", "\n", "{", "}", ",", " ", "\u007f", "\u2028"),
      );
      const property = fc.asyncProperty(fc.array(fc.option(text), { maxLength: 60 }), async (texts) => {
        const read = await log.database.query<{ read: (string | null)[] }>(READ_ARRAY, [arrayLiteral(texts)]);
        expect(read).toEqual({ ok: true, value: [{ read: texts }] });
      });
      await fc.assert(property, { numRuns: 15 });
    });

    test("comes from several replicas at once, and every index is given once, to each in its own order", async () => {
      const replicas = [1, 2, 3, 4].map((replica) => {
        const instance_id = INSTANCE.replace(/.$/, String(replica));
        return requestRecords(1, 240).map((record) => ({ ...record, instance_id }));
      });
      const size = 20;
      await Promise.all(
        replicas.map(async (records) => {
          for (let at = 0; at < records.length; at += size) {
            const batch = records.slice(at, at + size);
            // Every third is sent by two at once, as after a wait that was given up too early.
            const sends = at % (3 * size) === 0 ? [send(batch), send(batch)] : [send(batch)];
            const counts = (await Promise.all(sends)).map((sent) =>
              sent.ok ? sent.value.inserted : sent.error.message,
            );
            expect(counts.toSorted()).toEqual(counts.length === 2 ? [0, size] : [size]);
          }
        }),
      );
      const written = await leaves();
      expect(written.map((leaf) => leaf.leaf_index)).toEqual(Array.from({ length: 960 }, (_, index) => index));
      for (const records of replicas) {
        const own = new Set(idsOf(records));
        const order = written.filter((leaf) => own.has(leaf.request_id)).map((leaf) => leaf.request_id);
        expect(order).toEqual(idsOf(records));
      }
      expect(await next()).toBe(960);
    });
  });
}

const READ_ARRAY = "select to_jsonb($1::text::text[]) as read";

test.skipIf(server === null)(
  "a server has on its disk what it says it has committed, whatever its default is: the spool lets go of it then",
  async () => {
    const options = clientOptions(server?.url ?? "");
    if (options === null) throw new Error("not a PostgreSQL URL");
    const database = openDatabase({ kind: "server", options });
    const shown = await database.query("show synchronous_commit", []);
    await database.close();
    expect(shown).toEqual({ ok: true, value: [{ synchronous_commit: "on" }] });
  },
);
