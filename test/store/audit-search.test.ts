import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { fits } from "../../src/audit/fits.ts";
import { microsOf, type RequestRecord } from "../../src/audit/record.ts";
import type { AuditCursor, AuditFilter } from "../../src/audit/search.ts";
import { recordFeatures } from "../../src/core/recorded-features.ts";
import { createAuditSearch, type SearchBounds } from "../../src/store/audit-search.ts";
import { openStore } from "../../src/store/open-store.ts";
import { openAuditStore } from "../support/audit-store.ts";
import { featuresOf } from "../support/policy.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { INSTANCE, requestRecord } from "../support/request-records.ts";

const server = await startPostgresServer();
const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-search-"));
afterAll(async () => {
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const PROVIDERS = ["openai", "local", "eu-2"];
const ZONES = ["cloud", "local", "eu"];
const STATUSES = ["succeeded", "failed", "client_aborted", "interrupted"] as const;
const REASONS = ["default", "cost_prefer_local", "team.kept"];
const RULES = ["default", "short"];
const TEAMS = ["red", "blue"];
const MODELS = ["small", "org/large:1", "vision"];
const DIGESTS = ["0", "1", "2"].map((digit) => `hmac-sha256:k:${digit.repeat(64)}`);
const START_MS = Date.UTC(2026, 10, 22, 23, 59, 59);

const pick = <T>(values: readonly T[], seed: number): T => {
  const value = values[seed % values.length];
  if (value === undefined) throw new Error("nothing to pick from");
  return value;
};

/** Of three days, several at the same moment and some between two milliseconds, as no gateway of ours writes them. */
function recordOf(index: number): RequestRecord {
  const draw = (salt: string) => Bun.hash.crc32(`${salt} ${index}`);
  const team = draw("labelled") % 3 === 0 ? {} : { team: pick(TEAMS, draw("team")) };
  return requestRecord(index + 1, {
    received_at: microsOf(new Date(START_MS + Math.floor(index / 4) * 400)) + (draw("micros") % 3),
    provider: pick(PROVIDERS, draw("provider")),
    zone: pick(ZONES, draw("zone")),
    model: pick([...MODELS, null], draw("model")),
    answered_provider: pick([...PROVIDERS, null], draw("answered provider")),
    answered_zone: pick([...ZONES, null], draw("answered zone")),
    answered_model: pick([...MODELS, null], draw("answered model")),
    status: pick(STATUSES, draw("status")),
    reason_codes: [pick(REASONS, draw("reason")), pick(REASONS, draw("second reason"))],
    rule: pick(RULES, draw("rule")),
    features: recordFeatures(featuresOf({ labels: team })),
    prompt_digest: pick(DIGESTS, draw("digest")),
  });
}
const RECORDS = Array.from({ length: 150 }, (_, index) => recordOf(index));

const newestFirst = (one: RequestRecord, other: RequestRecord) =>
  other.received_at - one.received_at || (other.request_id < one.request_id ? -1 : 1);

/** What a filter says, in the plainest way. */
function isWanted(filter: AuditFilter, record: RequestRecord): boolean {
  const { since, until, provider, zone, status, reason, rule, team, model, promptDigest } = filter;
  return (
    (since === undefined || record.received_at >= microsOf(since)) &&
    (until === undefined || record.received_at < microsOf(until)) &&
    (provider === undefined || [record.provider, record.answered_provider].includes(provider)) &&
    (zone === undefined || [record.zone, record.answered_zone].includes(zone)) &&
    (status === undefined || record.status === status) &&
    (reason === undefined || record.reason_codes.includes(reason)) &&
    (rule === undefined || record.rule === rule) &&
    (team === undefined || record.features.labels["team"] === team) &&
    (model === undefined || [record.model, record.answered_model].includes(model)) &&
    (promptDigest === undefined || record.prompt_digest === promptDigest)
  );
}

const moments = fc.integer({ min: -2, max: 40 }).map((step) => new Date(START_MS + step * 400));
const filters: fc.Arbitrary<AuditFilter> = fc.record(
  {
    since: moments,
    until: moments,
    provider: fc.constantFrom(...PROVIDERS),
    zone: fc.constantFrom(...ZONES),
    status: fc.constantFrom(...STATUSES),
    reason: fc.constantFrom(...REASONS),
    rule: fc.constantFrom(...RULES),
    team: fc.constantFrom(...TEAMS, "nobody"),
    model: fc.constantFrom(...MODELS),
    promptDigest: fc.constantFrom(...DIGESTS),
  },
  { requiredKeys: [] },
);

const DATABASES = [
  { name: "the embedded Postgres", databaseUrl: null, skipped: false },
  { name: "a Postgres server", databaseUrl: server?.url ?? null, skipped: server === null },
];

describe.each(DATABASES)("a search on $name", ({ name, databaseUrl, skipped }) => {
  let world: Awaited<ReturnType<typeof openAuditStore>>;
  beforeAll(async () => {
    if (skipped) return;
    world = await openAuditStore(join(scratch, name), databaseUrl);
    // Partitions, so that the order has to hold across them.
    for (const day of ["2026-11-22", "2026-11-23"]) {
      const next = day === "2026-11-22" ? "2026-11-23" : "2026-11-24";
      await world.sql.unsafe(
        `create table if not exists audit_events_test_${day.replaceAll("-", "")} partition of audit_events
         for values from ('${day}T00:00:00Z') to ('${next}T00:00:00Z')`,
      );
    }
    await world.ship(RECORDS);
  }, 60_000);
  afterAll(() => (skipped ? undefined : world.close()));

  async function find(requestId: string) {
    const found = await world.store.auditSearch.find(requestId);
    if (!found.ok) throw new Error(found.error.message);
    return found.value;
  }

  /** Page by page to the end. */
  async function collect(search: ReturnType<typeof createAuditSearch>, filter: AuditFilter, limit: number) {
    const pages: string[][] = [];
    let cursor: AuditCursor | null = null;
    do {
      const page = await search.search(filter, cursor, limit);
      if (!page.ok) throw new Error(page.error.message);
      pages.push(page.value.events.map(({ requestId }) => requestId));
      cursor = page.value.next;
    } while (cursor !== null && pages.length <= 2 * RECORDS.length);
    return pages;
  }

  const searchWithin = (bounds: SearchBounds) =>
    createAuditSearch(
      {
        hung: new Promise(() => {}),
        close: async () => {},
        async query<Row extends object>(
          text: string,
          parameters: readonly (string | number | boolean | Date | null)[],
        ) {
          return { ok: true, value: [...(await world.sql.unsafe<Row[]>(text, [...parameters], { prepare: true }))] };
        },
      },
      bounds,
    );

  test.skipIf(skipped)(
    "gives every row that fits once and in order, however small its steps",
    async () => {
      const everything = await world.store.auditSearch.search({}, null, 500);
      const all = everything.ok ? everything.value.events : [];
      expect(all.length).toBe(RECORDS.length);
      await fc.assert(
        fc.asyncProperty(
          filters,
          fc.integer({ min: 1, max: 60 }),
          fc.record({ statementRows: fc.integer({ min: 1, max: 200 }), statements: fc.integer({ min: 1, max: 5 }) }),
          async (filter, limit, bounds) => {
            const expected = RECORDS.filter((record) => isWanted(filter, record)).toSorted(newestFirst);
            const pages = await collect(searchWithin(bounds), filter, limit);
            expect(pages.flat()).toEqual(expected.map(({ request_id }) => request_id));
            expect(all.filter((event) => fits(filter, event)).map(({ requestId }) => requestId)).toEqual(pages.flat());
            expect(Math.max(...pages.map((page) => page.length))).toBeLessThanOrEqual(limit);
          },
        ),
        { numRuns: 200 },
      );
    },
    60_000,
  );

  test.skipIf(skipped)("that finds little says so after a bounded look, and goes on from there", async () => {
    const search = searchWithin({ statementRows: 10, statements: 3 });
    const thirtieth = RECORDS.toSorted(newestFirst)[29];
    expect(await search.search({ team: "nobody" }, null, 5)).toEqual({
      ok: true,
      value: {
        events: [],
        next: { receivedAtMicros: thirtieth?.received_at ?? 0, requestId: thirtieth?.request_id ?? "" },
      },
    });
    expect(await collect(search, { team: "nobody" }, 5)).toEqual([[], [], [], [], [], []]);
  });

  test.skipIf(skipped)("takes the cursor of another search for a place, never for more than its own span", async () => {
    const [newest] = RECORDS.toSorted(newestFirst);
    if (newest === undefined) throw new Error("no record");
    const until = new Date(START_MS + 800);
    const cursor = { receivedAtMicros: newest.received_at, requestId: newest.request_id };
    const page = await world.store.auditSearch.search({ until }, cursor, 500);
    const expected = RECORDS.filter((record) => record.received_at < microsOf(until)).length;
    expect(page).toMatchObject({ ok: true, value: { next: null } });
    expect(page.ok ? page.value.events.length : -1).toBe(expected);
  });

  test.skipIf(skipped)("finds the row of an id with all that is on record", async () => {
    const record = requestRecord(1_000, {
      received_at: microsOf(new Date("2026-11-22T10:00:00.123Z")),
      findings: { keyword: 1, "pii.national_id.pl": 2 },
      shadow: [{ rule: "stricter", outcome: "deny", provider: null, differs: true }],
      cost_micros: 9_007_199_254_740_991,
    });
    await world.ship([record]);
    expect(await find(record.request_id)).toEqual({
      kind: "event",
      event: {
        requestId: record.request_id,
        receivedAt: new Date("2026-11-22T10:00:00.123Z"),
        completedAt: new Date(record.completed_at / 1_000),
        status: "succeeded",
        surface: "openai_chat",
        decision: "route",
        provider: "openai",
        zone: "cloud",
        model: "gpt-4o-mini",
        answeredProvider: "openai",
        answeredZone: "cloud",
        answeredModel: "gpt-4o-mini-2026",
        reasonCodes: ["default"],
        policyHash: record.policy_hash,
        rule: "default",
        features: featuresOf({ signals: ["personal"], offeredBy: ["openai"], labels: { team: "research" } }),
        shadow: [...record.shadow],
        findings: record.findings,
        scanRuleset: record.scan_ruleset,
        failureCategory: null,
        messageCount: 3,
        promptLength: 770,
        promptDigest: record.prompt_digest,
        usage: { promptTokens: 190, completionTokens: 240 },
        costMicros: 9_007_199_254_740_991,
        latencyMs: 1_500,
        attempts: [
          { provider: "openai", model: "gpt-4o", result: "rate_limited", sent: true, durationMs: 210 },
          { provider: "openai", model: "gpt-4o-mini", result: "answered", sent: true, durationMs: 1_280 },
        ],
        streamed: false,
        instance: { id: INSTANCE, seq: 1_000 },
      },
    });
    expect(await find(Bun.randomUUIDv7())).toBeNull();
  });

  test.skipIf(skipped)("knows rows that are older than the log", async () => {
    const requestId = Bun.randomUUIDv7();
    await world.sql`
      insert into audit_events (request_id, received_at, record_version, completed_at, status, surface, streamed, decision,
        reason_codes, findings, message_count, prompt_length, prompt_digest)
      values (${requestId}, '2020-01-01T00:00:00Z', 0, '2020-01-01T00:00:01Z', 'denied', 'native', false, 'deny',
        '{default}', '{}', 1, 1, ${DIGESTS[0] ?? ""})`;
    expect(await find(requestId)).toMatchObject({
      event: { status: "denied", policyHash: null, rule: null, features: null, shadow: null, instance: null },
    });
    const page = await world.store.auditSearch.search({ until: new Date("2021-01-01") }, null, 10);
    expect(page).toMatchObject({ ok: true, value: { events: [{ requestId }], next: null } });
  });

  test.skipIf(skipped)("says of an erased row that it is, and finds it no more", async () => {
    const record = requestRecord(1_001, { received_at: microsOf(new Date("2019-05-05T00:00:00Z")) });
    await world.ship([record]);
    await world.erase(record.request_id);
    expect(await find(record.request_id)).toEqual({
      kind: "erased",
      requestId: record.request_id,
      receivedAt: new Date("2019-05-05T00:00:00Z"),
      erasedAt: new Date("2026-11-23T00:00:00.500Z"),
    });
    const page = await world.store.auditSearch.search({ until: new Date("2019-06-01") }, null, 10);
    expect(page).toEqual({ ok: true, value: { events: [], next: null } });
  });

  test.skipIf(skipped)("follows rows in the order of the log, whatever their times", async () => {
    const { auditSearch } = world.store;
    const before = await auditSearch.newestLeaf();
    if (!before.ok) throw new Error(before.error.message);
    const times = ["2026-11-22T12:00:00Z", "2026-11-22T09:00:00Z", "2026-11-22T11:00:00Z"];
    const records = times.map((time, index) => requestRecord(2_000 + index, { received_at: microsOf(new Date(time)) }));
    await world.ship(records);
    await world.erase(records[1]?.request_id ?? "");
    const [first, , third] = records.map(({ request_id }) => request_id);
    const page = await auditSearch.follow(before.value, 2);
    expect(page).toMatchObject({ ok: true, value: { events: [{ requestId: first }], leafIndex: before.value + 2 } });
    const rest = await auditSearch.follow(before.value + 2, 2);
    expect(rest).toMatchObject({ ok: true, value: { events: [{ requestId: third }], leafIndex: before.value + 3 } });
    const none = await auditSearch.follow(before.value + 3, 2);
    expect(none).toEqual({ ok: true, value: { events: [], leafIndex: before.value + 3 } });
    expect(await auditSearch.newestLeaf()).toEqual({ ok: true, value: before.value + 3 });
  });
});

describe("a database that does not answer", () => {
  test("makes every read a failure that names no secret", async () => {
    const url = "postgres://someone:hunter2@127.0.0.1:9/nowhere";
    const opened = await openStore({ dataDir: join(scratch, "away"), databaseUrl: url });
    if (!opened.ok) throw new Error(opened.error.message);
    const { auditSearch, close } = opened.value;
    const answers = await Promise.all([
      auditSearch.find(Bun.randomUUIDv7()),
      auditSearch.search({ status: "failed" }, null, 10),
      auditSearch.search({}, null, 10),
      auditSearch.newestLeaf(),
      auditSearch.follow(0, 10),
    ]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ ok: false, error: { message: expect.stringContaining("the database") } });
    }
    expect(JSON.stringify(answers)).not.toContain("hunter2");
    await close();
  });

  test("makes them fail in time where it takes connections, and gathers no more of them than its bound", async () => {
    const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const url = `postgres://someone@127.0.0.1:${silent.port}/nowhere`;
    const opened = await openStore({ dataDir: join(scratch, "silent"), databaseUrl: url });
    if (!opened.ok) throw new Error(opened.error.message);
    const { auditSearch, close } = opened.value;
    const waiting = Array.from({ length: 1_000 }, () => auditSearch.find(Bun.randomUUIDv7()));
    expect(await auditSearch.find(Bun.randomUUIDv7())).toMatchObject({
      ok: false,
      error: { message: "1000 statements wait for the database" },
    });
    for (const answer of await Promise.all(waiting)) expect(answer.ok).toBe(false);
    await close();
    silent.stop(true);
  }, 20_000);
});
