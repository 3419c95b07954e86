import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { microsOf } from "../../src/audit/record.ts";
import { openAuditStore } from "../support/audit-store.ts";
import { runGateway, scratchFolder } from "../support/gateway-process.ts";
import { requestRecord } from "../support/request-records.ts";

const folder = scratchFolder();
const dataDir = join(folder.path, "data");
const NOW = new Date();
const daysAgo = (days: number) => new Date(NOW.getTime() - days * 86_400_000);
const [young, old] = [
  requestRecord(1, { received_at: microsOf(NOW) }),
  requestRecord(2, { received_at: microsOf(daysAgo(40)) }),
];

const audit = (...words: readonly string[]) => runGateway(["audit", ...words], folder.path, { DATA_DIR: dataDir });

describe("on the embedded database of a gateway that is not running", () => {
  beforeAll(async () => {
    const { store, ship, sql, close } = await openAuditStore(dataDir);
    expect((await store.auditMaintenance.createPartitions(daysAgo(40))).ok).toBe(true);
    await ship([young, old]);
    await sql`update audit_log_tree set tree_size = 2`;
    await close();
  }, 30_000);
  afterAll(() => folder.remove());

  test("an event is erased once, for good", async () => {
    const first = await audit("erase", young.request_id);
    expect(first).toMatchObject({ exitCode: 0, stderr: "" });
    expect(first.stdout).toBe(
      `The audit event ${young.request_id} is erased. Its leaf 0 stays. That it was erased is leaf 2.\n`,
    );
    const again = await audit("erase", young.request_id, "--json");
    expect(again.exitCode).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ ok: true, request_id: young.request_id, action_index: null });
  }, 60_000);

  test("days that are too old go, and what was under no checkpoint waits", async () => {
    const dropped = await audit("retain", "--days", "30", "--json");
    expect(dropped.exitCode).toBe(0);
    const report = JSON.parse(dropped.stdout);
    expect(report).toMatchObject({ ok: true, kept: [] });
    const counts = report.dropped.map((one: { leaf_count: number }) => one.leaf_count);
    expect(counts.filter((count: number) => count > 0)).toEqual([1]);
  }, 60_000);
});
