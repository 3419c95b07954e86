import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { ATTEMPT_RESULTS } from "../audit/event.ts";
import { CIRCUIT_STATES } from "../core/attempts.ts";
import { FAILURE_CATEGORIES } from "../core/chat.ts";
import { FINDING_GROUPS } from "../core/finding.ts";
import { ERROR_REASONS, ROUTING_REASONS } from "../core/reasons.ts";
import { auditMetrics, SPOOL_STATES } from "./audit-metrics.ts";
import { trafficMetrics } from "./traffic-metrics.ts";

/** From milliseconds of a refused request to the minutes of a local model on a CPU. */
const LATENCY_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** From a few words to the megabytes whose scan gives others their turns. */
const SCAN_BUCKETS_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 20,
];

/** Every label takes its values from a closed set, so the number of series is bounded by this file and the policies since the start. */
export const LABEL_VALUES = {
  provider: ["none"],
  status: ["succeeded", "failed", "denied", "client_aborted", "audit_unavailable"],
  category: FAILURE_CATEGORIES,
  reason: Object.keys(ROUTING_REASONS),
  code: Object.keys(ERROR_REASONS),
  step: ["intent", "outcome"],
  group: FINDING_GROUPS,
  result: ["activated", "unchanged", "refused"],
  differs: ["true", "false"],
  denied: ["true", "false"],
  state: SPOOL_STATES,
  outcome: ATTEMPT_RESULTS,
  to: CIRCUIT_STATES,
} as const;

/** Codes of refusals that are the gateway's own doing, and worth an alert. */
const OWN_FAILURES = ["gateway.overloaded", "gateway.internal", "gateway.stopping"] as const;

/** What policies add to the values of a label: their own, and each policy has few of them. */
export const POLICY_LABEL_VALUES: Readonly<Partial<Record<string, string>>> = {
  provider: "the providers of the policy",
  reason: "the reason codes of the policy",
};

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics(build: { readonly version: string; readonly bun: string }) {
  const registry = new Registry();
  collectProcessMetrics(registry);
  const registers = [registry];
  const buildInfo = new Gauge({
    name: "policy_mesh_build_info",
    help: "Always 1; its labels say what runs.",
    labelNames: ["version", "bun"],
    registers,
  });
  buildInfo.set({ version: build.version, bun: build.bun }, 1);
  const policyLoads = new Counter({
    name: "policy_mesh_policy_loads_total",
    help: "Policies that were put in force, were the same as before, or were refused while the one before stayed.",
    labelNames: ["result"],
    registers,
  });
  const refused = new Counter({
    name: "policy_mesh_refused_requests_total",
    help: "Requests refused before a decision, by error code; they leave no audit row.",
    labelNames: ["code"],
    registers,
  });
  const auditWriteFailures = new Counter({
    name: "policy_mesh_audit_write_failures_total",
    help: "Audit records that could not be put on record in time; their requests were answered 503.",
    labelNames: ["step"],
    registers,
  });
  // Prometheus sees no increase in a series that begins with 1, and an alert would miss the first of each.
  for (const result of LABEL_VALUES.result) policyLoads.inc({ result }, 0);
  for (const step of LABEL_VALUES.step) auditWriteFailures.inc({ step }, 0);
  for (const code of OWN_FAILURES) refused.inc({ code }, 0);

  return {
    registry,
    requests: new Counter({
      name: "chat_requests_total",
      help: "Chat requests that were decided, by the provider that answered, else the last one that was asked or was to be, and how they ended.",
      labelNames: ["provider", "status"],
      registers,
    }),
    latency: new Histogram({
      name: "chat_request_latency_seconds",
      help: "Seconds from a decided chat request's receipt to its end, by the same provider.",
      labelNames: ["provider"],
      buckets: LATENCY_BUCKETS_SECONDS,
      registers,
    }),
    decisions: new Counter({
      name: "policy_mesh_decisions_total",
      help: "Routing decisions by reason code.",
      labelNames: ["reason"],
      registers,
    }),
    policyLoads,
    policyInfo: new Gauge({
      name: "policy_mesh_policy_info",
      help: "Always 1; its labels say which policy is in force.",
      labelNames: ["name", "version", "hash"],
      registers,
    }),
    shadowDecisions: new Counter({
      name: "policy_mesh_shadow_decisions_total",
      help: "Decided requests that some shadow rule matched, by whether one of those would have decided otherwise.",
      labelNames: ["differs"],
      registers,
    }),
    dryRuns: new Counter({
      name: "policy_mesh_dry_runs_total",
      help: "Requests that policy was only asked about, by whether they would have been denied. No other metric counts them.",
      labelNames: ["denied"],
      registers,
    }),
    scanFindings: new Counter({
      name: "policy_mesh_scan_findings_total",
      help: "Sensitive things found in decided requests, each one counted, by the group of their code.",
      labelNames: ["group"],
      registers,
    }),
    scanDuration: new Histogram({
      name: "policy_mesh_scan_duration_seconds",
      help: "Seconds from the begin of a request's scan to its end, with the turns that other requests got meanwhile.",
      buckets: SCAN_BUCKETS_SECONDS,
      registers,
    }),
    providerFailures: new Counter({
      name: "policy_mesh_provider_failures_total",
      help: "Failed turns of a target by category, of requests that ended.",
      labelNames: ["provider", "category"],
      registers,
    }),
    refused,
    auditWriteFailures,
    traffic: trafficMetrics(registers),
    audit: auditMetrics(registers),
  };
}

/** From 0 on, so that the first failure of a provider is an increase, too. */
export function beginSeries({ requests, providerFailures, traffic }: Metrics, provider: string): void {
  for (const status of ["succeeded", "failed"]) requests.inc({ provider, status }, 0);
  for (const category of LABEL_VALUES.category) providerFailures.inc({ provider, category }, 0);
  for (const outcome of LABEL_VALUES.outcome) traffic.attempts.inc({ provider, outcome }, 0);
  for (const to of LABEL_VALUES.to) traffic.circuitTransitions.inc({ provider, to }, 0);
  traffic.retries.inc({ provider }, 0);
  traffic.skippedEvents.inc({ provider }, 0);
}

/** Of prom-client's defaults those that mean something on Bun: not the engine's, nor the data segment called heap. */
function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const metric of registry.getMetricsAsArray()) {
    const isSound = metric.name.startsWith("process_") && metric.name !== "process_heap_bytes";
    if (!isSound) registry.removeSingleMetric(metric.name);
  }
}
