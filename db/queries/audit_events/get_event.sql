-- What:    One audit event.
-- Params:  $1 request_id uuid
-- Returns: the row, or none. Times in microseconds since 1970, as text like every bigint; all but ids and times is null
--          where it was erased.
-- Locks:   nothing.
select
  request_id, trunc(extract(epoch from received_at) * 1000000)::text as received_at,
  trunc(extract(epoch from completed_at) * 1000000)::text as completed_at,
  trunc(extract(epoch from erased_at) * 1000000)::text as erased_at, instance_id, instance_seq::text as instance_seq, status,
  surface, streamed, decision, provider, zone, model, answered_provider, answered_zone, answered_model,
  to_jsonb(reason_codes) as reason_codes,
  policy_hash, rule, features, shadow, findings, scan_ruleset, failure_category, message_count, prompt_length,
  prompt_digest, prompt_tokens, completion_tokens, cost_micros::text as cost_micros, latency_ms, attempts
from audit_events
where request_id = $1::uuid
limit 1;
