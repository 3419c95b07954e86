import { describe, expect, test } from "bun:test";
import type { SpoolStatus } from "../../../src/gateway/deps.ts";
import { watchSpool } from "../../../src/telemetry/audit-metrics.ts";
import { createLogger } from "../../../src/telemetry/logger.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { createTelemetry } from "../../../src/telemetry/telemetry.ts";

function setUp() {
  const lines: string[] = [];
  const logger = createLogger("info", { write: (line: string) => void lines.push(line) });
  const metrics = createMetrics({ version: "1.2.3", bun: "1.4.5" });
  return {
    parsed: () => lines.map((line): unknown => JSON.parse(line)),
    telemetry: createTelemetry(logger, metrics),
    registers: [metrics.registry],
    text: () => metrics.registry.metrics(),
  };
}

describe("what the audit does beside requests", () => {
  test("a start after a clean end says nothing of it", () => {
    const { telemetry, parsed } = setUp();
    telemetry.spoolRecovered({ interruptedCount: 0, truncatedBytes: 0, quarantinedCount: 0 });
    expect(parsed()).toEqual([]);
  });

  test("a start after a crash says what was found, and bytes that cannot be read are an error", async () => {
    const { telemetry, parsed, text } = setUp();
    telemetry.spoolRecovered({ interruptedCount: 2, truncatedBytes: 17, quarantinedCount: 0 });
    telemetry.spoolRecovered({ interruptedCount: 0, truncatedBytes: 0, quarantinedCount: 1 });
    expect(parsed()).toMatchObject([
      { level: "warn", event: "spool_recovered", interrupted: 2, truncated_bytes: 17, quarantined: 0 },
      { level: "error", event: "spool_recovered", quarantined: 1 },
    ]);
    expect(await text()).toContain("policy_mesh_interrupted_requests_total 2");
    expect(await text()).toContain("policy_mesh_spool_quarantined_total 1");
  });

  test("a spool that fails, and a record that the database refuses, are errors", async () => {
    const { telemetry, parsed, text } = setUp();
    telemetry.spoolFailed({ reason: "no space" });
    telemetry.auditRefused({ instanceSeq: 9, cause: "SQLSTATE 23514" });
    expect(parsed()).toMatchObject([
      { level: "error", event: "spool_failed", cause: "no space" },
      { level: "error", event: "audit_refused", instance_seq: 9, cause: "SQLSTATE 23514" },
    ]);
    expect(await text()).toContain("policy_mesh_spool_quarantined_total 1");
  });

  test("records that were sent are counted, and a batch that was not is a warning", async () => {
    const { telemetry, parsed, text } = setUp();
    telemetry.spoolFlushed({ seconds: 0.002 });
    telemetry.auditShipped({ count: 12 });
    telemetry.auditShipFailed({ cause: "away", retryInMs: 400 });
    telemetry.auditShipped({ count: 1 });
    telemetry.auditShipped({ count: 1 });
    expect(parsed()).toMatchObject([
      { level: "warn", event: "audit_ship_failed", cause: "away", retry_in_ms: 400 },
      { level: "info", event: "audit_ship_recovered" },
    ]);
    expect(parsed()).toHaveLength(2);
    expect(await text()).toContain("policy_mesh_audit_records_shipped_total 14");
    expect(await text()).toContain("policy_mesh_audit_ship_failures_total 1");
    expect(await text()).toContain('policy_mesh_spool_fsync_seconds_bucket{le="0.0025"} 1');
  });

  test("a database that stays away is one warning, until the reason changes or records reach it again", () => {
    const { telemetry, parsed } = setUp();
    for (const cause of ["away", "away", "too slow", "too slow"]) telemetry.auditShipFailed({ cause, retryInMs: 400 });
    telemetry.auditShipped({ count: 1 });
    telemetry.auditShipFailed({ cause: "too slow", retryInMs: 100 });
    expect(parsed()).toMatchObject([
      { level: "warn", event: "audit_ship_failed", cause: "away" },
      { level: "warn", event: "audit_ship_failed", cause: "too slow" },
      { level: "info", event: "audit_ship_recovered" },
      { level: "warn", event: "audit_ship_failed", cause: "too slow" },
    ]);
  });

  test("a signer that refuses is an error and a metric until it signs again", async () => {
    const { telemetry, parsed, text } = setUp();
    telemetry.checkpointSigned({ treeSize: 70, leafCount: 3 });
    telemetry.signerState({ problem: "the database was set back", refuses: true });
    expect(await text()).toContain("policy_mesh_log_signer_refusing 1");
    telemetry.signerState({ problem: "away", refuses: false });
    telemetry.signerState({ problem: null, refuses: false });
    expect(await text()).toContain("policy_mesh_log_signer_refusing 0");
    expect(await text()).toContain("policy_mesh_log_tree_size 70");
    expect(parsed()).toMatchObject([
      { level: "error", event: "signer", refuses: true, cause: "the database was set back" },
      { level: "warn", event: "signer", refuses: false, cause: "away" },
      { level: "info", event: "signer" },
    ]);
  });

  test("work on the tables is told where there was some", async () => {
    const { telemetry, parsed, text } = setUp();
    telemetry.auditMaintained({ createdPartitions: 0, droppedPartitions: [], problem: null });
    telemetry.auditMaintained({ createdPartitions: 2, droppedPartitions: ["audit_events_20260101"], problem: null });
    telemetry.auditMaintained({ createdPartitions: 0, droppedPartitions: [], problem: "away" });
    expect(parsed()).toMatchObject([
      { level: "info", event: "audit_maintained", created: 2, dropped: ["audit_events_20260101"] },
      { level: "warn", event: "audit_maintained", cause: "away" },
    ]);
    expect(await text()).toContain("policy_mesh_audit_partitions_dropped_total 1");
  });
});

test("a scrape shows the spool as it is at that moment", async () => {
  const { registers, text } = setUp();
  let status: SpoolStatus = {
    state: "open",
    reason: null,
    bytes: 4_096,
    maxBytes: 1_000_000,
    unshippedCount: 3,
    oldestUnshippedAt: new Date("2026-11-22T10:00:00.000Z"),
  };
  watchSpool(
    registers,
    () => status,
    () => new Date("2026-11-22T10:01:30.000Z"),
  );
  for (const line of [
    "policy_mesh_spool_bytes 4096",
    "policy_mesh_spool_max_bytes 1000000",
    "policy_mesh_spool_unshipped_records 3",
    "policy_mesh_spool_oldest_unshipped_seconds 90",
    'policy_mesh_spool_state{state="open"} 1',
    'policy_mesh_spool_state{state="failed"} 0',
  ]) {
    expect(await text()).toContain(line);
  }
  status = { ...status, state: "failed", unshippedCount: 0, oldestUnshippedAt: null };
  expect(await text()).toContain("policy_mesh_spool_oldest_unshipped_seconds 0");
  expect(await text()).toContain('policy_mesh_spool_state{state="open"} 0');
  expect(await text()).toContain('policy_mesh_spool_state{state="failed"} 1');
});
