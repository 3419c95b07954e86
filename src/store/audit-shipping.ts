import insertBatch from "../../db/queries/audit_events/insert_batch.sql" with { type: "text" };
import type { RequestRecord } from "../audit/record.ts";
import { ok, type Result } from "../core/result.ts";
import { arrayLiteral, type Element } from "./array-literal.ts";
import type { Database, DatabaseFailure } from "./database.ts";

export type ShippedRecord = {
  readonly record: RequestRecord;
  /** 32 bytes. */
  readonly leafHash: Uint8Array;
  readonly columnChecks: Uint8Array;
};

/** Rows of `audit_events` with the leaves of the log that they are. */
export function createAuditShipping(database: Database) {
  return {
    /**
     * Commits records of one spool, in its order, all or none of them; `inserted` are those that were not there yet.
     * Whoever fails, or hears nothing, sends the same ones again, for nothing is written twice.
     */
    async ship(records: readonly ShippedRecord[]): Promise<Result<{ readonly inserted: number }, DatabaseFailure>> {
      const parameters = [
        ...COLUMNS.map((column) => arrayLiteral(records.map(column))),
        ...JSON_COLUMNS.map((column) => JSON.stringify(records.map(column))),
      ];
      const written = await database.query<{ readonly inserted_count: number }>(insertBatch, parameters);
      return written.ok ? ok({ inserted: written.value[0]?.inserted_count ?? 0 }) : written;
    },
  };
}

/** In the order of the statement's parameters. */
const COLUMNS: readonly ((shipped: ShippedRecord) => Element)[] = [
  ({ record }) => record.request_id,
  ({ record }) => record.received_at,
  ({ record }) => record.record_version,
  ({ record }) => record.instance_id,
  ({ record }) => record.instance_seq,
  ({ record }) => record.completed_at,
  ({ record }) => record.status,
  ({ record }) => record.surface,
  ({ record }) => record.streamed,
  ({ record }) => record.decision,
  ({ record }) => record.provider,
  ({ record }) => record.zone,
  ({ record }) => record.model,
  ({ record }) => record.answered_provider,
  ({ record }) => record.answered_zone,
  ({ record }) => record.answered_model,
  ({ record }) => arrayLiteral(record.reason_codes),
  ({ record }) => record.policy_hash,
  ({ record }) => record.rule,
  ({ record }) => record.scan_ruleset,
  ({ record }) => record.failure_category,
  ({ record }) => record.message_count,
  ({ record }) => record.prompt_length,
  ({ record }) => record.prompt_digest,
  ({ record }) => record.prompt_tokens,
  ({ record }) => record.completion_tokens,
  ({ record }) => record.cost_micros,
  ({ record }) => record.latency_ms,
  ({ record }) => record.salt,
  ({ columnChecks }) => columnChecks.toHex(),
  ({ leafHash }) => leafHash.toHex(),
];

/** After those. What is JSON by itself need not be written as text of a text. */
const JSON_COLUMNS: readonly ((shipped: ShippedRecord) => object | null)[] = [
  ({ record }) => record.features,
  ({ record }) => record.shadow,
  ({ record }) => record.findings,
  ({ record }) => record.attempts ?? null,
];
