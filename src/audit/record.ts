import { createHash } from "node:crypto";
import type { FailureCategory, Surface } from "../core/chat.ts";
import { crc32c } from "../core/crc32c.ts";
import type { ProviderId, ShadowResult, Zone } from "../core/decision.ts";
import { type RecordedFeatures, recordFeatures } from "../core/recorded-features.ts";
import type { Attempt, AttemptResult, EventStatus, FindingCounts, Intent, Outcome } from "./event.ts";

/** Versions of the records below: which fields there are, and how they are written. Those of before are read for good. */
export const RECORD_VERSION = 2;
export const ACTION_RECORD_VERSION = 1;
/** That of requests before there were attempts in them. */
const WITHOUT_ATTEMPTS = 1;

/** What is on the spool before a provider is called: all of a record that is known by then. Times in microseconds. */
export type IntentRecord = {
  readonly kind: "request";
  readonly record_version: typeof WITHOUT_ATTEMPTS | typeof RECORD_VERSION;
  readonly request_id: string;
  readonly received_at: number;
  readonly surface: Surface;
  readonly streamed: boolean;
  readonly decision: "route" | "deny";
  readonly provider: ProviderId | null;
  readonly zone: Zone | null;
  readonly model: string | null;
  readonly reason_codes: readonly string[];
  readonly policy_hash: string;
  readonly rule: string;
  readonly features: RecordedFeatures;
  readonly shadow: readonly ShadowResult[];
  readonly findings: FindingCounts;
  readonly scan_ruleset: string;
  readonly message_count: number;
  readonly prompt_length: number;
  readonly prompt_digest: string;
};

type Ending = {
  readonly completed_at: number;
  readonly status: Exclude<EventStatus, "pending">;
  readonly answered_provider: ProviderId | null;
  readonly answered_zone: Zone | null;
  readonly answered_model: string | null;
  readonly failure_category: FailureCategory | null;
  readonly prompt_tokens: number | null;
  readonly completion_tokens: number | null;
  readonly cost_micros: number | null;
  readonly latency_ms: number | null;
  /** Null where the request was interrupted: nobody knows. Not there at all in version 1. */
  readonly attempts?: readonly AttemptRecord[] | null;
};

export type AttemptRecord = {
  readonly provider: ProviderId;
  readonly model: string;
  readonly result: AttemptResult;
  readonly sent: boolean;
  readonly duration_ms: number;
};

/** Which spool a record came by, and as which: an instance numbers its records from 1, without gaps. */
export type Stamp = {
  readonly instance_id: string;
  readonly instance_seq: number;
  /** 32 hex digits, random: sibling hashes become public in receipts, and records alone could be guessed. */
  readonly salt: string;
};

/** A request that has ended: one row of `audit_events`, one leaf of the log. */
export type RequestRecord = IntentRecord & Ending & Stamp;

/** What was done to the log itself. Done in the database: no instance. */
export type ActionRecord = {
  readonly kind: "erasure" | "retention" | "quarantine";
  readonly record_version: typeof ACTION_RECORD_VERSION;
  readonly action_id: string;
  readonly performed_at: number;
  readonly instance_id: string | null;
  readonly instance_seq: number | null;
  /** Strings, safe integers, booleans, null and lists of them. */
  readonly details: ActionDetails;
  readonly salt: string;
};

/** `leaf_index` is null where the row was older than the log. */
export type ErasureDetails = { readonly request_id: string; readonly leaf_index: number | null };
/** Rows of `audit_events` that were dropped, all of them received before `before` (microseconds). */
export type RetentionDetails = {
  readonly partition: string;
  readonly before: number;
  /** Rows that were leaves of the log, and the least and the greatest index of them; null where there was none. */
  readonly leaf_count: number;
  readonly first_leaf_index: number | null;
  readonly last_leaf_index: number | null;
  /** Rows older than the log. */
  readonly unlogged_count: number;
};
/** Records that cannot be read any more, or that the database refuses: kept in a file beside the spool. */
export type QuarantineDetails = {
  readonly reason: "unreadable" | "refused";
  readonly byte_count: number;
  /** `instance_seq` of the records that will therefore never be rows, ascending; those of unreadable ones as far as they are known. */
  readonly missing_seqs: readonly number[];
};
export type ActionDetails = ErasureDetails | RetentionDetails | QuarantineDetails;

export type LogRecord = RequestRecord | ActionRecord;

export function intentRecord(intent: Intent): IntentRecord {
  return {
    kind: "request",
    record_version: RECORD_VERSION,
    request_id: intent.requestId,
    received_at: microsOf(intent.receivedAt),
    surface: intent.surface,
    streamed: intent.streamed,
    decision: intent.decision,
    provider: intent.provider,
    zone: intent.zone,
    model: intent.model,
    reason_codes: intent.reasonCodes,
    policy_hash: intent.policyHash,
    rule: intent.rule,
    features: recordFeatures(intent.features),
    shadow: intent.shadow,
    findings: intent.findings,
    scan_ruleset: intent.scanRuleset,
    message_count: intent.messageCount,
    prompt_length: intent.promptLength,
    prompt_digest: intent.promptDigest,
  };
}

/** Of bytes that `intentRecord` made and a checksum vouched for; null where that was a later version's. */
export function readIntentRecord(payload: Uint8Array): IntentRecord | null {
  const record: IntentRecord = JSON.parse(Buffer.from(payload).toString());
  return record.kind === "request" && isKnownVersion(record) ? record : null;
}

/** Whether this program knows the fields of a record; a later one may have written it. */
export const isKnownVersion = ({
  kind,
  record_version: version,
}: Pick<LogRecord, "kind" | "record_version">): boolean =>
  kind === "request" ? version === RECORD_VERSION || version === WITHOUT_ATTEMPTS : version === ACTION_RECORD_VERSION;

export function settledRecord(intent: IntentRecord, outcome: Outcome, stamp: Stamp): RequestRecord {
  return {
    ...intent,
    ...stamp,
    completed_at: microsOf(outcome.completedAt),
    status: outcome.status,
    answered_provider: outcome.provider,
    answered_zone: outcome.zone,
    answered_model: outcome.model,
    failure_category: outcome.failureCategory,
    prompt_tokens: outcome.usage.promptTokens,
    completion_tokens: outcome.usage.completionTokens,
    cost_micros: outcome.costMicros,
    latency_ms: outcome.latencyMs,
    ...attemptsField(intent, outcome.attempts.map(attemptRecord)),
  };
}

/** Of a request whose process died before it had an outcome on record. */
export function interruptedRecord(intent: IntentRecord, at: Date, stamp: Stamp): RequestRecord {
  return {
    ...intent,
    ...stamp,
    completed_at: microsOf(at),
    status: "interrupted",
    answered_provider: null,
    answered_zone: null,
    answered_model: null,
    failure_category: null,
    prompt_tokens: null,
    completion_tokens: null,
    cost_micros: null,
    latency_ms: null,
    ...attemptsField(intent, null),
  };
}

/** A record ends in the version that it began in. */
const attemptsField = (
  { record_version: version }: Pick<IntentRecord, "record_version">,
  attempts: readonly AttemptRecord[] | null,
): Pick<RequestRecord, "attempts"> => (version === WITHOUT_ATTEMPTS ? {} : { attempts });

/** Records hold whole numbers. */
const attemptRecord = ({ provider, model, result, sent, durationMs }: Attempt): AttemptRecord => ({
  provider,
  model,
  result,
  sent,
  duration_ms: Math.round(durationMs),
});

/**
 * The RFC 8785 form. Records hold only strings, booleans, null, lists, objects and safe integers, and for those
 * JSON.stringify writes what RFC 8785 asks for once the keys are in order.
 */
export const canonicalRecord = (record: LogRecord): string => JSON.stringify(inOrder(record));

/** The same with the names of every object in the order of their UTF-16 code units. A copy costs less than a replacer. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (!isFields(value)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, inOrder(value[name])]));
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** SHA-256(0x00 || record), RFC 6962 section 2.1, of a record in its canonical form. */
export const leafHash = (canonical: string | Uint8Array): Buffer =>
  createHash("sha256").update(LEAF_PREFIX).update(canonical).digest();

const LEAF_PREFIX = Uint8Array.of(0x00);

/**
 * CRC-32C of the canonical form of each field, big-endian, in the order of the fields' names. It stands beside a row and
 * is no part of its leaf: a row that does not match its leaf says by it which column was changed. `canonical` is the
 * record in its canonical form.
 */
export function columnChecksOf(canonical: Uint8Array): Buffer {
  const checks: number[] = [];
  for (let at = 1; at < canonical.length; ) {
    const begin = endOfValue(canonical, at) + 1;
    const end = endOfValue(canonical, begin);
    checks.push(crc32c(canonical, 0, begin, end));
    at = end + 1;
  }
  const written = Buffer.alloc(checks.length * 4);
  for (const [index, check] of checks.entries()) written.writeUInt32BE(check, index * 4);
  return written;
}

/** Of JSON without white space: where what stands after a value, or after a name, begins. */
function endOfValue(json: Uint8Array, begin: number): number {
  let depth = 0;
  let at = begin;
  for (; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) at = endOfString(json, at);
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (depth === 0 && (byte === COMMA || byte === COLON || byte === CLOSE_BRACE)) break;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
  }
  return at;
}

/** Of the quote that ends it. A quote after an odd number of backslashes is part of the string. */
function endOfString(json: Uint8Array, begin: number): number {
  let at = begin + 1;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const MICROS_PER_MS = 1_000;
export const microsOf = (time: Date): number => time.getTime() * MICROS_PER_MS;
