import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { type MigrateOptions, migrate, migrationStatus, rollback } from "../../src/store/migrate.ts";
import { clientOptions } from "../../src/store/migrations/client-options.ts";
import { MIGRATION_FILES } from "../../src/store/migrations/files.ts";
import { EmbeddedFixture } from "../support/embedded-fixture.ts";
import { comparable, dbmateCli, dumpSchema, MIGRATIONS_DIR, SCHEMA_FILE } from "../support/postgres-dump.ts";
import { type PostgresServer, startPostgresServer } from "../support/postgres-server.ts";

const NAMES = MIGRATION_FILES.map((file) => file.name);
const fixture = new EmbeddedFixture();
const workDir = mkdtempSync(join(tmpdir(), "policy-mesh-migrate-"));
const server = await startPostgresServer();
let embeddedUrl = "";

const options = (exclusive: boolean): MigrateOptions => ({ workDir, timeoutMs: 30_000, exclusive });

beforeAll(async () => {
  embeddedUrl = (await fixture.start(fixture.directory())).dbmateUrl;
});
afterAll(async () => {
  await fixture.clean();
  await server?.stop();
  rmSync(workDir, { recursive: true, force: true });
});

type Kind = "embedded" | "server";

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

const NAMES_SINCE_POLICIES = NAMES.slice(NAMES.findIndex((name) => name.endsWith("_create_policies.sql")));

for (const kind of ["embedded", "server"] as const) {
  describe.skipIf(kind === "server" && server === null)(`migrations on the ${kind} database`, () => {
    test("go up, down, and up again", async () => {
      const { url, options } = await freshDatabase(kind);
      expect(await migrate(url, options)).toEqual({ ok: true, value: { applied: NAMES } });
      for (const name of [...NAMES].reverse()) {
        expect(await rollback(url, options)).toEqual({ ok: true, value: { rolledBack: [name] } });
      }
      expect(await migrationStatus(url, options)).toEqual({ ok: true, value: { applied: [], pending: NAMES } });
      expect(await migrate(url, options)).toEqual({ ok: true, value: { applied: NAMES } });
      expect(await migrate(url, options)).toEqual({ ok: true, value: { applied: [] } });
    });

    test("agree with the plain dbmate command, whichever comes first", async () => {
      const { url, options } = await freshDatabase(kind);
      await migrate(url, options);
      expect(dbmateCli(url, "migrate").output).toBe("");
      expect(dbmateCli(url, "status").output).toContain("Pending: 0");
      expect(dbmateCli(url, "rollback").exitCode).toBe(0);
      expect(dbmateCli(url, "migrate").output).toContain(`Applied: ${NAMES.at(-1)}`);
      expect(await migrate(url, options)).toEqual({ ok: true, value: { applied: [] } });
    });

    test("go back with rows in zones that the older version does not know", async () => {
      const { url, options } = await freshDatabase(kind);
      await migrate(url, options);
      const sql = postgres({ ...mustParse(url), max: 1, onnotice() {} });
      await sql`insert into audit_events ${sql({ ...PENDING_ROW, provider: "mistral-eu", zone: "eu" })}`;
      for (const _name of NAMES_SINCE_POLICIES) expect((await rollback(url, options)).ok).toBe(true);
      expect([...(await sql`select zone from audit_events`)]).toEqual([{ zone: "eu" }]);
      expect((await migrate(url, options)).ok).toBe(true);
      await sql`truncate audit_events`;
      await sql.end();
    });

    test("leave the rows of older versions as they are, with nothing found on record", async () => {
      const { url, options } = await freshDatabase(kind);
      await migrate(url, options);
      for (const _name of NAMES_SINCE_FINDINGS) await rollback(url, options);
      const sql = postgres({ ...mustParse(url), max: 1, onnotice() {} });
      await sql`insert into audit_events ${sql(PENDING_ROW)}`;
      await migrate(url, options);
      const rows = await sql`
        select request_id, findings, scan_ruleset, policy_hash, rule, features, shadow from audit_events`;
      const unsaid = { scan_ruleset: null, policy_hash: null, rule: null, features: null, shadow: null };
      expect([...rows]).toEqual([{ request_id: PENDING_ROW.request_id, findings: {}, ...unsaid }]);
      await sql`truncate audit_events`;
      await sql.end();
    });

    test("refuse rows that contradict themselves", async () => {
      const { url, options } = await freshDatabase(kind);
      await migrate(url, options);
      const sql = postgres({ ...mustParse(url), max: 1, onnotice() {} });
      for (const [constraint, change] of Object.entries(CONTRADICTIONS)) {
        const insert = sql`insert into audit_events ${sql({ ...PENDING_ROW, ...change })}`.execute();
        await expect(insert).rejects.toMatchObject({ constraint_name: constraint });
      }
      for (const findings of NO_FINDINGS) {
        const insert = sql`insert into audit_events ${sql({ ...PENDING_ROW, findings: sql.json(findings as never) })}`;
        await expect(insert.execute()).rejects.toMatchObject({
          constraint_name: "audit_events_findings_codes_and_counts",
        });
      }
      for (const [column, values] of Object.entries({ features: NO_FEATURES, shadow: NO_SHADOW })) {
        for (const value of values) {
          const row = { ...PENDING_ROW, ...DECIDED, [column]: sql.json(value as never) };
          await expect(sql`insert into audit_events ${sql(row)}`.execute()).rejects.toMatchObject({
            constraint_name: `audit_events_${column}_form`,
          });
        }
      }
      for (const [column, values] of Object.entries({ features: SOME_FEATURES, shadow: SOME_SHADOW })) {
        for (const value of values) {
          const row = { ...PENDING_ROW, ...DECIDED, [column]: sql.json(value as never) };
          await sql`insert into audit_events ${sql(row)}`;
          await sql`truncate audit_events`;
        }
      }
      await sql`insert into audit_events ${sql(PENDING_ROW)}`;
      await sql`truncate audit_events`;
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
    const report = await migrate(url, { ...options(false), timeoutMs: 300 });
    expect(report).toMatchObject({ ok: false, error: { kind: "locked" } });
    await sql.end();
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
    const viaLock = await migrate(url, { ...options(false), timeoutMs: 2_000 });
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

/** One row for each constraint that it breaks, and breaks alone. */
const CONTRADICTIONS: Record<string, Record<string, string | number | Date | null | object>> = {
  audit_events_status_known: { status: "lost", completed_at: PENDING_ROW.settle_by },
  audit_events_surface_known: { surface: "fax" },
  audit_events_decision_known: { decision: "ponder" },
  audit_events_zone_form: { zone: "The Moon" },
  audit_events_provider_form: { provider: "a".repeat(33) },
  audit_events_policy_hash_form: { ...DECIDED, policy_hash: `sha256:${"AB".repeat(32)}` },
  audit_events_rule_form: { ...DECIDED, rule: "Jane Doe" },
  audit_events_policy_whole_or_absent: { ...DECIDED, shadow: null },
  audit_events_completed_unless_pending: { completed_at: PENDING_ROW.settle_by },
  audit_events_failure_only_when_failed: { failure_category: "timeout" },
  audit_events_denied_by_decision: { status: "denied", completed_at: PENDING_ROW.settle_by },
  audit_events_route_has_target: { provider: null },
  audit_events_reason_codes_given: { reason_codes: [] },
  audit_events_reason_codes_form: { reason_codes: ["default", "Jane Doe"] },
  audit_events_settle_by_not_before_received: { settle_by: new Date("2025-12-31T00:00:00Z") },
  audit_events_message_count_not_negative: { message_count: -1 },
  audit_events_prompt_length_not_negative: { prompt_length: -1 },
  audit_events_prompt_tokens_not_negative: { prompt_tokens: -1 },
  audit_events_completion_tokens_not_negative: { completion_tokens: -1 },
  audit_events_latency_ms_not_negative: { latency_ms: -1 },
  audit_events_prompt_digest_form: { prompt_digest: "hmac-sha256:k1:abc" },
  audit_events_findings_object: { findings: ["keyword"] },
  audit_events_scan_ruleset_form: { scan_ruleset: `1.0:${"ab".repeat(32)}` },
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
