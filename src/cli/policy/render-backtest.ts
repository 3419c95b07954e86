import type { BacktestReport, Listed, Outcome } from "../../policy/backtest/report.ts";
import type { CompiledPolicy } from "../../policy/compiled.ts";
import { counted, rows } from "../command/text.ts";

export type Backtested = {
  readonly file: string;
  readonly policy: Pick<CompiledPolicy, "name" | "version" | "hash">;
  readonly since: Date;
  readonly until: Date;
  readonly report: BacktestReport;
};

/** For a terminal. */
export function renderBacktest({ file, policy, since, until, report }: Backtested): string {
  return [
    `${file}: ${policy.name}, version ${policy.version}`,
    `${counted(report.rows, "request")} from ${since.toISOString()} to ${until.toISOString()}`,
    "",
    ...table(
      [
        ["unchanged", String(report.unchanged)],
        ["changed", String(report.changed)],
        ["unknown", String(report.unknown)],
      ],
      1,
    ),
    ...renderMatrix(report),
    ...renderUnknown(report),
    ...renderCost(report),
    ...renderListed("newly sent outside of the local zone", report.newlyOutsideLocal),
    ...renderListed("newly denied", report.newlyDenied),
    "",
  ].join("\n");
}

function renderMatrix({ matrix }: BacktestReport): readonly string[] {
  if (matrix.length === 0) return [];
  const cells = matrix.map(({ from, to, rows: count }) => [wordsOf(from), to === null ? "?" : wordsOf(to), `${count}`]);
  return ["", "Who is asked first", ...table([["then", "now", "requests"], ...cells], 2)];
}

const wordsOf = (outcome: Outcome): string =>
  outcome.kind === "deny" ? outcome.code : `${outcome.provider} (${outcome.zone})`;

function renderUnknown({ unknownBy }: BacktestReport): readonly string[] {
  if (unknownBy.length === 0) return [];
  const lines = unknownBy.map(({ missing, rows: count }) => [missingWords(missing), `${count}`]);
  return ["", "Why unknown; a request may lack several", ...table(lines, 1)];
}

/** Keys that name something are `<kind>:<name>`. */
function missingWords(key: string): string {
  const [kind = "", name = ""] = key.split(":", 2);
  const words: Readonly<Record<string, string>> = {
    features: "the row does not say what the decision depended on",
    policy: "the policy that decided is not in the store",
    cloud_model: "the gateway refused a hosted model",
    signal: `nobody looked for signal "${name}"`,
    prompt_tokens: "tokens were not counted",
    model: "which model was wished for",
    offered_by: `whether "${name}" has the model`,
    requested_provider: "which provider was wished for",
    label: `values of label "${name}" that were not declared`,
    wish_price: "what the model costs",
  };
  return words[kind] ?? key;
}

function renderCost({ cost }: BacktestReport): readonly string[] {
  const { beforeMicros, afterMicros, reportedRows, estimatedRows, unpricedRows } = cost;
  const difference = afterMicros - beforeMicros;
  return [
    "",
    "Cost in USD",
    ...table(
      [
        ["then", usd(beforeMicros)],
        ["now", usd(afterMicros)],
        ["difference", `${difference > 0 ? "+" : ""}${usd(difference)}`],
      ],
      1,
    ),
    ...rows([
      ["by", `tokens that providers reported: ${reportedRows}; estimated tokens: ${estimatedRows}`],
      ["without", `a price or a number of tokens: ${unpricedRows}`],
    ]),
  ];
}

/** All six decimals: a micro-USD is the least that there is. */
const usd = (micros: number): string => (micros / 1_000_000).toFixed(6);

function renderListed(title: string, { rows: count, requestIds }: Listed): readonly string[] {
  const rest = count - requestIds.length;
  return [
    "",
    `${counted(count, "request")} ${title}`,
    ...requestIds.map((id) => `  ${id}`),
    ...(rest > 0 && requestIds.length > 0 ? [`  and ${rest} more`] : []),
  ];
}

/** The first `leftColumns` columns are words, and what follows are numbers. */
function table(lines: readonly (readonly string[])[], leftColumns: number): readonly string[] {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const padded = (cell: string, column: number) =>
    column < leftColumns ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return lines.map((line) => `  ${line.map(padded).join("  ")}`.trimEnd());
}

export function backtestJson({ file, policy, since, until, report }: Backtested) {
  const { cost } = report;
  return {
    file,
    ok: true,
    name: policy.name,
    version: policy.version,
    hash: policy.hash,
    since: since.toISOString(),
    until: until.toISOString(),
    rows: report.rows,
    unchanged: report.unchanged,
    changed: report.changed,
    unknown: report.unknown,
    matrix: report.matrix.map(({ from, to, rows: count }) => ({
      from: outcomeJson(from),
      to: to === null ? null : outcomeJson(to),
      rows: count,
    })),
    unknown_by: report.unknownBy,
    cost: {
      before_micros: cost.beforeMicros,
      after_micros: cost.afterMicros,
      difference_micros: cost.afterMicros - cost.beforeMicros,
      reported_rows: cost.reportedRows,
      estimated_rows: cost.estimatedRows,
      unpriced_rows: cost.unpricedRows,
    },
    newly_outside_local: listedJson(report.newlyOutsideLocal),
    newly_denied: listedJson(report.newlyDenied),
  };
}

function outcomeJson(outcome: Outcome) {
  return outcome.kind === "deny"
    ? { decision: "deny", code: outcome.code }
    : { decision: "route", provider: outcome.provider, zone: outcome.zone };
}

const listedJson = ({ rows: count, requestIds }: Listed) => ({ rows: count, request_ids: requestIds });
