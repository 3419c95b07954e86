import type { RequestRecord } from "../audit/record.ts";

/**
 * A row of `audit_events` that is a leaf of the log and not erased, as statements select it for `requestRecord`:
 *
 * - times as microseconds since 1970, which `Date` cannot hold, in text:
 *   `trunc(extract(epoch from received_at) * 1000000)::text as received_at`, and so `completed_at`. As numbers of the
 *   database they could not be read where somebody set one to infinity.
 * - `bigint`s as the driver gives them, in text: `instance_seq`, `cost_micros`
 * - `encode(salt, 'hex') as salt` and `to_jsonb(reason_codes) as reason_codes`
 * - all others as they are.
 *
 * The types are those of rows that nobody changed. A row that somebody did change never throws here, and gives a record
 * with another leaf.
 */
export type RequestRow = Omit<RequestRecord, "kind" | "attempts" | AsText> &
  Readonly<Record<Exclude<AsText, "cost_micros">, string>> & {
    readonly cost_micros: string | null;
    readonly attempts: Exclude<RequestRecord["attempts"], undefined>;
  };

type AsText = "received_at" | "completed_at" | "instance_seq" | "cost_micros";

/** What went into the log, from the columns of its row. */
export function requestRecord(row: RequestRow): RequestRecord {
  return {
    kind: "request",
    record_version: row.record_version,
    request_id: row.request_id,
    received_at: Number(row.received_at),
    surface: row.surface,
    streamed: row.streamed,
    decision: row.decision,
    provider: row.provider,
    zone: row.zone,
    model: row.model,
    reason_codes: row.reason_codes,
    policy_hash: row.policy_hash,
    rule: row.rule,
    features: row.features,
    shadow: row.shadow,
    findings: row.findings,
    scan_ruleset: row.scan_ruleset,
    message_count: row.message_count,
    prompt_length: row.prompt_length,
    prompt_digest: row.prompt_digest,
    completed_at: Number(row.completed_at),
    status: row.status,
    answered_provider: row.answered_provider,
    answered_zone: row.answered_zone,
    answered_model: row.answered_model,
    failure_category: row.failure_category,
    prompt_tokens: row.prompt_tokens,
    completion_tokens: row.completion_tokens,
    cost_micros: row.cost_micros === null ? null : Number(row.cost_micros),
    latency_ms: row.latency_ms,
    // A row of version 1 that has attempts got them from somebody else, and must not look as if it had none.
    ...(row.record_version === 1 && row.attempts === null ? {} : { attempts: row.attempts }),
    instance_id: row.instance_id,
    instance_seq: Number(row.instance_seq),
    salt: row.salt,
  };
}
