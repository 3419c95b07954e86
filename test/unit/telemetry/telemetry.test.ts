import { describe, expect, test } from "bun:test";
import type { ChatFinished } from "../../../src/gateway/deps.ts";
import type { CircuitStatus, Pause } from "../../../src/gateway/traffic/contract.ts";
import { createLogger } from "../../../src/telemetry/logger.ts";
import { createMetrics, LABEL_VALUES } from "../../../src/telemetry/metrics.ts";
import { createTelemetry } from "../../../src/telemetry/telemetry.ts";
import { watchTraffic } from "../../../src/telemetry/traffic-metrics.ts";

function setUp(level = "info") {
  const lines: string[] = [];
  const logger = createLogger(level, { write: (line: string) => void lines.push(line) });
  const metrics = createMetrics({ version: "1.2.3", bun: "1.4.5" });
  const telemetry = createTelemetry(logger, metrics);
  const parsed = () => lines.map((line): unknown => JSON.parse(line));
  return { lines, parsed, logger, metrics, telemetry, text: () => metrics.registry.metrics() };
}

const finished: ChatFinished = {
  requestId: "01a2",
  surface: "openai_chat",
  streamed: true,
  decision: "route",
  status: "failed",
  provider: "openai",
  model: "gpt",
  reasonCodes: ["default"],
  findings: { "pii.email": 2, "pii.iban": 1, "secret.jwt": 1 },
  rule: "long-prompt",
  policyHash: "sha256:12",
  shadowDiffers: null,
  failureCategory: "timeout",
  failureDetail: "It did not answer in time.",
  errorCode: "provider.timeout",
  attempts: [
    { provider: "box", model: "tiny", result: "circuit_open", sent: false, durationMs: 0 },
    { provider: "openai", model: "gpt", result: "timeout", sent: true, durationMs: 900 },
  ],
  durationsMs: { scan: 0.1, provider: 900 },
  totalMs: 1_000,
};

describe("a finished chat request", () => {
  test("is one JSON line with id, decision, status and durations by stage", () => {
    const { telemetry, parsed } = setUp();
    telemetry.chatFinished(finished);
    expect(parsed()).toEqual([
      {
        level: "warn",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        service: "policy-mesh",
        event: "chat",
        request_id: "01a2",
        surface: "openai_chat",
        streamed: true,
        decision: "route",
        status: "failed",
        provider: "openai",
        model: "gpt",
        reason_codes: ["default"],
        finding_codes: { "pii.email": 2, "pii.iban": 1, "secret.jwt": 1 },
        rule: "long-prompt",
        policy_hash: "sha256:12",
        shadow_differs: null,
        failure_category: "timeout",
        failure_detail: "It did not answer in time.",
        error_code: "provider.timeout",
        attempts: [
          { provider: "box", model: "tiny", result: "circuit_open", sent: false, duration_ms: 0 },
          { provider: "openai", model: "gpt", result: "timeout", sent: true, duration_ms: 900 },
        ],
        duration_ms: 1_000,
        stage_ms: { scan: 0.1, provider: 900 },
        msg: "chat request",
      },
    ]);
  });

  test("counts whether shadow rules would have decided otherwise, where one matched", async () => {
    const { telemetry, text } = setUp();
    for (const shadowDiffers of [true, true, false, null]) telemetry.chatFinished({ ...finished, shadowDiffers });
    const metrics = await text();
    expect(metrics).toContain('policy_mesh_shadow_decisions_total{differs="true"} 2');
    expect(metrics).toContain('policy_mesh_shadow_decisions_total{differs="false"} 1');
  });

  test("counts a reason of the policy's own, and none that is an error", async () => {
    const { telemetry, text } = setUp();
    telemetry.chatFinished({ ...finished, reasonCodes: ["our_own_reason", "constructor", "policy.denied"] });
    expect(await text()).toContain('policy_mesh_decisions_total{reason="our_own_reason"} 1');
    expect(await text()).toContain('policy_mesh_decisions_total{reason="constructor"} 1');
    expect(await text()).not.toContain('reason="policy.denied"');
  });

  test("counts under the names and labels that dashboards know", async () => {
    const { telemetry, text } = setUp();
    telemetry.chatFinished(finished);
    telemetry.chatFinished({ ...finished, status: "denied", provider: null, failureCategory: null, findings: {} });
    const metrics = await text();
    expect(metrics).toContain('chat_requests_total{provider="openai",status="failed"} 1');
    expect(metrics).toContain('chat_requests_total{provider="none",status="denied"} 1');
    expect(metrics).toContain('chat_request_latency_seconds_bucket{le="1",provider="openai"} 1');
    expect(metrics).toContain('chat_request_latency_seconds_bucket{le="0.5",provider="openai"} 0');
    // As the rows have them, each once: also where another one followed, or the last that failed was not the last tried.
    expect(metrics).toContain('policy_mesh_provider_failures_total{provider="openai",category="timeout"} 2');
    expect(metrics).toContain('policy_mesh_provider_failures_total{provider="box",category="circuit_open"} 2');
    expect(metrics).toContain('policy_mesh_provider_attempts_total{provider="openai",outcome="timeout"} 2');
    expect(metrics).toContain('policy_mesh_provider_attempts_total{provider="box",outcome="circuit_open"} 2');
    expect(metrics).toContain('policy_mesh_decisions_total{reason="default"} 2');
    expect(metrics).toContain('policy_mesh_scan_findings_total{group="pii"} 3');
    expect(metrics).toContain('policy_mesh_scan_findings_total{group="secret"} 1');
    expect(metrics).toContain('policy_mesh_scan_duration_seconds_bucket{le="0.0001"} 2');
    expect(metrics).toContain("policy_mesh_scan_duration_seconds_sum 0.0002");
  });
});

describe("other events", () => {
  test("a refused request is counted by code", async () => {
    const { telemetry, text, parsed } = setUp();
    telemetry.requestRefused({ requestId: "1", code: "request.too_deep", field: "body" });
    expect(await text()).toContain('policy_mesh_refused_requests_total{code="request.too_deep"} 1');
    expect(parsed()).toMatchObject([
      { level: "info", event: "refused", error_code: "request.too_deep", field: "body" },
    ]);
  });

  test("refusals of the gateway's own doing have a count from the start, and so have failed audit writes", async () => {
    const metrics = await setUp().text();
    expect(metrics).toContain('policy_mesh_refused_requests_total{code="gateway.overloaded"} 0\n');
    for (const step of LABEL_VALUES.step) {
      expect(metrics).toContain(`policy_mesh_audit_write_failures_total{step="${step}"} 0\n`);
    }
  });

  test("a failed audit write is an error and counted by step", async () => {
    const { telemetry, text, parsed } = setUp();
    telemetry.auditWriteFailed({ requestId: "1", step: "intent", cause: "away" });
    expect(await text()).toContain('policy_mesh_audit_write_failures_total{step="intent"} 1');
    expect(parsed()).toMatchObject([{ level: "error", event: "audit_write_failed", cause: "away" }]);
  });

  test("a migration that was put off says why, and when it is done", () => {
    const { telemetry, parsed } = setUp();
    telemetry.migrationTried({ problem: "away" });
    telemetry.migrationTried({ problem: null });
    expect(parsed()).toMatchObject([
      { level: "warn", cause: "away" },
      { level: "info", event: "migrated" },
    ]);
  });

  test("the life of the process is in the log too", () => {
    const { telemetry, parsed } = setUp();
    telemetry.started({ url: "http://127.0.0.1:1", version: "1", database: "embedded" });
    telemetry.stopping();
    telemetry.stopped();
    expect(parsed()).toMatchObject([
      { event: "started", url: "http://127.0.0.1:1", version: "1", database: "embedded" },
      { event: "stopping" },
      { event: "stopped" },
    ]);
  });

  test("a bug is logged by type and place, not by its message, which may quote content", () => {
    const { telemetry, lines, parsed } = setUp();
    telemetry.bug({
      requestId: "1",
      error: new TypeError("cannot read my private prompt\n    at the second line of it:1:2\n"),
    });
    telemetry.bug({ requestId: "1", error: "a private string" });
    const reworded = new Error("private\n    at private (x:1:2)");
    // The engine writes the stack when it is first read.
    expect(reworded.stack).toContain("private");
    reworded.message = "another";
    telemetry.bug({ requestId: "1", error: reworded });
    expect(lines.join("")).not.toContain("private");
    expect(lines.join("")).not.toContain("second line");
    expect(parsed()).toMatchObject([
      { error_type: "TypeError", at: [expect.stringContaining("telemetry.test.ts")] },
      { error_type: "string", at: [] },
      { error_type: "Error", at: [] },
    ]);
  });
});

describe("the logger", () => {
  test.each(["content", "messages", "prompt", "authorization", "apiKey", "api_key", "password", "databaseUrl"])(
    "would not write a value under %s, should anybody pass one",
    (name) => {
      const { logger, lines } = setUp();
      logger.info({ [name]: "hush", nested: { [name]: "hush", deeper: { [name]: "hush" } } }, "an object too many");
      expect(lines.join("")).toContain("[redacted]");
      expect(lines.join("")).not.toContain("hush");
    },
  );

  test("keeps to its level", () => {
    const { telemetry, lines } = setUp("error");
    telemetry.chatFinished(finished);
    expect(lines).toEqual([]);
  });
});

describe("metrics", () => {
  test("have process and build series, and none of a JavaScript engine that does not run here", async () => {
    const metrics = await setUp().text();
    expect(metrics).toContain('policy_mesh_build_info{version="1.2.3",bun="1.4.5"} 1');
    expect(metrics).toContain("process_resident_memory_bytes");
    expect(metrics).not.toContain("nodejs_");
    expect(metrics).not.toMatch(/\bNaN\b/i);
  });

  test("take every label value from a closed set, so that the number of series is bounded", async () => {
    const { metrics } = setUp();
    const ours = metrics.registry.getMetricsAsArray().filter((metric) => !metric.name.startsWith("process_"));
    const known = [...Object.keys(LABEL_VALUES), "version", "bun", "name", "hash"];
    for (const metric of ours) {
      const { labelNames } = metric as unknown as { labelNames: string[] };
      for (const label of labelNames) expect(known).toContain(label);
    }
  });
});

const FAILED = {
  requestId: "01a2",
  provider: "box",
  model: "tiny",
  category: "unreachable",
  detail: "start it",
  retryAfterMs: null,
  called: true,
  again: false,
  waitMs: 0,
} as const;

test("a target that nothing was sent to is no warning, since an open circuit would make one of every request", () => {
  const passed = { ...FAILED, category: "circuit_open", called: false } as const;
  const usual = setUp();
  usual.telemetry.attemptFailed(passed);
  expect(usual.lines).toEqual([]);
  const talkative = setUp("debug");
  talkative.telemetry.attemptFailed(passed);
  expect(talkative.parsed()).toMatchObject([
    { level: "debug", event: "passed_over", request_id: "01a2", provider: "box", failure_category: "circuit_open" },
  ]);
});

test("an attempt that failed before another one is told of, with what follows, and counted when its request ends", async () => {
  const { telemetry, parsed, text } = setUp();
  telemetry.attemptFailed({ ...FAILED, again: true, waitMs: 12.7 });
  telemetry.attemptFailed({ ...FAILED, retryAfterMs: 60_000 });
  const line = { level: "warn", event: "attempt_failed", request_id: "01a2", provider: "box", detail: "start it" };
  expect(parsed()).toMatchObject([
    { ...line, failure_category: "unreachable", retry_after_ms: null, again: true, wait_ms: 13 },
    { ...line, failure_category: "unreachable", retry_after_ms: 60_000, again: false, wait_ms: 0 },
  ]);
  const metrics = await text();
  expect(metrics).not.toContain("policy_mesh_provider_failures_total{");
  expect(metrics).toContain('policy_mesh_provider_retries_total{provider="box"} 1');
});

test("a circuit is told of by its provider and model, and counted by provider", async () => {
  const { telemetry, parsed, text } = setUp();
  const open = { provider: "box", state: "open", triesInMs: 5_000 } as const;
  const over = { provider: "box", model: "tiny", category: null, triesInMs: null } as const;
  telemetry.circuitChanged({ ...open, model: "tiny", category: "timeout" });
  telemetry.circuitChanged({ ...over, state: "half_open" });
  telemetry.circuitChanged({ ...over, state: "closed" });
  const line = { event: "circuit", provider: "box", model: "tiny" };
  expect(parsed()).toMatchObject([
    { level: "warn", ...line, state: "open", failure_category: "timeout", tries_in_ms: 5_000 },
    { level: "info", ...line, state: "half_open" },
    { level: "info", ...line, state: "closed", failure_category: null, tries_in_ms: null },
  ]);
  const metrics = await text();
  expect(metrics).toContain('policy_mesh_circuit_transitions_total{provider="box",to="open"} 1');
  expect(metrics).toContain('policy_mesh_circuit_transitions_total{provider="box",to="closed"} 1');
});

test("credentials that are refused are an error, since only a person can mend them", () => {
  const { telemetry, parsed } = setUp();
  const refused = { model: null, state: "open", category: "authentication", triesInMs: 5_000 } as const;
  telemetry.circuitChanged({ provider: "box", ...refused });
  expect(parsed()).toMatchObject([
    { level: "error", event: "circuit", provider: "box", model: null, failure_category: "authentication" },
  ]);
});

test("events that were left out of a stream are counted", async () => {
  const { telemetry, parsed, text } = setUp();
  telemetry.eventsSkipped({ requestId: "01a2", provider: "box", model: "tiny", count: 3 });
  expect(parsed()).toMatchObject([{ level: "warn", event: "events_skipped", request_id: "01a2", count: 3 }]);
  expect(await text()).toContain('policy_mesh_skipped_events_total{provider="box"} 3');
});

test("what is under way is asked for at each scrape, for the providers of the policy in force", async () => {
  const { metrics, text } = setUp();
  const idle = { inFlightCount: 0, queuedCount: 0, maxConcurrency: 8, circuits: [], pauses: [] };
  const open = { model: "tiny", state: "open", callCount: 9, failureCount: 9, opensAgainInMs: 10 } as const;
  const circuits: CircuitStatus[] = [open, { ...open, state: "closed" }];
  const pauses: Pause[] = [{ model: "big", by: "rate_limited", leftMs: 10 }];
  let providers = [{ ...idle, id: "box", inFlightCount: 2, circuits, pauses }];
  watchTraffic([metrics.registry], {
    providers: () => providers,
    admission: () => ({ inFlightCount: 5, queuedCount: 1 }),
  });
  const before = await text();
  expect(before).toContain('policy_mesh_provider_in_flight{provider="box"} 2');
  expect(before).toContain('policy_mesh_provider_queued{provider="box"} 0');
  expect(before).toContain('policy_mesh_circuits_open{provider="box"} 1');
  expect(before).toContain('policy_mesh_models_paused{provider="box"} 1');
  expect(before).toContain("policy_mesh_requests_in_flight 5");
  expect(before).toContain("policy_mesh_requests_queued 1");
  providers = [{ ...idle, id: "other", inFlightCount: 1, pauses: [], circuits: [] }];
  const after = await text();
  expect(after).toContain('policy_mesh_provider_in_flight{provider="other"} 1');
  expect(after).not.toContain('provider="box"');
});

describe("a policy", () => {
  const policy = { name: "ours", version: 3, hash: "sha256:ab" };

  test("that comes in force is a line, a count, and the only one that is shown as in force", async () => {
    const { telemetry, parsed, text } = setUp();
    telemetry.policyLoaded({ result: "activated", policy: { ...policy, version: 2 }, providers: [], reason: null });
    telemetry.policyLoaded({ result: "activated", policy, providers: [], reason: null });
    expect(parsed()).toMatchObject([
      { level: "info", event: "policy", result: "activated", version: 2 },
      { level: "info", event: "policy", result: "activated", name: "ours", version: 3, hash: "sha256:ab" },
    ]);
    const metrics = await text();
    expect(metrics).toContain('policy_mesh_policy_loads_total{result="activated"} 2');
    expect(metrics).toContain('policy_mesh_policy_info{name="ours",version="3",hash="sha256:ab"} 1');
    expect(metrics).not.toContain('version="2"');
  });

  test("has its counts from the start, so that the first one that is refused is an increase", async () => {
    const metrics = await setUp().text();
    for (const result of LABEL_VALUES.result) {
      expect(metrics).toContain(`policy_mesh_policy_loads_total{result="${result}"} 0`);
    }
  });

  test("begins the series of its providers, so that the first failure of each is an increase", async () => {
    const { telemetry, text } = setUp();
    telemetry.chatFinished({
      ...finished,
      attempts: [{ provider: "box", model: "m", result: "busy", sent: false, durationMs: 0 }],
    });
    telemetry.policyLoaded({ result: "activated", policy, providers: ["box", "openai"], reason: null });
    const metrics = await text();
    for (const line of [
      'chat_requests_total{provider="box",status="failed"} 0',
      'policy_mesh_provider_attempts_total{provider="openai",outcome="authentication"} 0',
      'policy_mesh_provider_failures_total{provider="openai",category="authentication"} 0',
      'policy_mesh_circuit_transitions_total{provider="box",to="open"} 0',
      'policy_mesh_provider_retries_total{provider="box"} 0',
      'policy_mesh_skipped_events_total{provider="box"} 0',
      // And keeps what was counted under the policy before.
      'policy_mesh_provider_attempts_total{provider="box",outcome="busy"} 1',
    ]) {
      expect(metrics).toContain(`${line}\n`);
    }
  });

  test("that is refused is an error with its reason, and the one before stays shown", async () => {
    const { telemetry, parsed, text } = setUp();
    telemetry.policyLoaded({ result: "activated", policy, providers: [], reason: null });
    telemetry.policyLoaded({
      result: "refused",
      policy: null,
      providers: [],
      reason: "policy.yaml:3:1: error: it is wrong",
    });
    expect(parsed()[1]).toMatchObject({ level: "error", result: "refused", reason: expect.stringContaining("3:1") });
    expect(await text()).toContain('policy_mesh_policy_loads_total{result="refused"} 1');
    expect(await text()).toContain('policy_mesh_policy_info{name="ours",version="3"');
  });
});

test("a listener that closes since there are too many connections is told of, and when it opens again", () => {
  const { telemetry, parsed } = setUp();
  telemetry.doorsMoved({ moved: "closed" });
  telemetry.doorsMoved({ moved: "opened" });
  expect(parsed()).toMatchObject([
    { level: "warn", event: "doors", moved: "closed" },
    { level: "info", event: "doors", moved: "opened" },
  ]);
});
