-- What:    Rows of an id, and those that were received at a time, as they would stand in the log.
-- Params:  $1 request_id uuid, $2 the time in microseconds since 1970, or null
-- Returns: at most 100 rows. Columns of the record are as `requestRecord` takes them, the other times alike.
-- Locks:   nothing.
select
  event.request_id, trunc(extract(epoch from event.received_at) * 1000000)::text as received_at,
  trunc(extract(epoch from event.completed_at) * 1000000)::text as completed_at, event.instance_id, event.instance_seq,
  event.record_version, event.status, event.surface, event.streamed, event.decision, event.provider, event.zone,
  event.model, event.answered_provider, event.answered_zone, event.answered_model,
  case when array_lower(event.reason_codes, 1) <> 1 then '"altered"' else to_jsonb(event.reason_codes) end as reason_codes,
  event.policy_hash, event.rule, event.features, event.shadow,
  event.findings, event.scan_ruleset, event.failure_category, event.message_count, event.prompt_length,
  event.prompt_digest, event.prompt_tokens, event.completion_tokens, event.cost_micros, event.latency_ms,
  event.attempts, encode(event.salt, 'hex') as salt, event.column_checks,
  trunc(extract(epoch from event.erased_at) * 1000000)::text as erased_at
from audit_events as event
where
  event.request_id = $1::uuid
  or event.received_at = timestamptz '1970-01-01T00:00:00Z' + $2::bigint * interval '1 microsecond'
limit 100;
