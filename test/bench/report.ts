import type { Measured } from "./protocol.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";

/** One scenario at one concurrency in one round; no processor time where the gateway had no part. */
export type Cell = {
  readonly scenario: Scenario;
  readonly concurrency: number;
  readonly measured: Measured;
  readonly cpuSeconds: number | null;
};

const HEAD = [
  "",
  "requests/s",
  "(min-max)",
  "of direct",
  "p50 ms",
  "p99 ms",
  "CPU us/req",
  "(min-max)",
  "requests",
  "failed",
];

/** The scenarios in lines: of each number the median of its rounds, and how far the rounds lie apart. */
export function tableOf(cells: readonly Cell[], concurrency: number): string {
  const at = cells.filter((cell) => cell.concurrency === concurrency);
  const rows = SCENARIOS.map((scenario) => {
    const rounds = at.filter((cell) => cell.scenario === scenario);
    const direct = at.filter((cell) => cell.scenario.id === scenario.baseline);
    return rowOf(scenario, rounds, direct);
  });
  return aligned([HEAD, ...rows]);
}

function rowOf(scenario: Scenario, rounds: readonly Cell[], direct: readonly Cell[]): string[] {
  const rates = rounds.map(rateOf);
  const cpus = rounds.flatMap(({ cpuSeconds, measured }) =>
    cpuSeconds === null ? [] : [(cpuSeconds * 1e6) / measured.requests],
  );
  return [
    scenario.title,
    median(rates).toFixed(0),
    rangeOf(rates),
    direct.length === 0 ? "-" : `${((100 * median(rates)) / median(direct.map(rateOf))).toFixed(0)}%`,
    median(rounds.map(({ measured }) => measured.p50Ms)).toFixed(2),
    median(rounds.map(({ measured }) => measured.p99Ms)).toFixed(2),
    cpus.length === 0 ? "-" : median(cpus).toFixed(0),
    cpus.length === 0 ? "-" : rangeOf(cpus),
    String(sum(rounds.map(({ measured }) => measured.requests))),
    String(sum(rounds.map(({ measured }) => measured.failed))),
  ];
}

const rateOf = ({ measured: { requests, failed, elapsedMs } }: Cell): number =>
  ((requests - failed) * 1_000) / elapsedMs;

const rangeOf = (values: readonly number[]): string =>
  `(${Math.min(...values).toFixed(0)}-${Math.max(...values).toFixed(0)})`;

/** The lower of the two in the middle of an even number: a value that was measured. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The first column to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)));
  return rows.map((row) => line(row).join("  ")).join("\n");
}
