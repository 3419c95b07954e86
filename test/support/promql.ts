import { parse } from "yaml";

/** What a PromQL expression names: read by its words, which is enough to hold it against the metrics that there are. */
export type NamedInQuery = {
  readonly metrics: readonly string[];
  /** A metric and what is asked of one of its labels; a pattern is given as its alternatives. */
  readonly matchers: readonly { readonly metric: string; readonly label: string; readonly values: readonly string[] }[];
  /** Of `by`, `without`, `on` and the like. */
  readonly grouped: readonly string[];
  /** Metrics over whose time a function for counters goes. */
  readonly counted: readonly string[];
};

const FUNCTIONS: ReadonlySet<string> = new Set([
  ...["sum", "max", "min", "avg", "count", "topk", "rate", "increase", "histogram_quantile", "time", "max_over_time"],
  ...["and", "or", "unless", "by", "without", "on", "ignoring"],
]);

const SELECTOR = /([a-zA-Z_:][a-zA-Z0-9_:]*)\s*\{([^}]*)\}/g;
const MATCHER = /([a-z_]+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"/g;
const GROUPING = /\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g;

const all = (text: string, pattern: RegExp, group = 1): string[] =>
  [...text.matchAll(pattern)].map((match) => match[group] ?? "");

export function namedIn(query: string): NamedInQuery {
  const matchers = [...query.matchAll(SELECTOR)].flatMap(([, metric = "", within = ""]) =>
    [...within.matchAll(MATCHER)].map(([, label = "", value = ""]) => ({ metric, label, values: value.split("|") })),
  );
  const bare = query
    .replace(/\{[^}]*\}/g, "")
    .replace(GROUPING, "")
    .replace(/\[[^\]]*\]/g, "");
  const words = all(bare, /([a-zA-Z_:][a-zA-Z0-9_:]*)/g);
  return {
    metrics: [...new Set(words.filter((word) => !FUNCTIONS.has(word)))],
    matchers,
    grouped: all(query, GROUPING).flatMap((labels) => labels.split(",").map((label) => label.trim())),
    counted: all(query, /\b(?:rate|increase)\(\s*([a-zA-Z_:][a-zA-Z0-9_:]*)/g),
  };
}

/** The PromQL of a page: its fences of that name, and the expressions of rules in its fences of YAML. */
export function queriesOf(markdown: string): readonly string[] {
  const fences = [...markdown.matchAll(/^```(promql|yaml)\n([\s\S]*?)^```/gm)];
  return fences.flatMap(([, kind, text = ""]) => (kind === "promql" ? [text.trim()] : expressionsIn(parse(text))));
}

function expressionsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(expressionsIn);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "expr" && typeof inner === "string" ? [inner] : expressionsIn(inner),
  );
}
