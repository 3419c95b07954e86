import pageForBacktest from "../../db/queries/audit_events/page_for_backtest.sql" with { type: "text" };
import { ok, type Result } from "../core/result.ts";
import type { DecidedRow } from "../policy/backtest/decided-row.ts";
import type { Database, DatabaseFailure } from "./database.ts";
import { LOWEST_ID } from "./event-row.ts";

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

export const spanOf = (since: Date, until: Date): Span => ({
  after: { receivedAt: since.toISOString(), requestId: LOWEST_ID },
  until: until.toISOString(),
});

/** Rows in the order that they came in, and what is left of the span: null at its end. */
export type Page = { readonly rows: readonly DecidedRow[]; readonly rest: Span | null };

/** The table `audit_events`, as a backtest reads it. */
export function createAuditEvents(database: Database) {
  return {
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
