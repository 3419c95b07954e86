-- What:    Audit events of a span of time, newest first, that all filters fit which are not null. What was erased fits none.
-- Params:  $1 and $2 received_at as text and request_id before which all of them come, $3 and $4 those at or after which
--          they come; $5 provider and $6 zone, decided on or answered; $7 status, $8 one of the reason codes, $9 rule,
--          $10 the caller's label team, $11 model, decided on or answered; $12 how many rows at most
-- Returns: rows as get_event.sql does.
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
where
  -- The pairs are what is meant. PostgreSQL leaves partitions unread by the times alone.
  received_at <= $1::text::timestamptz and (received_at, request_id) < ($1::text::timestamptz, $2::uuid)
  and received_at >= $3::text::timestamptz and (received_at, request_id) >= ($3::text::timestamptz, $4::uuid)
  and erased_at is null
  and ($5::text is null or $5 in (provider, answered_provider))
  and ($6::text is null or $6 in (zone, answered_zone))
  and ($7::text is null or status = $7)
  and ($8::text is null or $8 = any (reason_codes))
  and ($9::text is null or rule = $9)
  and ($10::text is null or features -> 'labels' ->> 'team' = $10)
  and ($11::text is null or $11 in (model, answered_model))
order by audit_events.received_at desc, request_id desc
limit $12::integer;
