import type { Attempt, AuditEvent, EventStatus, FindingCounts } from "../audit/event.ts";
import type { AttemptRecord } from "../audit/record.ts";
import type { AuditCursor, FoundEvent } from "../audit/search.ts";
import type { Surface } from "../core/chat.ts";
import type { ShadowResult } from "../core/decision.ts";
import type { JsonObject } from "../core/json.ts";
import { readFeatures } from "../core/recorded-features.ts";

/** Which row it is: times in microseconds since 1970, as text, since `Date` cannot hold them. */
export type RowKey = { readonly request_id: string; readonly received_at: string };

/** Before every id there is. */
export const LOWEST_ID = "00000000-0000-0000-0000-000000000000";

/** A row of `audit_events` as `get_event.sql` selects it. */
export type EventRow = RowKey & (WholeRow | ErasedRow);

type ErasedRow = { readonly erased_at: string };

type WholeRow = {
  readonly erased_at: null;
  readonly completed_at: string;
  readonly instance_id: string | null;
  readonly instance_seq: string | null;
  readonly status: Exclude<EventStatus, "pending">;
  readonly surface: Surface;
  readonly streamed: boolean;
  readonly decision: "route" | "deny";
  readonly provider: string | null;
  readonly zone: string | null;
  readonly model: string | null;
  readonly answered_provider: string | null;
  readonly answered_zone: string | null;
  readonly answered_model: string | null;
  readonly reason_codes: readonly string[];
  readonly policy_hash: string | null;
  readonly rule: string | null;
  readonly features: JsonObject | null;
  readonly shadow: readonly ShadowResult[] | null;
  readonly findings: FindingCounts;
  readonly scan_ruleset: string | null;
  readonly failure_category: string | null;
  readonly message_count: number;
  readonly prompt_length: number;
  readonly prompt_digest: string;
  readonly prompt_tokens: number | null;
  readonly completion_tokens: number | null;
  readonly cost_micros: string | null;
  readonly latency_ms: number | null;
  readonly attempts: readonly AttemptRecord[] | null;
};

/** Rows of versions before the log, too, which lack what a record has. */
export function readEvent(row: EventRow): FoundEvent {
  const receivedAt = timeOf(row.received_at);
  if (row.erased_at !== null) {
    return { kind: "erased", requestId: row.request_id, receivedAt, erasedAt: timeOf(row.erased_at) };
  }
  return { kind: "event", event: wholeEvent(row, receivedAt) };
}

export const readEvents = (rows: readonly EventRow[]): readonly AuditEvent[] =>
  rows.map(readEvent).flatMap((found) => (found.kind === "event" ? [found.event] : []));

export const cursorOf = ({ request_id, received_at }: RowKey): AuditCursor => ({
  receivedAtMicros: Number(received_at),
  requestId: request_id,
});

function wholeEvent(row: RowKey & WholeRow, receivedAt: Date): AuditEvent {
  return {
    requestId: row.request_id,
    receivedAt,
    completedAt: timeOf(row.completed_at),
    status: row.status,
    surface: row.surface,
    decision: row.decision,
    provider: row.provider,
    zone: row.zone,
    model: row.model,
    answeredProvider: row.answered_provider,
    answeredZone: row.answered_zone,
    answeredModel: row.answered_model,
    reasonCodes: row.reason_codes,
    policyHash: row.policy_hash,
    rule: row.rule,
    features: row.features === null ? null : readFeatures(row.features),
    shadow: row.shadow,
    findings: row.findings,
    scanRuleset: row.scan_ruleset,
    failureCategory: row.failure_category,
    messageCount: row.message_count,
    promptLength: row.prompt_length,
    promptDigest: row.prompt_digest,
    usage: { promptTokens: row.prompt_tokens, completionTokens: row.completion_tokens },
    costMicros: row.cost_micros === null ? null : Number(row.cost_micros),
    latencyMs: row.latency_ms,
    attempts: row.attempts === null ? null : row.attempts.map(readAttempt),
    streamed: row.streamed,
    instance: row.instance_id === null ? null : { id: row.instance_id, seq: Number(row.instance_seq) },
  };
}

const readAttempt = ({ provider, model, result, sent, duration_ms }: AttemptRecord): Attempt => ({
  provider,
  model,
  result,
  sent,
  durationMs: duration_ms,
});

const timeOf = (micros: string): Date => new Date(Math.floor(Number(micros) / 1_000));
