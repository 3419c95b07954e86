import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Intent, Outcome } from "../../src/audit/event.ts";
import { EVENT_STATUSES } from "../../src/audit/event.ts";
import { SURFACES } from "../../src/core/chat.ts";
import { recordFeatures } from "../../src/core/recorded-features.ts";
import { type Span, spanOf } from "../../src/store/audit-events.ts";
import { openStore, type Store } from "../../src/store/open-store.ts";
import { featuresOf } from "../support/policy.ts";
import { startPostgresServer } from "../support/postgres-server.ts";

const server = await startPostgresServer();
const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-audit-"));
afterAll(async () => {
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const receivedAt = new Date("2026-11-22T10:00:00.123Z");

function intentOf(overrides: Partial<Intent> = {}): Intent {
  return {
    requestId: Bun.randomUUIDv7(),
    receivedAt,
    settleBy: new Date(receivedAt.getTime() + 120_000),
    surface: "native",
    decision: "route",
    provider: "openai",
    zone: "cloud",
    model: "gpt",
    reasonCodes: ["default"],
    policyHash: `sha256:${"0".repeat(64)}`,
    rule: "default",
    features: featuresOf(),
    shadow: [],
    findings: {},
    scanRuleset: `1.0.0:${"0".repeat(64)}`,
    messageCount: 2,
    promptLength: 77,
    promptDigest: `hmac-sha256:${"a".repeat(16)}:${"0".repeat(64)}`,
    streamed: false,
    ...overrides,
  };
}

const FEATURES = featuresOf({
  promptTokens: null,
  maxOutputTokens: 9_007_199_254_740_991,
  signals: ["personal", "project_names"],
  wish: "known",
  model: "hf.co/Some-Org/Model:Q4_K_M@sha256+1",
  wishPrice: { input: 150_000, output: 600_000 },
  requestedProvider: "eu-2",
  offeredBy: ["eu-2", "local"],
  labels: { team: "R-and-D.1" },
});

function outcomeOf(requestId: string, overrides: Partial<Outcome> = {}): Outcome {
  return {
    requestId,
    completedAt: new Date(receivedAt.getTime() + 1_500),
    status: "succeeded",
    provider: "eu-2",
    zone: "eu",
    model: "gpt-2026",
    failureCategory: null,
    usage: { promptTokens: 10, completionTokens: 20 },
    latencyMs: 1_500,
    ...overrides,
  };
}

const DATABASES = [
  { name: "the embedded Postgres", databaseUrl: null, skipped: false },
  { name: "a Postgres server", databaseUrl: server?.url ?? null, skipped: server === null },
];

describe.each(DATABASES)("audit events on $name", ({ name, databaseUrl, skipped }) => {
  let store: Store;

  beforeAll(async () => {
    if (skipped) return;
    const opened = await openStore({ dataDir: join(scratch, name), databaseUrl });
    if (!opened.ok) throw new Error(opened.error.message);
    store = opened.value;
    const migrated = await store.migrate();
    if (!migrated.ok) throw new Error(migrated.error.message);
  });
  afterAll(() => (skipped ? undefined : store.close()));

  const find = async (requestId: string) => {
    const found = await store.auditEvents.find(requestId);
    if (!found.ok) throw new Error(found.error.message);
    return found.value;
  };

  test.skipIf(skipped)("an intent is a pending row, an outcome ends it, and what was written comes back", async () => {
    const intent = intentOf({
      reasonCodes: ["sensitive_keyword_match", "policy.cloud_model_refused"],
      findings: { keyword: 1, "pii.national_id.pl": 2, "pattern.employee-number": 30 },
      rule: "long-prompts",
      features: FEATURES,
      shadow: [
        { rule: "cheaper", outcome: "route", provider: "local", differs: true },
        { rule: "stricter", outcome: "deny", provider: null, differs: true },
      ],
    });
    expect(await store.auditEvents.recordIntent(intent)).toEqual({ ok: true, value: undefined });
    const { settleBy: _, ...written } = intent;
    const empty = { promptTokens: null, completionTokens: null };
    expect(await find(intent.requestId)).toEqual({
      ...written,
      status: "pending",
      completedAt: null,
      answeredProvider: null,
      answeredZone: null,
      failureCategory: null,
      usage: empty,
      latencyMs: null,
    });
    const outcome = outcomeOf(intent.requestId);
    expect(await store.auditEvents.recordOutcome(outcome)).toEqual({ ok: true, value: undefined });
    expect(await find(intent.requestId)).toEqual({
      ...written,
      status: "succeeded",
      completedAt: outcome.completedAt,
      model: "gpt-2026",
      answeredProvider: "eu-2",
      answeredZone: "eu",
      failureCategory: null,
      usage: outcome.usage,
      latencyMs: 1_500,
    });
  });

  test.skipIf(skipped)("an outcome without a model keeps the one that was asked", async () => {
    const intent = intentOf();
    await store.auditEvents.recordIntent(intent);
    await store.auditEvents.recordOutcome(
      outcomeOf(intent.requestId, { model: null, status: "failed", failureCategory: "timeout" }),
    );
    expect(await find(intent.requestId)).toMatchObject({ model: "gpt", status: "failed", failureCategory: "timeout" });
  });

  test.skipIf(skipped)("a request has one row and one outcome", async () => {
    const intent = intentOf();
    await store.auditEvents.recordIntent(intent);
    expect(await store.auditEvents.recordIntent(intent)).toMatchObject({ ok: false });
    await store.auditEvents.recordOutcome(outcomeOf(intent.requestId));
    const second = await store.auditEvents.recordOutcome(outcomeOf(intent.requestId, { status: "failed" }));
    expect(second).toEqual({ ok: false, error: { message: "the row was not pending any more" } });
    expect((await find(intent.requestId))?.status).toBe("succeeded");
  });

  test.skipIf(skipped)("a denial has neither provider nor zone nor model", async () => {
    const intent = intentOf({ decision: "deny", provider: null, zone: null, model: null });
    await store.auditEvents.recordIntent(intent);
    await store.auditEvents.recordOutcome(outcomeOf(intent.requestId, { status: "denied", model: null }));
    expect(await find(intent.requestId)).toMatchObject({ decision: "deny", provider: null, status: "denied" });
  });

  test.skipIf(skipped)("takes every value of the closed sets that code knows", async () => {
    const combinations = [
      ...SURFACES.map((surface) => intentOf({ surface })),
      ...["local", "cloud", "eu-west_1"].map((zone) => intentOf({ zone })),
    ];
    for (const intent of combinations) expect(await store.auditEvents.recordIntent(intent)).toMatchObject({ ok: true });
    for (const status of EVENT_STATUSES) {
      if (status === "pending" || status === "interrupted") continue;
      const intent = intentOf(status === "denied" ? { decision: "deny" } : {});
      await store.auditEvents.recordIntent(intent);
      expect(await store.auditEvents.recordOutcome(outcomeOf(intent.requestId, { status }))).toMatchObject({
        ok: true,
      });
    }
  });

  test.skipIf(skipped)("a span of time is read page by page, each row once and in order", async () => {
    const since = new Date("2027-01-01T00:00:00Z");
    const until = new Date(since.getTime() + 1_000);
    const ids = Array.from({ length: 7 }, () => Bun.randomUUIDv7()).toSorted();
    // Several came in at the same moment; before the span and at its end are none of it.
    const times = [0, 0, 0, 1, 1, 500, 999].map((offset) => new Date(since.getTime() + offset));
    const intents = ids.map((requestId, index) =>
      intentOf({ requestId, receivedAt: times[index] ?? until, settleBy: until }),
    );
    const outside = [new Date(since.getTime() - 1), until].map((receivedAt) =>
      intentOf({ receivedAt, settleBy: until }),
    );
    for (const intent of [...intents, ...outside]) expect((await store.auditEvents.recordIntent(intent)).ok).toBe(true);
    await store.auditEvents.recordOutcome(outcomeOf(ids[6] ?? ""));

    for (const limit of [1, 2, 3, 7, 8]) {
      const rows = [];
      for (let span: Span | null = spanOf(since, until); span !== null; ) {
        const page = await store.auditEvents.page(span, limit);
        if (!page.ok) throw new Error(page.error.message);
        expect(page.value.rows.length).toBeLessThanOrEqual(limit);
        rows.push(...page.value.rows);
        span = page.value.rest;
      }
      expect(rows.map(({ requestId }) => requestId)).toEqual(ids);
      expect(rows.map(({ usage }) => usage.promptTokens)).toEqual([null, null, null, null, null, null, 10]);
      const { features, ...row } = rows[0] ?? { features: null };
      expect(JSON.parse(features ?? "")).toEqual(recordFeatures(featuresOf()));
      expect(row).toMatchObject({ provider: "openai", zone: "cloud", reasonCodes: ["default"], findings: "{}" });
    }
  });

  test.skipIf(skipped)("an unknown id is nothing, not an error", async () => {
    expect(await store.auditEvents.find(Bun.randomUUIDv7())).toEqual({ ok: true, value: null });
  });

  test.skipIf(skipped)("only rows whose time is over are ended as interrupted", async () => {
    const overdue = intentOf({ settleBy: new Date(receivedAt.getTime() + 1) });
    const running = intentOf({ settleBy: new Date(receivedAt.getTime() + 3_600_000) });
    const done = intentOf({ settleBy: new Date(receivedAt.getTime() + 1) });
    for (const intent of [overdue, running, done]) await store.auditEvents.recordIntent(intent);
    await store.auditEvents.recordOutcome(outcomeOf(done.requestId));

    await store.auditEvents.settleInterrupted("overdue", new Date(receivedAt.getTime() + 60_000));
    expect(await find(overdue.requestId)).toMatchObject({ status: "interrupted", latencyMs: null });
    expect((await find(overdue.requestId))?.completedAt).toBeInstanceOf(Date);
    expect((await find(running.requestId))?.status).toBe("pending");
    expect((await find(done.requestId))?.status).toBe("succeeded");

    await store.auditEvents.settleInterrupted("everyPending", receivedAt);
    expect((await find(running.requestId))?.status).toBe("interrupted");
    expect((await store.auditEvents.recordOutcome(outcomeOf(running.requestId))).ok).toBe(false);
  });

  test.skipIf(skipped)("a refused statement says so without a value of the row", async () => {
    const refused = await store.auditEvents.recordIntent(intentOf({ promptDigest: "private words" }));
    expect(refused).toEqual({
      ok: false,
      error: { message: "the database refused the statement (SQLSTATE 23514 on audit_events_prompt_digest_form)" },
    });
  });

  test.skipIf(skipped)(
    "is not ready right after a write that failed, and is again after one that succeeded",
    async () => {
      await store.auditEvents.recordIntent(intentOf({ promptDigest: "no digest" }));
      expect((await store.auditEvents.check()).ok).toBe(false);
      await store.auditEvents.recordIntent(intentOf());
      expect((await store.auditEvents.check()).ok).toBe(true);
    },
  );

  test.skipIf(skipped)("is ready once migrated", async () => {
    expect(await store.auditEvents.check()).toEqual({ ok: true, value: undefined });
  });
});

describe("a database that accepts and never answers", () => {
  test("makes calls fail in time, and gathers no more of them than its bound", async () => {
    const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const url = `postgres://someone@127.0.0.1:${silent.port}/nowhere`;
    const opened = await openStore({ dataDir: join(scratch, "silent"), databaseUrl: url });
    if (!opened.ok) throw new Error(opened.error.message);
    const { auditEvents, close } = opened.value;
    const waiting = Array.from({ length: 1_000 }, () => auditEvents.find(Bun.randomUUIDv7()));
    expect(await auditEvents.recordIntent(intentOf())).toEqual({
      ok: false,
      error: { message: "1000 statements wait for the database" },
    });
    for (const answer of await Promise.all(waiting)) expect(answer.ok).toBe(false);
    await close();
    silent.stop(true);
  });
});

describe("a database that is away", () => {
  test("makes every call a failure within its bound, and nothing throws", async () => {
    const url = "postgres://someone:hunter2@127.0.0.1:9/nowhere";
    const opened = await openStore({ dataDir: join(scratch, "away"), databaseUrl: url });
    if (!opened.ok) throw new Error(opened.error.message);
    const { auditEvents, close } = opened.value;
    const answers = await Promise.all([
      auditEvents.recordIntent(intentOf()),
      auditEvents.recordOutcome(outcomeOf(Bun.randomUUIDv7())),
      auditEvents.find(Bun.randomUUIDv7()),
      auditEvents.check(),
    ]);
    for (const answer of answers)
      expect(answer).toEqual({ ok: false, error: { message: expect.stringContaining("the database") } });
    expect(JSON.stringify(answers)).not.toContain("hunter2");
    await close();
  });
});
