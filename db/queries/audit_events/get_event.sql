-- What:    One audit event.
-- Params:  $1 request_id uuid
-- Returns: the row, or none.
-- Locks:   nothing.
select
  request_id, received_at, completed_at, status, surface, decision, provider, zone, model, answered_provider, answered_zone, reason_codes,
  policy_hash, rule, features, shadow, findings, scan_ruleset, failure_category, message_count, prompt_length,
  prompt_digest, prompt_tokens, completion_tokens, latency_ms, streamed
from audit_events
where request_id = $1::uuid;
