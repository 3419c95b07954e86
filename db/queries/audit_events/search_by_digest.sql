-- What:    As search_events.sql, of one prompt: by the index of digests, not by that of times.
-- Params:  $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 and $12 as there, $13 prompt_digest
-- Returns: rows as get_event.sql does.
-- Locks:   nothing.
with found as materialized (
  -- Keys alone: a prompt that is sent every second has many of them.
  select request_id, received_at
  from audit_events
  where
    prompt_digest = $13::text
    and received_at <= $1::text::timestamptz and (received_at, request_id) < ($1::text::timestamptz, $2::uuid)
    and received_at >= $3::text::timestamptz and (received_at, request_id) >= ($3::text::timestamptz, $4::uuid)
    and ($5::text is null or $5 in (provider, answered_provider))
    and ($6::text is null or $6 in (zone, answered_zone))
    and ($7::text is null or status = $7)
    and ($8::text is null or $8 = any (reason_codes))
    and ($9::text is null or rule = $9)
    and ($10::text is null or features -> 'labels' ->> 'team' = $10)
    and ($11::text is null or $11 in (model, answered_model))
), newest as materialized (
  select request_id, received_at from found order by received_at desc, request_id desc limit $12::integer
)
select
  event.request_id, trunc(extract(epoch from event.received_at) * 1000000)::text as received_at,
  trunc(extract(epoch from completed_at) * 1000000)::text as completed_at,
  trunc(extract(epoch from erased_at) * 1000000)::text as erased_at, instance_id, instance_seq::text as instance_seq, status,
  surface, streamed, decision, provider, zone, model, answered_provider, answered_zone, answered_model,
  to_jsonb(reason_codes) as reason_codes,
  policy_hash, rule, features, shadow, findings, scan_ruleset, failure_category, message_count, prompt_length,
  prompt_digest, prompt_tokens, completion_tokens, cost_micros::text as cost_micros, latency_ms, attempts
from newest
join audit_events as event on event.request_id = newest.request_id and event.received_at = newest.received_at
order by event.received_at desc, event.request_id desc;
