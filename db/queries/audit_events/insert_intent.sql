-- What:    Puts a decided request on record before any provider is called, as a pending row.
-- Params:  $1 request_id uuid, $2 received_at, $3 settle_by, $4 surface, $5 decision, $6 provider or null,
--          $7 zone or null, $8 model or null, $9 reason_codes as a JSON array of strings, $10 message_count,
--          $11 prompt_length in code points, $12 prompt_digest, $13 streamed, $14 findings as a JSON object of code to count,
--          $15 scan_ruleset, $16 policy_hash, $17 rule, $18 features as a JSON object, $19 shadow as a JSON array
-- Returns: nothing; a request_id that is there already is a unique violation.
-- Locks:   the new row only.
insert into audit_events (
  request_id, received_at, settle_by, status, surface, decision, provider, zone, model, reason_codes, message_count,
  prompt_length, prompt_digest, streamed, findings, scan_ruleset, policy_hash, rule, features, shadow
)
values (
  $1::uuid, $2::timestamptz, $3::timestamptz, 'pending', $4::text, $5::text, $6::text, $7::text, $8::text,
  array(select jsonb_array_elements_text($9::text::jsonb)), $10::integer, $11::integer, $12::text, $13::boolean,
  $14::text::jsonb, $15::text, $16::text, $17::text, $18::text::jsonb, $19::text::jsonb
);
