import { expect, test } from "bun:test";
import { createLogger } from "../../../src/telemetry/logger.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { createTelemetry } from "../../../src/telemetry/telemetry.ts";

test("a dry run has its own counter and line, and counts as no chat", async () => {
  const lines: string[] = [];
  const metrics = createMetrics({ version: "1.2.3", bun: "1.4.5" });
  const telemetry = createTelemetry(createLogger("info", { write: (line: string) => void lines.push(line) }), metrics);
  telemetry.dryRun({ requestId: "01a2", denied: false });
  telemetry.dryRun({ requestId: "01a3", denied: true });
  telemetry.dryRun({ requestId: "01a4", denied: true });
  const text = await metrics.registry.metrics();
  expect(text).toContain('policy_mesh_dry_runs_total{denied="false"} 1\n');
  expect(text).toContain('policy_mesh_dry_runs_total{denied="true"} 2\n');
  expect(text).not.toMatch(
    /^(chat_requests_total|policy_mesh_decisions_total|chat_request_latency_seconds_count)[ {]/m,
  );
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    { level: "info", event: "dry_run", request_id: "01a2", denied: false },
    { request_id: "01a3", denied: true },
    { request_id: "01a4", denied: true },
  ]);
});
