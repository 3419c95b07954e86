import type { Attempt, AuditEvent } from "./event.ts";

type Cell = string | number | boolean | null;

/** Every column of an export, in its order, under the names of the API. */
const COLUMNS: Readonly<Record<string, (event: AuditEvent) => Cell>> = {
  request_id: ({ requestId }) => requestId,
  received_at: ({ receivedAt }) => receivedAt.toISOString(),
  completed_at: ({ completedAt }) => completedAt?.toISOString() ?? null,
  status: ({ status }) => status,
  surface: ({ surface }) => surface,
  streamed: ({ streamed }) => streamed,
  decision: ({ decision }) => decision,
  provider: ({ provider }) => provider,
  zone: ({ zone }) => zone,
  model: ({ model }) => model,
  answered_provider: ({ answeredProvider }) => answeredProvider,
  answered_zone: ({ answeredZone }) => answeredZone,
  answered_model: ({ answeredModel }) => answeredModel,
  reason_codes: ({ reasonCodes }) => reasonCodes.join(" "),
  policy_hash: ({ policyHash }) => policyHash,
  rule: ({ rule }) => rule,
  team: ({ features }) => features?.labels["team"] ?? null,
  findings: ({ findings }) => pairs(findings),
  scan_ruleset: ({ scanRuleset }) => scanRuleset,
  failure_category: ({ failureCategory }) => failureCategory,
  message_count: ({ messageCount }) => messageCount,
  prompt_length: ({ promptLength }) => promptLength,
  prompt_digest: ({ promptDigest }) => promptDigest,
  prompt_tokens: ({ usage }) => usage.promptTokens,
  completion_tokens: ({ usage }) => usage.completionTokens,
  cost_micros: ({ costMicros }) => costMicros,
  latency_ms: ({ latencyMs }) => latencyMs,
  attempts: ({ attempts }) => attempts?.map(attemptText).join(" ") ?? null,
  instance_id: ({ instance }) => instance?.id ?? null,
  instance_seq: ({ instance }) => instance?.seq ?? null,
};

/** `pii.email=2 keyword=1`: no code has a space in it. */
const pairs = (counts: AuditEvent["findings"]): string =>
  Object.entries(counts)
    .map(([code, count]) => `${code}=${count}`)
    .join(" ");

/** `openai/gpt-4o=timeout:30000`, in milliseconds, and `:unsent` behind it: no id, model or result has a space in it. */
const attemptText = ({ provider, model, result, sent, durationMs }: Attempt): string =>
  `${provider}/${model}=${result}:${durationMs}${sent ? "" : ":unsent"}`;

/** RFC 4180: the names of the columns. */
export const csvHeader = (): string => lineOf(Object.keys(COLUMNS));

/** RFC 4180: one line for each event. What is not known is an empty cell. */
export const csvLines = (events: readonly AuditEvent[]): string =>
  events.map((event) => lineOf(Object.values(COLUMNS).map((column) => column(event)))).join("");

const lineOf = (cells: readonly Cell[]): string => `${cells.map(cellOf).join(",")}\r\n`;

function cellOf(value: Cell): string {
  if (typeof value !== "string") return value === null ? "" : String(value);
  const harmless = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/**
 * What a spreadsheet would compute instead of show. A model's name is the caller's own word, or a provider's, and may
 * begin like that; the apostrophe makes it text.
 */
const FORMULA = /^[=+\-@\t\r\n]/;
