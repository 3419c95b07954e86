import fc from "fast-check";
import { ATTEMPT_RESULTS } from "../../src/audit/event.ts";
import type { ActionRecord, RequestRecord } from "../../src/audit/record.ts";
import { SURFACES, TASKS } from "../../src/core/chat.ts";

/** Records of every shape that the types allow, with texts that are awkward to write as JSON. */

const name = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,12}$/);
const text = fc.oneof(
  name,
  fc.string({ unit: "binary", maxLength: 8 }).filter((value) => value.isWellFormed()),
  fc.constantFrom("", "\u2028", "\u0000\u001f\u007f", '"\\/', "é", "e\u0301", "💡", "constructor", "__proto__"),
);
const count = fc.oneof(fc.nat(50), fc.maxSafeNat());
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const names = fc.array(text, { maxLength: 3 });

const features: fc.Arbitrary<RequestRecord["features"]> = fc.record({
  surface: fc.constantFrom(...SURFACES),
  task: fc.constantFrom(...TASKS),
  stream: fc.boolean(),
  message_count: count,
  prompt_chars: count,
  prompt_tokens: orNull(count),
  max_output_tokens: orNull(count),
  choices: count,
  has_tools: fc.boolean(),
  has_images: fc.boolean(),
  opaque_content: fc.boolean(),
  scan_incomplete: fc.boolean(),
  signals: names,
  wish: fc.constantFrom("auto", "known", "other"),
  model: orNull(text),
  wish_price: orNull(fc.record({ input: count, output: count })),
  requested_provider: orNull(text),
  offered_by: names,
  labels: fc.dictionary(name, text, { maxKeys: 4 }),
});

const fields = {
  kind: fc.constant("request" as const),
  request_id: fc.uuid(),
  received_at: count,
  surface: fc.constantFrom(...SURFACES),
  streamed: fc.boolean(),
  decision: fc.constantFrom("route", "deny"),
  provider: orNull(text),
  zone: orNull(text),
  model: orNull(text),
  reason_codes: names,
  policy_hash: text,
  rule: text,
  features,
  shadow: fc.array(
    fc.record({
      rule: text,
      outcome: fc.constantFrom("route", "deny"),
      provider: orNull(text),
      differs: fc.boolean(),
    }),
    { maxLength: 2 },
  ),
  findings: fc.dictionary(name, count, { maxKeys: 5 }),
  scan_ruleset: text,
  message_count: count,
  prompt_length: count,
  prompt_digest: text,
  completed_at: count,
  status: fc.constantFrom("succeeded", "failed", "denied", "client_aborted", "interrupted"),
  answered_provider: orNull(text),
  answered_zone: orNull(text),
  answered_model: orNull(text),
  failure_category: fc.constantFrom(null, "timeout"),
  prompt_tokens: orNull(count),
  completion_tokens: orNull(count),
  cost_micros: orNull(count),
  latency_ms: orNull(count),
  instance_id: fc.uuid(),
  instance_seq: count,
  salt: hex(32),
};

const attempts = fc.array(
  fc.record({
    provider: text,
    model: text,
    result: fc.constantFrom(...ATTEMPT_RESULTS),
    sent: fc.boolean(),
    duration_ms: count,
  }),
  { maxLength: 3 },
);

export const requestRecord: fc.Arbitrary<RequestRecord> = fc.oneof(
  fc.record({ ...fields, record_version: fc.constant(1 as const) }),
  fc.record({ ...fields, record_version: fc.constant(2 as const), attempts: orNull(attempts) }),
);

export const actionRecord: fc.Arbitrary<ActionRecord> = fc.record({
  kind: fc.constantFrom("erasure", "retention", "quarantine"),
  record_version: fc.constant(1),
  action_id: fc.uuid(),
  performed_at: count,
  instance_id: orNull(fc.uuid()),
  instance_seq: orNull(count),
  details: fc.oneof(
    fc.record({ request_id: fc.uuid(), leaf_index: count }),
    fc.record({
      partition: text,
      before: count,
      leaf_count: count,
      first_leaf_index: orNull(count),
      last_leaf_index: orNull(count),
      unlogged_count: count,
    }),
    fc.record({
      reason: fc.constantFrom("unreadable", "refused"),
      byte_count: count,
      missing_seqs: fc.array(count, { maxLength: 4 }),
    }),
  ),
  salt: hex(32),
});
