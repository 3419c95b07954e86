-- What:    Leaves of rows in the order of the log, each with its row.
-- Params:  $1 bigint, the first index; $2 bigint, the one after the last
-- Returns: one row for each leaf, of at most 2,000 leaves; request_id is null where its row is not there. Columns of the
--          record are as `requestRecord` takes them, the other times alike. A list that begins at another index than 1, and
--          JSON with numbers or a null that no record has, are told from what was logged, which they would be read as.
-- Locks:   nothing.
select
  leaf.leaf_index, leaf.request_id as leaf_request_id,
  trunc(extract(epoch from leaf.received_at) * 1000000)::text as leaf_received_at,
  coalesce(leaf.leaf_hash, ''::bytea) as leaf_hash,
  event.request_id, trunc(extract(epoch from event.received_at) * 1000000)::text as received_at,
  trunc(extract(epoch from event.completed_at) * 1000000)::text as completed_at, event.instance_id, event.instance_seq,
  event.record_version, event.status, event.surface, event.streamed, event.decision, event.provider, event.zone,
  event.model, event.answered_provider, event.answered_zone, event.answered_model,
  case when array_lower(event.reason_codes, 1) <> 1 then '"altered"' else to_jsonb(event.reason_codes) end as reason_codes,
  event.policy_hash, event.rule,
  case
    when event.features::text ~ '[: \[]-?([0-9]+\.[0-9]+|[0-9]{17}[0-9]*)[],}]' then '"altered"'
    else event.features
  end as features,
  event.shadow,
  case
    when event.findings::text ~ '[: \[]-?([0-9]+\.[0-9]+|[0-9]{17}[0-9]*)[],}]' then '"altered"'
    else event.findings
  end as findings,
  event.scan_ruleset, event.failure_category, event.message_count, event.prompt_length,
  event.prompt_digest, event.prompt_tokens, event.completion_tokens, event.cost_micros, event.latency_ms,
  case
    when event.attempts = 'null' or event.attempts::text ~ '[: \[]-?([0-9]+\.[0-9]+|[0-9]{17}[0-9]*)[],}]' then '"altered"'
    else event.attempts
  end as attempts,
  encode(event.salt, 'hex') as salt, event.column_checks,
  trunc(extract(epoch from event.erased_at) * 1000000)::text as erased_at
from (
  select leaf_index, request_id, received_at, leaf_hash
  from audit_leaves
  where leaf_index >= $1::bigint and leaf_index < $2::bigint
  order by leaf_index
  limit 2000
) as leaf
-- As a join of two sets this is planned, now and then, as a scan of all rows.
left join lateral (
  select
    known.request_id, known.received_at, known.completed_at, known.instance_id, known.instance_seq, known.record_version,
    known.status, known.surface, known.streamed, known.decision, known.provider, known.zone, known.model,
    known.answered_provider, known.answered_zone, known.answered_model, known.reason_codes, known.policy_hash, known.rule,
    known.features, known.shadow, known.findings, known.scan_ruleset, known.failure_category, known.message_count,
    known.prompt_length, known.prompt_digest, known.prompt_tokens, known.completion_tokens, known.cost_micros,
    known.latency_ms, known.attempts, known.salt, known.column_checks, known.erased_at
  from audit_events as known
  where known.request_id = leaf.request_id and known.received_at = leaf.received_at
  -- Two of one key, where somebody took the primary key away, are each read.
  limit 2
) as event on true
order by leaf.leaf_index;
