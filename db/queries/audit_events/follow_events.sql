-- What:    Audit events in the order in which they went into the log, which is that in which they were committed.
-- Params:  $1 leaf_index after which, as text; $2 how many rows at most
-- Returns: rows as get_event.sql does, with leaf_index as text.
-- Locks:   nothing.
select
  leaf.leaf_index::text as leaf_index, event.request_id, trunc(extract(epoch from event.received_at) * 1000000)::text as received_at,
  trunc(extract(epoch from completed_at) * 1000000)::text as completed_at,
  trunc(extract(epoch from erased_at) * 1000000)::text as erased_at, instance_id, instance_seq::text as instance_seq, status,
  surface, streamed, decision, provider, zone, model, answered_provider, answered_zone, answered_model,
  to_jsonb(reason_codes) as reason_codes,
  policy_hash, rule, features, shadow, findings, scan_ruleset, failure_category, message_count, prompt_length,
  prompt_digest, prompt_tokens, completion_tokens, cost_micros::text as cost_micros, latency_ms, attempts
from audit_leaves as leaf
join audit_events as event on event.request_id = leaf.request_id and event.received_at = leaf.received_at
where leaf.leaf_index > $1::text::bigint
order by leaf.leaf_index
limit $2::integer;
