import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import fc from "fast-check";
import {
  canonicalRecord,
  intentRecord,
  interruptedRecord,
  type LogRecord,
  leafHash,
  readIntentRecord,
  settledRecord,
} from "../../../src/audit/record.ts";
import { crc32c } from "../../../src/core/crc32c.ts";
import { readFeatures } from "../../../src/core/recorded-features.ts";
import { actionRecord, requestRecord } from "../../support/arbitrary-record.ts";
import { intentAt, outcomeOf } from "../../support/audit-requests.ts";
import { CHECKS_V1, INTENT_V1, intentV1, LEAF_V1, RECORD_V1, recordV1 } from "../../support/records-v1.ts";
import { checksOf } from "../../support/request-records.ts";

const RECEIVED_AT = new Date("2026-03-01T12:00:00.123Z");
const COMPLETED_AT = new Date("2026-03-01T12:00:00.135Z");
const intent = intentAt("0192d3a4-1111-7222-8333-444455556666", RECEIVED_AT);
const outcome = outcomeOf(intent, COMPLETED_AT);
const stamp = { instance_id: "0192d3a4-aaaa-7bbb-8ccc-dddddddddddd", instance_seq: 7, salt: "5a".repeat(16) };
const settled = settledRecord(intentRecord(intent), outcome, stamp);

const record: fc.Arbitrary<LogRecord> = fc.oneof(requestRecord, actionRecord);
const namesOf = (given: object): string[] => Object.keys(given).sort();
const copyOf = (given: LogRecord): LogRecord => JSON.parse(JSON.stringify(given));

describe("canonicalRecord", () => {
  test("is the RFC 8785 form, by another implementation", () => {
    fc.assert(fc.property(record, (given) => expect(canonicalRecord(given)).toBe(canonicalize(given) ?? "")));
    expect(canonicalRecord(settled)).toBe(canonicalize(settled) ?? "");
  });

  test("does not depend on the order in which fields were set, at any depth", () => {
    const backwards = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(backwards);
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, one]) => [key, backwards(one)]),
      );
    };
    fc.assert(
      fc.property(record, (given) => {
        const turned: LogRecord = { ...given, ...(backwards(given) as object) };
        expect(JSON.stringify(backwards(given))).not.toBe(canonicalRecord(given));
        expect(canonicalRecord(turned)).toBe(canonicalRecord(given));
        expect(canonicalRecord(backwards(given) as LogRecord)).toBe(canonicalRecord(given));
      }),
    );
  });

  test("is what JSON reads back as the same record", () => {
    fc.assert(fc.property(record, (given) => expect(JSON.parse(canonicalRecord(given))).toEqual(copyOf(given))));
  });
});

describe("leafHash", () => {
  test("is SHA-256 over a zero byte and the canonical form, as text or as bytes", () => {
    const canonical = canonicalRecord(settled);
    const expected = createHash("sha256")
      .update(Buffer.concat([Uint8Array.of(0), Buffer.from(canonical)]))
      .digest();
    expect(leafHash(canonical)).toEqual(expected);
    expect(leafHash(Buffer.from(canonical))).toEqual(expected);
  });

  test("is another one when any field is another", () => {
    const leaf = leafHash(canonicalRecord(settled)).toString("hex");
    const altered = namesOf(settled).map((field) => leafHash(canonicalRecord({ ...settled, [field]: "altered" })));
    const distinct = new Set([leaf, ...altered.map((hash) => hash.toString("hex"))]);
    expect(distinct.size).toBe(namesOf(settled).length + 1);
  });
});

describe("columnChecks", () => {
  test("holds one big-endian CRC-32C for each field, in the order of their names", () => {
    fc.assert(
      fc.property(record, (given) => {
        const checks = checksOf(given);
        const expected = Object.entries(given)
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .map(([, value]) => crc32c(Buffer.from(canonicalize(value) ?? "")));
        const found = expected.map((_, index) => checks.readUInt32BE(index * 4));
        expect(checks).toHaveLength(expected.length * 4);
        expect(found).toEqual(expected);
      }),
    );
  });

  test("names the field that was altered, and no other", () => {
    const checks = checksOf(settled);
    const fields = namesOf(settled);
    for (const [at, field] of fields.entries()) {
      const altered = checksOf({ ...settled, [field]: "altered" });
      const differing = fields.filter((_, index) => altered.readUInt32BE(index * 4) !== checks.readUInt32BE(index * 4));
      expect(differing).toEqual(fields.slice(at, at + 1));
    }
  });
});

describe("a settled record", () => {
  test("has the fields that the format names, all of them always", () => {
    expect(namesOf(settled)).toEqual([
      "answered_model",
      "answered_provider",
      "answered_zone",
      "attempts",
      "completed_at",
      "completion_tokens",
      "cost_micros",
      "decision",
      "failure_category",
      "features",
      "findings",
      "instance_id",
      "instance_seq",
      "kind",
      "latency_ms",
      "message_count",
      "model",
      "policy_hash",
      "prompt_digest",
      "prompt_length",
      "prompt_tokens",
      "provider",
      "reason_codes",
      "received_at",
      "record_version",
      "request_id",
      "rule",
      "salt",
      "scan_ruleset",
      "shadow",
      "status",
      "streamed",
      "surface",
      "zone",
    ]);
  });

  test("says what intent, outcome and stamp say, with times in microseconds", () => {
    expect(settled).toMatchObject({
      ...stamp,
      kind: "request",
      record_version: 2,
      request_id: intent.requestId,
      received_at: 1_772_366_400_123_000,
      completed_at: 1_772_366_400_135_000,
      status: "succeeded",
      provider: intent.provider,
      zone: intent.zone,
      model: intent.model,
      rule: intent.rule,
      reason_codes: intent.reasonCodes,
      policy_hash: intent.policyHash,
      findings: { "pii.email": 2 },
      prompt_length: 812,
      message_count: 3,
      answered_provider: outcome.provider,
      answered_zone: outcome.zone,
      answered_model: outcome.model,
      failure_category: null,
      prompt_tokens: 190,
      completion_tokens: 64,
      cost_micros: 67,
      latency_ms: 12,
      attempts: [{ provider: intent.provider, model: intent.model, result: "answered", sent: true, duration_ms: 11 }],
    });
    expect(readFeatures(JSON.parse(JSON.stringify(settled.features)))).toEqual(intent.features);
  });

  test("keeps who answered apart from whom the decision named", () => {
    const answered = settledRecord(
      intentRecord(intent),
      { ...outcome, provider: "other", zone: "eu", model: "small" },
      stamp,
    );
    expect([answered.provider, answered.zone, answered.model]).toEqual([intent.provider, intent.zone, intent.model]);
    expect([answered.answered_provider, answered.answered_zone, answered.answered_model]).toEqual([
      "other",
      "eu",
      "small",
    ]);
  });

  test("is the same from an intent that was read back from its bytes", () => {
    const readBack = readIntentRecord(Buffer.from(JSON.stringify(intentRecord(intent))));
    expect(readBack).toEqual(intentRecord(intent));
  });

  test("is made of no intent that a later version wrote", () => {
    const later = { ...intentRecord(intent), record_version: 3 };
    expect(readIntentRecord(Buffer.from(JSON.stringify(later)))).toBeNull();
  });

  test("holds whole milliseconds, whatever clock there was", () => {
    const attempts = outcome.attempts.map((attempt) => ({ ...attempt, durationMs: 10.6 }));
    expect(settledRecord(intentRecord(intent), { ...outcome, attempts }, stamp)).toEqual(settled);
  });
});

describe("a record of version 1", () => {
  const begun = readIntentRecord(Buffer.from(INTENT_V1)) ?? expect.unreachable();

  test("is read, and ends in version 1, without attempts", () => {
    expect(begun).toEqual(intentV1());
    for (const ended of [settledRecord(begun, outcome, stamp), interruptedRecord(begun, COMPLETED_AT, stamp)]) {
      expect(namesOf(ended)).toEqual(namesOf(recordV1()));
      expect(ended.record_version).toBe(1);
    }
  });

  test("is still the leaf that the gateway of then made of it", () => {
    expect(canonicalRecord(recordV1())).toBe(RECORD_V1);
    expect(leafHash(canonicalRecord(recordV1())).toString("hex")).toBe(LEAF_V1);
    expect(checksOf(recordV1()).toString("hex")).toBe(CHECKS_V1);
  });
});

describe("an interrupted record", () => {
  const interrupted = interruptedRecord(intentRecord(intent), COMPLETED_AT, stamp);

  test("has the fields of a settled one, and says of the end only when it was found", () => {
    expect(namesOf(interrupted)).toEqual(namesOf(settled));
    const ending = namesOf(settled).filter((field) => !Object.hasOwn({ ...intentRecord(intent), ...stamp }, field));
    const said = ending.map((field) => [field, Object.entries(interrupted).find(([name]) => name === field)?.[1]]);
    expect(said.filter(([, value]) => value !== null)).toEqual([
      ["completed_at", 1_772_366_400_135_000],
      ["status", "interrupted"],
    ]);
  });
});
