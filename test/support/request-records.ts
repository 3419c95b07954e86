import {
  canonicalRecord,
  columnChecksOf,
  intentRecord,
  type LogRecord,
  leafHash,
  type RequestRecord,
  settledRecord,
} from "../../src/audit/record.ts";
import type { ShippedRecord } from "../../src/store/audit-shipping.ts";
import { featuresOf } from "./policy.ts";

export const INSTANCE = "0190c1d2-0000-7000-8000-000000000001";
const RECEIVED_AT_MS = Date.UTC(2026, 10, 22, 10);

/** A request as it usually is, that ended as record `instance_seq` of its spool. */
export function requestRecord(instanceSeq: number, overrides: Partial<RequestRecord> = {}): RequestRecord {
  const receivedAt = new Date(RECEIVED_AT_MS + instanceSeq);
  const requestId = overrides.request_id ?? Bun.randomUUIDv7();
  const intent = intentRecord({
    requestId,
    receivedAt,
    surface: "openai_chat",
    decision: "route",
    provider: "openai",
    zone: "cloud",
    model: "gpt-4o-mini",
    reasonCodes: ["default"],
    policyHash: `sha256:${"0".repeat(64)}`,
    rule: "default",
    features: featuresOf({ signals: ["personal"], offeredBy: ["openai"], labels: { team: "research" } }),
    shadow: [],
    findings: { "pii.email": 2 },
    scanRuleset: `1.0.0:${"0".repeat(64)}`,
    messageCount: 3,
    promptLength: 770,
    promptDigest: `hmac-sha256:${"a".repeat(16)}:${Bun.SHA256.hash(requestId, "hex")}`,
    streamed: false,
  });
  const outcome = {
    requestId,
    completedAt: new Date(receivedAt.getTime() + 1_500),
    status: "succeeded",
    provider: "openai",
    zone: "cloud",
    model: "gpt-4o-mini-2026",
    failureCategory: null,
    attempts: [
      { provider: "openai", model: "gpt-4o", result: "rate_limited", sent: true, durationMs: 210 },
      { provider: "openai", model: "gpt-4o-mini", result: "answered", sent: true, durationMs: 1_280 },
    ],
    usage: { promptTokens: 190, completionTokens: 240 },
    costMicros: 172,
    latencyMs: 1_500,
  } as const;
  const stamp = {
    instance_id: INSTANCE,
    instance_seq: instanceSeq,
    salt: requestId.replaceAll("-", "").slice(0, 32),
  };
  return { ...settledRecord(intent, outcome, stamp), ...overrides };
}

/** The column checks of a record. */
export const checksOf = (record: LogRecord): Buffer => columnChecksOf(Buffer.from(canonicalRecord(record)));

/** What the shipper makes of a record. */
export const shipped = (record: RequestRecord): ShippedRecord => ({
  record,
  leafHash: leafHash(canonicalRecord(record)),
  columnChecks: checksOf(record),
});

/** `count` of them, beginning with record `first` of the spool. */
export const requestRecords = (first: number, count: number): RequestRecord[] =>
  Array.from({ length: count }, (_, index) => requestRecord(first + index));
