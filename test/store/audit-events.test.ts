import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { microsOf } from "../../src/audit/record.ts";
import { type Span, spanOf } from "../../src/store/audit-events.ts";
import { openAuditStore } from "../support/audit-store.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { requestRecord } from "../support/request-records.ts";

const server = await startPostgresServer();
const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-audit-"));
afterAll(async () => {
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const DATABASES = [
  { name: "the embedded Postgres", databaseUrl: null, skipped: false },
  { name: "a Postgres server", databaseUrl: server?.url ?? null, skipped: server === null },
];

describe.each(DATABASES)("audit events on $name", ({ name, databaseUrl, skipped }) => {
  let world: Awaited<ReturnType<typeof openAuditStore>>;
  beforeAll(async () => {
    if (!skipped) world = await openAuditStore(join(scratch, name), databaseUrl);
  }, 60_000);
  afterAll(() => (skipped ? undefined : world.close()));

  test.skipIf(skipped)("a span of time is read page by page, each row once and in order", async () => {
    const since = new Date("2027-01-01T00:00:00Z");
    const until = new Date(since.getTime() + 1_000);
    const ids = Array.from({ length: 7 }, () => Bun.randomUUIDv7()).toSorted();
    // Several came in at the same moment; before the span and at its end are none of it.
    const times = [0, 0, 0, 1, 1, 500, 999].map((offset) => new Date(since.getTime() + offset));
    const records = times.map((time, index) =>
      requestRecord(index + 1, { request_id: ids[index] ?? "", received_at: microsOf(time) }),
    );
    const outside = [new Date(since.getTime() - 1), until, new Date(since.getTime() + 2)].map((time, index) =>
      requestRecord(index + 8, { received_at: microsOf(time) }),
    );
    await world.ship([...records, ...outside]);
    await world.erase(outside[2]?.request_id ?? "");

    for (const limit of [1, 2, 3, 7, 8]) {
      const rows = [];
      for (let span: Span | null = spanOf(since, until); span !== null; ) {
        const page = await world.store.auditEvents.page(span, limit);
        if (!page.ok) throw new Error(page.error.message);
        expect(page.value.rows.length).toBeLessThanOrEqual(limit);
        rows.push(...page.value.rows);
        span = page.value.rest;
      }
      expect(rows.map(({ requestId }) => requestId)).toEqual(ids);
      const { features, findings, ...row } = rows[0] ?? { features: null, findings: "" };
      expect(JSON.parse(features ?? "")).toEqual(records[0]?.features);
      expect(JSON.parse(findings)).toEqual(records[0]?.findings);
      expect(row).toMatchObject({
        provider: "openai",
        zone: "cloud",
        reasonCodes: ["default"],
        usage: { promptTokens: 190, completionTokens: 240 },
      });
    }
  });
});
