-- What:    What a receipt is made of: the row of a request, where its leaf is, and the newest checkpoint.
-- Params:  $1 request_id uuid
-- Returns: one row, or none where there is no such row; leaf_index is null where it has no leaf, note and checkpoint_size
--          before the first checkpoint. The columns of the record are as `requestRecord` takes them.
-- Locks:   nothing.
select
  event.record_version, event.erased_at is not null as is_erased, leaf.leaf_index,
  checkpoint.tree_size as checkpoint_size, checkpoint.note,
  event.request_id, trunc(extract(epoch from event.received_at) * 1000000)::text as received_at,
  trunc(extract(epoch from event.completed_at) * 1000000)::text as completed_at, event.instance_id, event.instance_seq,
  event.status, event.surface, event.streamed, event.decision, event.provider, event.zone, event.model,
  event.answered_provider, event.answered_zone, event.answered_model, to_jsonb(event.reason_codes) as reason_codes,
  event.policy_hash, event.rule, event.features, event.shadow, event.findings, event.scan_ruleset,
  event.failure_category, event.message_count, event.prompt_length, event.prompt_digest, event.prompt_tokens,
  event.completion_tokens, event.cost_micros, event.latency_ms, event.attempts, encode(event.salt, 'hex') as salt
from audit_events as event
left join audit_leaves as leaf using (request_id, received_at)
left join lateral (
  select newest.tree_size, newest.note
  from audit_checkpoints as newest
  order by newest.tree_size desc
  limit 1
) as checkpoint on true
where event.request_id = $1::uuid
order by leaf.leaf_index nulls last
limit 1;
