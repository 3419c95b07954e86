import getEvent from "../../db/queries/audit_events/get_event.sql" with { type: "text" };
import insertIntent from "../../db/queries/audit_events/insert_intent.sql" with { type: "text" };
import pageForBacktest from "../../db/queries/audit_events/page_for_backtest.sql" with { type: "text" };
import settleInterrupted from "../../db/queries/audit_events/settle_interrupted.sql" with { type: "text" };
import settleOutcome from "../../db/queries/audit_events/settle_outcome.sql" with { type: "text" };
import ping from "../../db/queries/database/ping.sql" with { type: "text" };
import type { AuditEvent, EventStatus, FindingCounts, Intent, Outcome } from "../audit/event.ts";
import type { Surface } from "../core/chat.ts";
import type { ShadowResult } from "../core/decision.ts";
import type { JsonObject } from "../core/json.ts";
import { readFeatures, recordFeatures } from "../core/recorded-features.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { DecidedRow } from "../policy/backtest/decided-row.ts";
import type { Database, DatabaseFailure, Parameter } from "./database.ts";

type EventRow = {
  readonly request_id: string;
  readonly received_at: Date;
  readonly completed_at: Date | null;
  readonly status: EventStatus;
  readonly surface: Surface;
  readonly decision: "route" | "deny";
  readonly provider: string | null;
  readonly zone: string | null;
  readonly model: string | null;
  readonly answered_provider: string | null;
  readonly answered_zone: string | null;
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
  readonly latency_ms: number | null;
  readonly streamed: boolean;
};

type PageRow = {
  readonly request_id: string;
  readonly received_at_text: string;
  readonly provider: string | null;
  readonly zone: string | null;
  readonly reason_codes: readonly string[];
  readonly findings: string;
  readonly scan_ruleset: string | null;
  readonly policy_hash: string | null;
  readonly features: string | null;
  readonly prompt_tokens: number | null;
  readonly completion_tokens: number | null;
};

/** A span of time, of which rows were read up to the one that `after` names. */
export type Span = {
  /** Times as text: PostgreSQL counts in microseconds, which `Date` cannot hold. */
  readonly after: { readonly receivedAt: string; readonly requestId: string };
  readonly until: string;
};

/** Before every id there is. */
const LOWEST_ID = "00000000-0000-0000-0000-000000000000";

export const spanOf = (since: Date, until: Date): Span => ({
  after: { receivedAt: since.toISOString(), requestId: LOWEST_ID },
  until: until.toISOString(),
});

/** Rows in the order that they came in, and what is left of the span: null at its end. */
export type Page = { readonly rows: readonly DecidedRow[]; readonly rest: Span | null };

/** A database that reads and cannot write, as on a full disk, is not ready; after this long it gets another chance. */
const WRITE_FAILURE_REMEMBERED_MS = 10_000;

/** The table `audit_events`. Every method is one statement, committed when it answers ok. */
export function createAuditEvents(database: Database) {
  let failedWrite: { readonly failure: DatabaseFailure; readonly atMs: number } | null = null;

  async function write(text: string, parameters: readonly Parameter[]) {
    const written = await database.query(text, parameters);
    failedWrite = written.ok ? null : { failure: written.error, atMs: performance.now() };
    return written;
  }

  return {
    async recordIntent(intent: Intent): Promise<Result<void, DatabaseFailure>> {
      const inserted = await write(insertIntent, [
        intent.requestId,
        intent.receivedAt,
        intent.settleBy,
        intent.surface,
        intent.decision,
        intent.provider,
        intent.zone,
        intent.model,
        JSON.stringify(intent.reasonCodes),
        intent.messageCount,
        intent.promptLength,
        intent.promptDigest,
        intent.streamed,
        JSON.stringify(intent.findings),
        intent.scanRuleset,
        intent.policyHash,
        intent.rule,
        JSON.stringify(recordFeatures(intent.features)),
        JSON.stringify(intent.shadow),
      ]);
      return inserted.ok ? ok(undefined) : inserted;
    },

    async recordOutcome(outcome: Outcome): Promise<Result<void, DatabaseFailure>> {
      const settled = await write(settleOutcome, [
        outcome.requestId,
        outcome.completedAt,
        outcome.status,
        outcome.model,
        outcome.failureCategory,
        outcome.usage.promptTokens,
        outcome.usage.completionTokens,
        outcome.latencyMs,
        outcome.provider,
        outcome.zone,
      ]);
      if (!settled.ok) return settled;
      return settled.value.length === 1 ? ok(undefined) : err({ message: "the row was not pending any more" });
    },

    async find(requestId: string): Promise<Result<AuditEvent | null, DatabaseFailure>> {
      const found = await database.query<EventRow>(getEvent, [requestId]);
      if (!found.ok) return found;
      const [row] = found.value;
      return ok(row === undefined ? null : toEvent(row));
    },

    /** For those who read a long span of time, at most `limit` rows in one go. */
    async page(span: Span, limit: number): Promise<Result<Page, DatabaseFailure>> {
      const { after, until } = span;
      const read = await database.query<PageRow>(pageForBacktest, [after.receivedAt, after.requestId, until, limit]);
      if (!read.ok) return read;
      const last = read.value.at(-1);
      const rest =
        last === undefined || read.value.length < limit
          ? null
          : { after: { receivedAt: last.received_at_text, requestId: last.request_id }, until };
      return ok({ rows: read.value.map(toDecidedRow), rest });
    },

    async check(): Promise<Result<void, DatabaseFailure>> {
      if (failedWrite !== null && performance.now() - failedWrite.atMs < WRITE_FAILURE_REMEMBERED_MS) {
        return err(failedWrite.failure);
      }
      const answered = await database.query(ping, []);
      return answered.ok ? ok(undefined) : answered;
    },

    /** Ends rows whose process died. `everyPending` is for whoever has the database alone and has just started. */
    async settleInterrupted(which: "overdue" | "everyPending", now: Date): Promise<Result<number, DatabaseFailure>> {
      const before = which === "overdue" ? now.toISOString() : "infinity";
      let settledCount = 0;
      for (;;) {
        const settled = await database.query(settleInterrupted, [before]);
        if (!settled.ok) return settled;
        settledCount += settled.value.length;
        if (settled.value.length === 0) return ok(settledCount);
      }
    },
  };
}

export type AuditEvents = ReturnType<typeof createAuditEvents>;

function toEvent(row: EventRow): AuditEvent {
  return {
    requestId: row.request_id,
    receivedAt: row.received_at,
    completedAt: row.completed_at,
    status: row.status,
    surface: row.surface,
    decision: row.decision,
    provider: row.provider,
    zone: row.zone,
    model: row.model,
    answeredProvider: row.answered_provider,
    answeredZone: row.answered_zone,
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
    latencyMs: row.latency_ms,
    streamed: row.streamed,
  };
}

function toDecidedRow(row: PageRow): DecidedRow {
  return {
    requestId: row.request_id,
    provider: row.provider,
    zone: row.zone,
    reasonCodes: row.reason_codes,
    findings: row.findings,
    scanRuleset: row.scan_ruleset,
    policyHash: row.policy_hash,
    features: row.features,
    usage: { promptTokens: row.prompt_tokens, completionTokens: row.completion_tokens },
  };
}
