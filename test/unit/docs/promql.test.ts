import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { LABEL_VALUES, POLICY_LABEL_VALUES } from "../../../src/telemetry/metrics.ts";
import { namedIn, queriesOf } from "../../support/promql.ts";
import { metricsRegistry } from "../../support/reference-docs.ts";

const ROOT = join(import.meta.dir, "../../..");
const pages = ["README.md", ...new Glob("docs/**/*.md").scanSync({ cwd: ROOT })].toSorted();
const read = (page: string) => readFileSync(join(ROOT, page), "utf8");

/** Of Prometheus itself, and of the process: those depend on the system. */
const NOT_OURS = ["up", "process_start_time_seconds"];
/** Names of the same look: roles of the database. */
const NO_METRICS = ["policy_mesh_app", "policy_mesh_retention"];
/** What Prometheus adds to every series. */
const TARGET_LABELS = ["job", "instance"];

type Known = { readonly type: string; readonly labels: readonly string[] };
const known = new Map<string, Known>(NOT_OURS.map((name) => [name, { type: "gauge", labels: [] }]));
for (const metric of metricsRegistry().getMetricsAsArray()) {
  const { name, type, labelNames = [] } = metric as unknown as { name: string; type: unknown; labelNames?: string[] };
  if (type !== "histogram") known.set(name, { type: String(type), labels: labelNames });
  else {
    for (const part of ["_sum", "_count"]) known.set(name + part, { type: "counter", labels: labelNames });
    known.set(`${name}_bucket`, { type: "counter", labels: [...labelNames, "le"] });
  }
}

const labelsOf = (metric: string): readonly string[] => [...(known.get(metric)?.labels ?? []), ...TARGET_LABELS];
const valuesOf = (label: string): readonly string[] | null =>
  TARGET_LABELS.includes(label) || Object.hasOwn(POLICY_LABEL_VALUES, label)
    ? null
    : ((LABEL_VALUES as Readonly<Record<string, readonly string[]>>)[label] ?? []);

/** What is wrong with a query, in words. */
function faultsOf(query: string): string[] {
  const { metrics, matchers, grouped, counted } = namedIn(query);
  return [
    ...metrics.filter((metric) => !known.has(metric)).map((metric) => `there is no metric ${metric}`),
    ...matchers
      .filter(({ metric, label }) => !labelsOf(metric).includes(label))
      .map(({ metric, label }) => `${metric} has no label ${label}`),
    ...matchers.flatMap(({ label, values }) =>
      values.filter((value) => valuesOf(label)?.includes(value) === false).map((value) => `${label} is never ${value}`),
    ),
    ...grouped
      .filter((label) => !metrics.some((metric) => labelsOf(metric).includes(label)))
      .map((label) => `no metric of it has the label ${label}`),
    ...counted.filter((metric) => known.get(metric)?.type !== "counter").map((metric) => `${metric} is no counter`),
  ];
}

const queries = pages.flatMap((page) => queriesOf(read(page)).map((query): [string, string] => [page, query]));

describe("PromQL in the docs", () => {
  test.each(queries)("of %s asks for metrics, labels and values that there are: %s", (_, query) => {
    expect(faultsOf(query)).toEqual([]);
  });

  test("is found where it stands", () => {
    const found = queries.filter(([page]) => page === "docs/how-to/act-when-a-provider-fails.md");
    expect(found.map(([, query]) => query)).toContain("policy_mesh_circuits_open > 0");
    expect(found.some(([, query]) => query.startsWith("histogram_quantile("))).toBe(true);
  });

  test.each([
    ["policy_mesh_circuit_open > 0", ["there is no metric policy_mesh_circuit_open"]],
    ['policy_mesh_circuits_open{model="m"} > 0', ["policy_mesh_circuits_open has no label model"]],
    ['rate(policy_mesh_provider_attempts_total{outcome=~"busy|bussy"}[5m])', ["outcome is never bussy"]],
    ["sum by (zone) (policy_mesh_circuits_open)", ["no metric of it has the label zone"]],
    ["increase(policy_mesh_circuits_open[5m]) > 0", ["policy_mesh_circuits_open is no counter"]],
    ["rate(chat_request_latency_seconds[5m])", ["there is no metric chat_request_latency_seconds"]],
  ])("%s would be found wrong", (query, faults) => {
    expect(faultsOf(query)).toEqual(expect.arrayContaining(faults));
  });
});

test.each(pages)("%s names no metric that there is not", (page) => {
  const named = new Set([...read(page).matchAll(/\b(policy_mesh_[a-z_]+[a-z])\b/g)].map(([name]) => name));
  const families = metricsRegistry().getMetricsAsArray();
  const names = new Set([...known.keys(), ...NO_METRICS, ...families.map(({ name }) => name)]);
  expect([...named].filter((name) => !names.has(name))).toEqual([]);
});
