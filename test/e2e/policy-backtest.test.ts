import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { microsOf } from "../../src/audit/record.ts";
import type { Features } from "../../src/core/features.ts";
import { recordFeatures } from "../../src/core/recorded-features.ts";
import { compilePolicy } from "../../src/policy/compile.ts";
import { decide } from "../../src/policy/decide.ts";
import type { PolicyDocument } from "../../src/policy/document.ts";
import { storedForm } from "../../src/policy/identity.ts";
import { scanOptionsOf } from "../../src/policy/scan-options.ts";
import { openAuditStore } from "../support/audit-store.ts";
import { scanFor } from "../support/compiled-scan.ts";
import { type Environment, runGateway, scratchFolder } from "../support/gateway-process.ts";
import { documentOf, featuresOf } from "../support/policy.ts";
import { requestRecord } from "../support/request-records.ts";

type AuditWorld = Awaited<ReturnType<typeof openAuditStore>>;

/** More than two pages. */
const COPIES = 4_100;
const NOW = new Date();
const daysAgo = (days: number) => new Date(NOW.getTime() - days * 86_400_000);

const PAST = documentOf({
  name: "team",
  signals: { birds: { keywords: ["heron"] }, personal: { groups: ["pii"] } },
  default: { route: ["local"], reason: "default" },
});
const NEXT: PolicyDocument = {
  ...PAST,
  version: 2,
  signals: { waders: { keywords: ["heron"] }, personal: { groups: ["pii"] } },
  constraints: [{ id: "keep", when: { signal: "waders" }, forbid: { zones: ["cloud"] }, reason: "kept" }],
  rules: [
    { id: "private", when: { signal: "personal" }, deny: true, reason: "private" },
    { id: "long", when: { prompt_tokens: { at_least: 1_000 } }, route: ["cloud", "local"], reason: "long" },
  ],
};

const folder = scratchFolder();
const dataDir = join(folder.path, "data");
const file = join(folder.path, "next.json");
const past = compilePolicy(PAST);
const { ruleset } = scanFor([], scanOptionsOf(PAST));
let ids: readonly string[] = [];

function recordOf(given: Partial<Features>, findings: Record<string, number>, receivedAt: Date, seq: number) {
  const features = featuresOf(given);
  const { candidates, rule, reasonCodes, shadow } = decide(past, features);
  const [first] = candidates;
  return requestRecord(seq, {
    received_at: microsOf(receivedAt),
    decision: first === undefined ? "deny" : "route",
    provider: first?.provider ?? null,
    zone: first?.zone ?? null,
    model: first?.model ?? null,
    reason_codes: reasonCodes,
    policy_hash: past.hash,
    rule,
    features: recordFeatures(features),
    shadow,
    findings,
    scan_ruleset: ruleset,
    prompt_tokens: null,
    completion_tokens: null,
  });
}

async function fill({ store, sql, ship }: AuditWorld): Promise<void> {
  const stored = JSON.parse(JSON.stringify(storedForm(PAST)));
  expect((await store.policies.activate(stored, past, daysAgo(40))).ok).toBe(true);
  const records = [
    recordOf({ promptTokens: 10 }, {}, daysAgo(20), 1),
    { ...recordOf({ promptTokens: 2_000 }, {}, daysAgo(10), 2), prompt_tokens: 2_000, completion_tokens: 100 },
    recordOf({ promptTokens: 2_000, signals: ["birds"] }, { "keyword.birds": 1 }, daysAgo(9), 3),
    recordOf({ promptTokens: 10, signals: ["personal"] }, { "pii.email": 1 }, daysAgo(8), 4),
    recordOf({ promptTokens: null }, {}, daysAgo(7), 5),
    recordOf({ promptTokens: 2_000 }, {}, daysAgo(35), 6),
  ];
  ids = records.map(({ request_id }) => request_id);
  await ship(records);
  await sql`
    insert into audit_events
    select (jsonb_populate_record(event, jsonb_build_object('request_id', gen_random_uuid()))).*
    from audit_events as event cross join generate_series(1, ${COPIES}) where request_id = ${ids[0] ?? ""}`;
}

beforeAll(async () => {
  writeFileSync(file, JSON.stringify(NEXT));
  const world = await openAuditStore(dataDir);
  await fill(world);
  await world.close();
}, 60_000);
afterAll(() => folder.remove());

const backtest = (args: readonly string[], env: Environment = {}) =>
  runGateway(["policy", "backtest", ...args], folder.path, { DATA_DIR: dataDir, ...env });

describe("policy-mesh policy backtest", () => {
  test("says as JSON, too, why the audit cannot be read", async () => {
    const nobody = { DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" };
    for (const [env, words] of [
      [nobody, "The audit cannot be read"],
      [{ PORT: "x" }, "PORT"],
    ] as const) {
      const { stdout, stderr, exitCode } = await backtest([file, "--json"], env);
      expect([stderr, exitCode]).toEqual(["", 1]);
      expect(JSON.parse(stdout)).toMatchObject({ file, ok: false, faults: [{ code: "unreadable_audit" }] });
      expect(stdout).toContain(words);
    }
  });

  test("decides the rows of the span again and says what would have changed, as JSON", async () => {
    const { stdout, stderr, exitCode } = await backtest([file, "--since", "30d", "--json"]);
    expect([stderr, exitCode]).toEqual(["", 0]);
    const report = JSON.parse(stdout);
    const local = { decision: "route", provider: "local", zone: "local" };
    expect(report).toMatchObject({
      file,
      ok: true,
      name: "team",
      version: 2,
      rows: COPIES + 5,
      unchanged: COPIES + 2,
      changed: 2,
      unknown: 1,
      unknown_by: [{ missing: "prompt_tokens", rows: 1 }],
      cost: { before_micros: 0, after_micros: 300 + 60, difference_micros: 360, reported_rows: 1 },
      newly_outside_local: { rows: 1, request_ids: [ids[1]] },
      newly_denied: { rows: 1, request_ids: [ids[3]] },
    });
    expect(report.matrix[0]).toEqual({ from: local, to: local, rows: COPIES + 2 });
    expect(report.matrix).toContainEqual({ from: local, to: { decision: "deny", code: "policy.denied" }, rows: 1 });
    expect(report.matrix).toContainEqual({ from: local, to: null, rows: 1 });
    expect(Date.parse(report.until) - Date.parse(report.since)).toBe(30 * 86_400_000);
  }, 30_000);

  test("says it for people, and tells no keyword", async () => {
    const { stdout, stderr, exitCode } = await backtest([file, "--since", daysAgo(36).toISOString()]);
    expect([stderr, exitCode]).toEqual(["", 0]);
    expect(stdout).toContain(`${file}: team, version 2\n${COPIES + 6} requests from `);
    expect(stdout).toMatch(/^ {2}local \(local\) {2}cloud \(cloud\) +2$/m);
    expect(stdout).toMatch(/^ {2}tokens were not counted +1$/m);
    expect(stdout).toContain(`2 requests newly sent outside of the local zone\n  ${ids[5]}\n  ${ids[1]}\n`);
    expect(stdout).toContain("1 request newly denied");
    expect(stdout).not.toContain("heron");
  }, 30_000);

  test("lists as many ids as it is told to, and counts all", async () => {
    const { stdout } = await backtest([file, "--since", "36d", "--limit-rows", "1", "--json"]);
    expect(JSON.parse(stdout).newly_outside_local).toEqual({ rows: 2, request_ids: [ids[5]] });
    const none = await backtest([file, "--since", "1h", "--limit-rows=0", "--json"]);
    expect(JSON.parse(none.stdout)).toMatchObject({ rows: 0, matrix: [], newly_outside_local: { request_ids: [] } });
  }, 30_000);

  test.each([
    [[]],
    [["FILE", "more"]],
    [["FILE", "--since", "yesterday"]],
    [["FILE", "--since", "0d"]],
    [["FILE", "--since", "2026-02-30"]],
    [["FILE", "--since", "2999-01-01"]],
    [["FILE", "--limit-rows", "many"]],
    [["FILE", "--limit-rows", "100001"]],
    [["FILE", "--yaml"]],
  ])("is used as it says: not %j", async (args) => {
    const { stdout, stderr, exitCode } = await backtest(args.map((word) => (word === "FILE" ? file : word)));
    expect([stdout, exitCode]).toEqual(["", 2]);
    expect(stderr).toStartWith("policy-mesh policy backtest: ");
  });

  test("fails where the file is not there or not sound, before it opens a database", async () => {
    const unsound = join(folder.path, "unsound.json");
    writeFileSync(unsound, JSON.stringify({ ...NEXT, default: { route: ["nowhere"], reason: "default" } }));
    for (const path of [unsound, join(folder.path, "missing.yaml")]) {
      const { stdout, stderr, exitCode } = await backtest([path], { DATABASE_URL: "postgres://u@127.0.0.1:9/d" });
      expect([stdout, exitCode]).toEqual(["", 1]);
      expect(stderr).toContain(path);
      expect(stderr).not.toContain("database");
    }
  });

  test("reads the embedded database while another process has it open", async () => {
    const running = await openAuditStore(dataDir);
    const busy = await backtest([file]);
    await running.close();
    expect([busy.stderr, busy.exitCode]).toEqual(["", 0]);
    expect(busy.stdout).toContain(`${5 + COPIES} requests from`);
  }, 60_000);

  test("fails where the database was never made, or is away", async () => {
    const fresh = join(folder.path, "fresh");
    mkdirSync(fresh);
    const empty = await backtest([file], { DATA_DIR: fresh });
    expect([empty.stdout, empty.exitCode]).toEqual(["", 1]);
    expect(empty.stderr).toContain(`There is no database in ${fresh}.`);
    expect(readdirSync(fresh)).toEqual([]);

    const away = await backtest([file], { DATABASE_URL: "postgres://someone:hunter2@127.0.0.1:9/nowhere" });
    expect([away.stdout, away.exitCode]).toEqual(["", 1]);
    expect(away.stderr).toContain("The audit cannot be read");
    expect(away.stderr).not.toContain("hunter2");
  }, 60_000);
});
