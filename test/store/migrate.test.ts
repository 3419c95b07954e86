import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { ATTEMPT_RESULTS } from "../../src/audit/event.ts";
import { type MigrateOptions, migrate, migrationStatus, rollback } from "../../src/store/migrate.ts";
import { clientOptions } from "../../src/store/migrations/client-options.ts";
import { MIGRATION_FILES } from "../../src/store/migrations/files.ts";
import { EmbeddedFixture } from "../support/embedded-fixture.ts";
import { comparable, dbmateCli, dumpSchema, MIGRATIONS_DIR, SCHEMA_FILE } from "../support/postgres-dump.ts";
import { type PostgresServer, startPostgresServer } from "../support/postgres-server.ts";

/** Of tests with a dbmate process for every step back, on a machine that has other things to do. */
const TIMEOUT_MS = 30_000;
const NAMES = MIGRATION_FILES.map((file) => file.name);
const fixture = new EmbeddedFixture();
const workDir = mkdtempSync(join(tmpdir(), "policy-mesh-migrate-"));
const server = await startPostgresServer();
let embeddedUrl = "";

const options = (exclusive: boolean): MigrateOptions => ({ workDir, timeoutMs: 30_000, exclusive });

beforeAll(async () => {
  embeddedUrl = (await fixture.start(fixture.directory())).dbmateUrl;
}, TIMEOUT_MS);
afterAll(async () => {
  await fixture.clean();
  await server?.stop();
  rmSync(workDir, { recursive: true, force: true });
});

type Kind = "embedded" | "server";

/** As it was made, for the next test on the same database. */
async function clear(sql: postgres.Sql): Promise<void> {
  await sql`truncate audit_events, audit_days, audit_hourly`;
  await sql.end();
}

async function freshDatabase(kind: Kind): Promise<{ url: string; options: MigrateOptions }> {
  if (kind === "embedded") return { url: embeddedUrl, options: options(true) };
  return { url: await onServer().createDatabase(), options: options(false) };
}

function onServer(): PostgresServer {
  if (server === null) throw new Error("there is no PostgreSQL server on this machine");
  return server;
}

describe("the list of files the binary carries", () => {
  test("is the folder's, complete and in order, text for text", () => {
    expect(NAMES).toEqual(readdirSync(MIGRATIONS_DIR).sort());
    for (const file of MIGRATION_FILES) expect(file.text).toBe(readFileSync(join(MIGRATIONS_DIR, file.name), "utf8"));
  });
});

const NAMES_SINCE_FINDINGS = NAMES.slice(NAMES.findIndex((name) => name.endsWith("_add_scan_findings.sql")));

const NAMES_SINCE_LOG = NAMES.slice(NAMES.findIndex((name) => name.endsWith("_partition_audit_events.sql")));

for (const kind of ["embedded", "server"] as const) {
  describe.skipIf(kind === "server" && server === null)(`migrations on the ${kind} database`, () => {
    test(
      "go up, down, and up again",
      async () => {
        const { url, options } = await freshDatabase(kind);
        expect(await migrate(url, options)).toEqual({ ok: true, value: { applied: NAMES } });
        for (const name of [...NAMES].reverse()) {
          expect(await rollback(url, options)).toEqual({ ok: true, value: { rolledBack: [name] } });
        }
        expect(await migrationStatus(url, options)).toEqual({ ok: true, value: { applied: [], pending: NAMES } });
        expect(await migrate(url, options)).toEqual({ ok: true, value: { applied: NAMES } });
        expect(await migrate(url, options)).toEqual({ ok: true, value: { applied: [] } });
      },
      TIMEOUT_MS,
    );

    test("agree with the plain dbmate command, whichever comes first", async () => {
      const { url, options } = await freshDatabase(kind);
      await migrate(url, options);
      expect(dbmateCli(url, "migrate").output).toBe("");
      expect(dbmateCli(url, "status").output).toContain("Pending: 0");
      expect(dbmateCli(url, "rollback").exitCode).toBe(0);
      expect(dbmateCli(url, "migrate").output).toContain(`Applied: ${NAMES.at(-1)}`);
      expect(await migrate(url, options)).toEqual({ ok: true, value: { applied: [] } });
    });

    test(
      "go back with rows that the older version does not know, and leave those of older versions as they are",
      async () => {
        const { url, options } = await freshDatabase(kind);
        await migrate(url, options);
        const sql = postgres({ ...mustParse(url), max: 1, onnotice() {} });
        await sql`insert into audit_events ${sql({ ...ROW, request_id: OTHER_ID, provider: "mistral-eu", zone: "eu" })}`;
        for (const _name of NAMES_SINCE_FINDINGS) expect((await rollback(url, options)).ok).toBe(true);
        expect([...(await sql`select zone from audit_events`)]).toEqual([{ zone: "eu" }]);
        await sql`insert into audit_events ${sql(PENDING_ROW)}`;
        expect((await migrate(url, options)).ok).toBe(true);
        const rows = await sql`
        select request_id, zone, findings, scan_ruleset, policy_hash, rule, features, shadow from audit_events
        order by request_id`;
        const unsaid = {
          findings: {},
          scan_ruleset: null,
          policy_hash: null,
          rule: null,
          features: null,
          shadow: null,
        };
        expect([...rows]).toEqual([
          { request_id: PENDING_ROW.request_id, zone: "local", ...unsaid },
          { request_id: OTHER_ID, zone: "eu", ...unsaid },
        ]);
        await clear(sql);
      },
      TIMEOUT_MS,
    );

    test(
      "go back from the log with every row that is not erased, and forward with each ended, counted and in its day",
      async () => {
        const { url, options } = await freshDatabase(kind);
        await migrate(url, options);
        const sql = postgres({ ...mustParse(url), max: 1, onnotice() {} });
        const logged = { ...ATTEMPTED_ROW, ...ANSWERED, request_id: OTHER_ID, model: "large", answered_model: "small" };
        for (const row of [logged, ERASED_ROW]) await sql`insert into audit_events ${sql(row)}`;
        for (const _name of NAMES_SINCE_LOG) expect((await rollback(url, options)).ok).toBe(true);
        const left = await sql`select request_id, status, model, settle_by from audit_events`;
        const ended = { request_id: OTHER_ID, status: "succeeded", model: "small", settle_by: ANSWERED.completed_at };
        expect([...left]).toEqual([ended]);

        await sql`insert into audit_events ${sql({ ...PENDING_ROW, model: "small" })}`;
        expect((await migrate(url, options)).ok).toBe(true);
        const rows = await sql`
        select tableoid::regclass::text as place, record_version, status, completed_at is null as is_open, model,
          answered_model, latency_ms, instance_id
        from audit_events order by request_id`;
        const common = { record_version: 0, is_open: false, model: "small", instance_id: null };
        expect([...rows]).toEqual([
          { ...common, place: "audit_events_20260101", status: "interrupted", answered_model: null, latency_ms: null },
          { ...common, place: "audit_events_20260102", status: "succeeded", answered_model: "small", latency_ms: 120 },
        ]);
        const days =
          await sql`select day::text, leaf_count::integer, unlogged_count::integer from audit_days order by day`;
        expect([...days]).toEqual([
          { day: "2026-01-01", leaf_count: 0, unlogged_count: 1 },
          { day: "2026-01-02", leaf_count: 0, unlogged_count: 1 },
        ]);
        const hours = await sql`
        select hour, request_count::integer as n, latency_ms_sum::integer as ms from audit_hourly order by hour`;
        expect([...hours]).toEqual([
          { hour: PENDING_ROW.received_at, n: 1, ms: 0 },
          { hour: ANSWERED.received_at, n: 1, ms: 120 },
        ]);
        await clear(sql);
      },
      TIMEOUT_MS,
    );

    test("refuse rows that contradict themselves", async () => {
      const { url, options } = await freshDatabase(kind);
      await migrate(url, options);
      const sql = postgres({ ...mustParse(url), max: 1, onnotice() {} });
      const insert = (row: Record<string, unknown>) => sql`insert into audit_events ${sql(row)}`.execute();
      for (const [constraint, change] of Object.entries(CONTRADICTIONS)) {
        await expect(insert({ ...LOGGED_ROW, ...change })).rejects.toMatchObject({ constraint_name: constraint });
      }
      for (const reason_codes of [[], ["default", null], ["a".repeat(65)], ["default,other"], [["default"]]]) {
        const row = { ...LOGGED_ROW, reason_codes };
        await expect(insert(row)).rejects.toMatchObject({ constraint_name: "audit_events_reason_codes_form" });
      }
      for (const findings of NO_FINDINGS) {
        const row = { ...LOGGED_ROW, findings: sql.json(findings as never) };
        await expect(insert(row)).rejects.toMatchObject({ constraint_name: "audit_events_findings_codes_and_counts" });
      }
      for (const [column, values] of Object.entries({
        features: NO_FEATURES,
        shadow: NO_SHADOW,
        attempts: NO_ATTEMPTS,
      })) {
        for (const value of values) {
          const row = { ...ATTEMPTED_ROW, [column]: sql.json(value as never) };
          await expect(insert(row)).rejects.toMatchObject({ constraint_name: `audit_events_${column}_form` });
        }
      }
      for (const [column, values] of Object.entries({
        features: SOME_FEATURES,
        shadow: SOME_SHADOW,
        attempts: SOME_ATTEMPTS,
      })) {
        for (const value of values) {
          await insert({ ...ATTEMPTED_ROW, [column]: sql.json(value as never) });
          await sql`truncate audit_events`;
        }
      }
      for (const row of NO_ATTEMPTS_ROWS) {
        const constraint_name = "audit_events_attempts_since_version_2";
        await expect(insert(row)).rejects.toMatchObject({ constraint_name });
      }
      const interrupted = { ...ATTEMPTED_ROW, status: "interrupted", attempts: null };
      for (const row of [ROW, LOGGED_ROW, ERASED_ROW, ATTEMPTED_ROW, interrupted]) {
        await insert(row);
        await sql`truncate audit_events`;
      }
      await sql.end();
    });

    test("refuse an erased row that says anything but which it was", async () => {
      const { url, options } = await freshDatabase(kind);
      await migrate(url, options);
      const sql = postgres({ ...mustParse(url), max: 1, onnotice() {} });
      const which = ["request_id", "received_at", "record_version", "instance_id", "instance_seq", "erased_at"];
      const columns = await sql<{ name: string }[]>`
        select attname as name from pg_attribute where attrelid = 'audit_events'::regclass and attnum > 0`;
      const others = columns.map(({ name }) => name).filter((name) => !which.includes(name));
      expect(others).toHaveLength(29);
      const whole: Record<string, unknown> = { ...LOGGED_ROW, ...EVERY_COLUMN };
      for (const column of others) {
        const row = { ...ERASED_ROW, record_version: 2, [column]: whole[column] };
        const insert = sql`insert into audit_events ${sql(row)}`.execute();
        await expect(insert).rejects.toMatchObject({ constraint_name: "audit_events_erased_whole" });
      }
      await sql.end();
    });

    test("keep the log's single rows single, and its hashes as long as hashes are", async () => {
      const { url, options } = await freshDatabase(kind);
      await migrate(url, options);
      const sql = postgres({ ...mustParse(url), max: 1, onnotice() {} });
      for (const [constraint, statement] of Object.entries(NO_LOG)) {
        await expect(sql.unsafe(statement).execute()).rejects.toMatchObject({ constraint_name: constraint });
      }
      await sql.end();
    });

    test("refuse policies that tell what they look for, or what opens a door", async () => {
      const { url, options } = await freshDatabase(kind);
      await migrate(url, options);
      const sql = postgres({ ...mustParse(url), max: 1, onnotice() {} });
      const insert = (row: object, document: object = {}) =>
        sql`insert into policies ${sql({ ...POLICY, ...row, document: sql.json({ ...POLICY.document, ...document } as never) })}`;
      for (const [constraint, row] of Object.entries(NO_POLICIES)) {
        await expect(insert(row).execute()).rejects.toMatchObject({ constraint_name: constraint });
      }
      for (const [constraint, documents] of Object.entries(NO_DOCUMENTS)) {
        for (const document of documents) {
          await expect(insert({}, document).execute()).rejects.toMatchObject({ constraint_name: constraint });
        }
      }
      await insert({}, SOUND_DOCUMENT);
      await sql`truncate policies`;
      await sql.end();
    });
  });
}

describe.skipIf(server === null)("on a real server", () => {
  test("four replicas that start together leave one schema, and none of them fails", async () => {
    const url = await onServer().createDatabase();
    const reports = await Promise.all([1, 2, 3, 4].map(() => migrate(url, options(false))));
    const applied = reports.map((report) => (report.ok ? report.value.applied.length : report.error.message));
    expect(applied.sort()).toEqual([0, 0, 0, NAMES.length]);
  });

  test("gives up when another holds the migration lock for too long", async () => {
    const url = await onServer().createDatabase();
    const sql = postgres({ ...mustParse(url), max: 1 });
    await sql`select pg_advisory_lock(5795420104930716005)`;
    const report = await migrate(url, { ...options(false), lockTimeoutMs: 300 });
    expect(report).toMatchObject({ ok: false, error: { kind: "locked" } });
    await sql.end();
  });

  test("may run longer than it would wait for another", async () => {
    const url = await onServer().createDatabase();
    const report = await migrate(url, { ...options(false), lockTimeoutMs: 1 });
    expect(report).toEqual({ ok: true, value: { applied: NAMES } });
  });

  test("ends in the schema that db/schema.sql shows", () => {
    const url = onServer().url;
    dbmateCli(url, "migrate");
    const dump = dumpSchema(url);
    if (dump !== null) expect(comparable(dump)).toBe(comparable(readFileSync(SCHEMA_FILE, "utf8")));
  });

  test("says that the password is wrong without saying the password", async () => {
    const wrong = onServer().url.replace(/:[^:@/]+@/, ":wr%40ng%2Fs3cret@");
    if (wrong === onServer().url) return; // TEST_DATABASE_URL without a password: the server asks for none
    for (const exclusive of [false, true]) {
      const report = await migrate(wrong, options(exclusive));
      expect(report.ok ? "" : report.error.message).toContain("password authentication failed");
      expect(JSON.stringify(report)).not.toMatch(/wr(%40|@)ng|s3cret/);
    }
  });
});

describe("failures are values", () => {
  test("a server that is not there", async () => {
    const url = "postgres://user:s3cret@127.0.0.1:1/db?sslmode=disable";
    const viaLock = await migrate(url, { ...options(false), lockTimeoutMs: 2_000 });
    expect(viaLock).toMatchObject({ ok: false, error: { kind: "unreachable" } });
    const viaDbmate = await migrate(url, options(true));
    expect(viaDbmate).toMatchObject({ ok: false, error: { kind: "failed" } });
    expect(JSON.stringify([viaLock, viaDbmate])).not.toContain("s3cret");
  });

  test("a URL of another kind, or none", async () => {
    for (const url of ["mysql://u:s3cret@h/d", "postgres://u:s3cret%zz@h/d", "s3cret"]) {
      for (const exclusive of [false, true]) {
        const report = await migrate(url, options(exclusive));
        expect(report.ok).toBe(false);
        if (url !== "s3cret") expect(JSON.stringify(report)).not.toContain("s3cret");
      }
    }
  });

  test("a dbmate that does not finish is stopped, and leaves nothing behind", async () => {
    const report = await migrate(embeddedUrl, { ...options(true), timeoutMs: 1 });
    expect(report).toMatchObject({ ok: false, error: { kind: "timeout" } });
    expect(readdirSync(workDir)).toEqual([]);
    expect((await migrate(embeddedUrl, options(true))).ok).toBe(true);
  });

  test("a working directory that cannot be made", async () => {
    const report = await migrate(embeddedUrl, { ...options(true), workDir: "/dev/null/tools" });
    expect(report).toMatchObject({ ok: false, error: { kind: "failed" } });
    expect(existsSync("/dev/null/tools")).toBe(false);
  });
});

const PENDING_ROW = {
  request_id: "019382c0-0000-7000-8000-000000000001",
  received_at: new Date("2026-01-01T00:00:00Z"),
  settle_by: new Date("2026-01-01T00:01:00Z"),
  status: "pending",
  surface: "native",
  decision: "route",
  provider: "local",
  zone: "local",
  reason_codes: ["default"],
  message_count: 1,
  prompt_length: 5,
  prompt_digest: `hmac-sha256:k1:${"ab".repeat(32)}`,
  streamed: false,
};

/** What is on record of the policy that decided. */
const DECIDED = {
  policy_hash: `sha256:${"ab".repeat(32)}`,
  rule: "default",
  features: {},
  shadow: [] as string[],
};

const OTHER_ID = "019382c0-0000-7000-8000-000000000002";

const ANSWERED = {
  received_at: new Date("2026-01-02T23:00:00Z"),
  completed_at: new Date("2026-01-02T23:00:01Z"),
  status: "succeeded",
  answered_provider: "local",
  answered_zone: "local",
  latency_ms: 120,
};

/** As rows are that are older than the log. */
const ROW = {
  request_id: PENDING_ROW.request_id,
  received_at: PENDING_ROW.received_at,
  record_version: 0,
  completed_at: PENDING_ROW.settle_by,
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
  prompt_digest: PENDING_ROW.prompt_digest,
};

const LOGGED_ROW = {
  ...ROW,
  ...DECIDED,
  record_version: 1,
  instance_id: "019382c0-0000-7000-8000-0000000000ff",
  instance_seq: 1,
  scan_ruleset: `1.0.0:${"ab".repeat(32)}`,
  salt: Buffer.alloc(16),
  column_checks: Buffer.alloc(4),
};

const ATTEMPTED_ROW = { ...LOGGED_ROW, record_version: 2, attempts: [] as string[] };
/** Attempts go with their version, and are known unless nobody knows them. */
const NO_ATTEMPTS_ROWS = [
  { ...ROW, attempts: [] },
  { ...LOGGED_ROW, attempts: [] },
  { ...LOGGED_ROW, record_version: 2 },
];

const ERASED_ROW = {
  request_id: "019382c0-0000-7000-8000-000000000009",
  received_at: PENDING_ROW.received_at,
  record_version: 1,
  instance_id: LOGGED_ROW.instance_id,
  instance_seq: 2,
  erased_at: new Date("2026-02-01T00:00:00Z"),
};

/** What an ordinary row leaves out. */
const EVERY_COLUMN = {
  model: "small",
  answered_provider: "local",
  answered_zone: "local",
  answered_model: "small",
  failure_category: "timeout",
  prompt_tokens: 1,
  completion_tokens: 1,
  cost_micros: 1,
  latency_ms: 1,
  attempts: [] as string[],
};

/** One row for each constraint that it breaks, and breaks alone. */
const CONTRADICTIONS: Record<string, Record<string, string | number | Date | null | object>> = {
  audit_events_record_version_known: { record_version: 3, attempts: [] },
  audit_events_attempts_since_version_2: { record_version: 2, status: "failed" },
  audit_events_whole_unless_erased: { status: null },
  audit_events_logged_with_its_salt: { salt: null },
  audit_events_logged_by_an_instance: { instance_id: null, instance_seq: null },
  audit_events_instance_seq_at_least_one: { instance_seq: 0 },
  audit_events_status_known: { status: "pending" },
  audit_events_surface_known: { surface: "fax" },
  audit_events_decision_known: { decision: "ponder" },
  audit_events_zone_form: { zone: "The Moon" },
  audit_events_provider_form: { provider: "a".repeat(33) },
  audit_events_answered_form: { answered_zone: "The Moon" },
  audit_events_policy_hash_form: { policy_hash: `sha256:${"AB".repeat(32)}` },
  audit_events_rule_form: { rule: "Jane Doe" },
  audit_events_failure_only_when_failed: { failure_category: "timeout" },
  audit_events_denied_by_decision: { status: "denied" },
  audit_events_route_has_target: { provider: null },
  audit_events_model_form: { model: "my secret" },
  audit_events_answered_model_form: { answered_model: "m".repeat(129) },
  audit_events_reason_codes_form: { reason_codes: ["default", "Jane Doe"] },
  audit_events_message_count_not_negative: { message_count: -1 },
  audit_events_prompt_length_not_negative: { prompt_length: -1 },
  audit_events_prompt_tokens_not_negative: { prompt_tokens: -1 },
  audit_events_completion_tokens_not_negative: { completion_tokens: -1 },
  audit_events_cost_micros_not_negative: { cost_micros: -1 },
  audit_events_latency_ms_not_negative: { latency_ms: -1 },
  audit_events_prompt_digest_form: { prompt_digest: "hmac-sha256:k1:abc" },
  audit_events_scan_ruleset_form: { scan_ruleset: `1.0:${"ab".repeat(32)}` },
  audit_events_salt_length: { salt: Buffer.alloc(15) },
};

const ACTION = "gen_random_uuid(), 0, decode(repeat('00', 32), 'hex'), 1";
/** One statement for each constraint that it breaks. */
const NO_LOG: Record<string, string> = {
  audit_log_state_one_row: "insert into audit_log_state (id, next_index) values (false, 0)",
  audit_log_state_pkey: "insert into audit_log_state (next_index) values (0)",
  audit_log_tree_one_row: "insert into audit_log_tree (id, tree_size) values (false, 0)",
  audit_rollup_state_one_row: "insert into audit_rollup_state (id, next_index) values (false, 0)",
  audit_leaves_leaf_hash_length: "insert into audit_leaves values (0, gen_random_uuid(), now(), '')",
  audit_tiles_hashes_length: "insert into audit_tiles values (0, 0, decode(repeat('00', 33), 'hex'))",
  audit_tiles_level_known: "insert into audit_tiles values (7, 0, decode(repeat('00', 32), 'hex'))",
  audit_actions_kind_known: `insert into audit_actions values (${ACTION}, 'mischief', now(), null, null, '{}', decode(repeat('00', 16), 'hex'))`,
  audit_actions_salt_length: `insert into audit_actions values (${ACTION}, 'erasure', now(), null, null, '{}', '')`,
  audit_days_leaves_whole_or_absent: "insert into audit_days values ('2026-01-01', 3, 1, 2, 0)",
};

/** None of them is a code and a count; a place, a text or a part of one might be. */
const NO_FINDINGS: readonly Record<string, unknown>[] = [
  { "/messages/0/content": 1 },
  { "Jane Doe": 1 },
  { "": 1 },
  { "keyword\n": 1 },
  { ["a".repeat(101)]: 1 },
  { keyword: 0 },
  { keyword: -1 },
  { keyword: 1.5 },
  { keyword: "Jane Doe" },
  { keyword: null },
  { keyword: ["Jane Doe"] },
  { keyword: [2] },
  { keyword: 1, other: { keyword: 1 } },
];

/** A text, a part of one, or what might carry it in: other keys, other numbers, longer words. */
const NO_FEATURES: readonly unknown[] = [
  [],
  "word",
  7,
  { surface: "Hello there" },
  { surface: "" },
  { surface: "caf\u00e9" },
  { surface: 'a", "b' },
  { surface: "a\\b" },
  { surface: "tab\there" },
  { surface: "native\n" },
  { surface: "a".repeat(129) },
  { "Jane Doe": 1 },
  { "": 1 },
  { promptChars: 1 },
  { ["a".repeat(129)]: 1 },
  { prompt_chars: -1 },
  { prompt_chars: 1.5 },
  { prompt_chars: 1e30 },
  { signals: ["pii", "Jane Doe"] },
  { signals: [["Jane Doe"]] },
  { labels: { team: "Jane Doe" } },
  { labels: { "Jane Doe": "blue" } },
];
const SOME_FEATURES: readonly unknown[] = [
  {},
  { surface: "native", stream: true, model: null, prompt_chars: 9_007_199_254_740_991, choices: 0 },
  // What is left of `<provider>/<model>`.
  { model: "-.x" },
  { model: `${"a".repeat(100)}/b:c@d+e-f.g_h`, signals: [], labels: {}, offered_by: ["eu-2"] },
  { wish_price: { input: 1, output: 0 }, labels: { team: "Blue.2", tier: "free" }, signals: ["a", "b"] },
];
const NO_SHADOW: readonly unknown[] = [
  {},
  "word",
  ["Jane Doe"],
  [{ rule: "Jane Doe" }],
  [{ rule: "Jane" }],
  [{ rule: "a".repeat(65) }],
  [{ rule: 7 }],
  [{ "Jane Doe": true }],
];
const ATTEMPT = { provider: "eu_2", model: "m", result: "answered", sent: true, duration_ms: 12 };
const NO_ATTEMPTS: readonly unknown[] = [
  {},
  "word",
  ["Jane Doe"],
  ["Jane"],
  [7],
  [{}],
  [[ATTEMPT]],
  [{ ...ATTEMPT, model: "Jane Doe" }],
  [{ ...ATTEMPT, model: 'a", "b' }],
  [{ ...ATTEMPT, model: "" }],
  [{ ...ATTEMPT, model: null }],
  [{ ...ATTEMPT, model: { model: "m" } }],
  [{ ...ATTEMPT, model: ["m"] }],
  [{ ...ATTEMPT, model: "a".repeat(129) }],
  [{ ...ATTEMPT, model: "m", provider: "a".repeat(129), result: "left", sent: true, duration_ms: 1 }],
  [{ ...ATTEMPT, provider: "Jane Doe" }],
  [{ ...ATTEMPT, result: "refused" }],
  [{ ...ATTEMPT, result: "answered " }],
  [{ ...ATTEMPT, sent: "Jane Doe" }],
  [{ ...ATTEMPT, sent: null }],
  [{ ...ATTEMPT, duration_ms: -1 }],
  [{ ...ATTEMPT, duration_ms: 0.5 }],
  [{ ...ATTEMPT, result: 7 }],
  [{ ...ATTEMPT, note: "Jane" }],
  [ATTEMPT, { ...ATTEMPT, Jane: "Doe" }],
];
const SOME_ATTEMPTS: readonly unknown[] = [
  [],
  [ATTEMPT],
  [{ ...ATTEMPT, model: `${"a".repeat(100)}/b:c@d+e-f.g_h`, duration_ms: 9_007_199_254_740_991 }],
  ATTEMPT_RESULTS.map((result) => ({ ...ATTEMPT, result })),
  Array.from({ length: 64 }, () => ({ ...ATTEMPT, model: "a".repeat(128), provider: "p".repeat(32) })),
];
const SOME_SHADOW: readonly unknown[] = [
  [],
  [{ rule: "long-prompts", outcome: "route", provider: "eu_2", differs: false }],
  [
    { rule: "a", outcome: "deny", provider: null, differs: true },
    { rule: "b", outcome: "deny", provider: null, differs: true },
  ],
];

const POLICY = {
  hash: `sha256:${"ab".repeat(32)}`,
  name: "team",
  version: 3,
  document: { name: "team", version: 3 },
  first_activated_at: new Date("2026-01-01T00:00:00Z"),
  last_activated_at: new Date("2026-01-01T00:00:00Z"),
};

/** One row for each constraint that it breaks, and breaks alone. */
const NO_POLICIES: Record<string, object> = {
  policies_hash_form: { hash: "ab".repeat(32) },
  policies_document_of_its_name: { version: 4 },
  policies_activated_in_order: { last_activated_at: new Date("2025-12-31T00:00:00Z") },
};

const DIGEST = { count: 1, sha256: "ab".repeat(32) };
const NO_DOCUMENTS: Record<string, readonly object[]> = {
  policies_document_without_words: [
    { signals: { a: { keywords: ["heron"] } } },
    { signals: { a: { keywords: DIGEST }, b: { keywords: "heron" } } },
    { signals: { a: { patterns: [{ id: "p", pattern: "her[o0]n", keywords: DIGEST }] } } },
    { signals: { a: { patterns: [{ id: "p", pattern: { sha256: DIGEST.sha256 }, keywords: ["heron"] }] } } },
  ],
  policies_document_without_credentials: [
    { providers: { cloud: { api_key: "sk-heron" } } },
    { providers: { cloud: { api_key: { env: "sk-heron" } } } },
    { providers: { cloud: { base_url: "https://user:heron@api.example.com/v1" } } },
  ],
};
const SOUND_DOCUMENT = {
  providers: { cloud: { api_key: "${OPENAI_API_KEY}", base_url: "https://api.example.com/v1/@here" } },
  signals: { keywords: { keywords: DIGEST, patterns: [{ id: "p", pattern: { sha256: "0" }, keywords: DIGEST }] } },
  labels: { keywords: ["red"] },
};

function mustParse(url: string): NonNullable<ReturnType<typeof clientOptions>> {
  const parsed = clientOptions(url);
  if (parsed === null) throw new Error("not a PostgreSQL URL");
  return parsed;
}
