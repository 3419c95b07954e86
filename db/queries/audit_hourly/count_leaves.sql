-- What:    Counts the next rows of the log in the tables of hours and days, each exactly once however many do it at once:
--          whoever loses the race for the mark counts nothing.
-- Params:  $1 how many indices at most
-- Returns: one row: counted_count, the indices that were counted, and behind_count, those that are left.
-- Locks:   the one row of audit_rollup_state, then the rows that it counts into.
with span as materialized (
  select
    counted.next_index as first_index, least(counted.next_index + $1::bigint, log.next_index) as next_index,
    log.next_index as end_index
  from audit_rollup_state as counted
  cross join audit_log_state as log
  -- Both have one row, which a planner does not know.
  limit 1
),
moved as (
  update audit_rollup_state as counted
  set next_index = span.next_index
  from span
  where counted.next_index = span.first_index and span.next_index > span.first_index
  returning span.first_index, span.next_index
),
leaves as materialized (
  select leaf.leaf_index, leaf.request_id, leaf.received_at
  from moved
  cross join lateral (
    select leaf_index, request_id, received_at
    from audit_leaves
    where leaf_index >= moved.first_index and leaf_index < moved.next_index
    limit $1::bigint
  ) as leaf
),
days as (
  insert into audit_days as known (day, leaf_count, first_leaf_index, last_leaf_index, unlogged_count)
  select (received_at at time zone 'UTC')::date, count(*), min(leaf_index), max(leaf_index), 0
  from leaves
  group by (received_at at time zone 'UTC')::date
  on conflict (day) do update
  set
    leaf_count = known.leaf_count + excluded.leaf_count,
    first_leaf_index = least(known.first_leaf_index, excluded.first_leaf_index),
    last_leaf_index = greatest(known.last_leaf_index, excluded.last_leaf_index)
),
hours as (
  insert into audit_hourly as known (
    hour, provider, zone, model, status, rule, team, request_count, prompt_tokens, completion_tokens, costed_count,
    cost_micros, timed_count, latency_ms_sum, latency_le_50_ms, latency_le_100_ms, latency_le_250_ms,
    latency_le_500_ms, latency_le_1000_ms, latency_le_2500_ms, latency_le_5000_ms, latency_le_10000_ms,
    latency_le_30000_ms, latency_le_60000_ms
  )
  select
    event.hour, event.answered_provider, event.answered_zone, event.answered_model, event.status, event.rule, event.team,
    count(*), coalesce(sum(event.prompt_tokens), 0), coalesce(sum(event.completion_tokens), 0), count(event.cost_micros),
    coalesce(sum(event.cost_micros), 0), count(event.latency_ms), coalesce(sum(event.latency_ms), 0),
    count(*) filter (where event.latency_ms <= 50), count(*) filter (where event.latency_ms <= 100),
    count(*) filter (where event.latency_ms <= 250), count(*) filter (where event.latency_ms <= 500),
    count(*) filter (where event.latency_ms <= 1000), count(*) filter (where event.latency_ms <= 2500),
    count(*) filter (where event.latency_ms <= 5000), count(*) filter (where event.latency_ms <= 10000),
    count(*) filter (where event.latency_ms <= 30000), count(*) filter (where event.latency_ms <= 60000)
  from leaves
  -- Row by row through the index: a planner that knows nothing of the span yet might read the whole table instead.
  cross join lateral (
    select
      date_trunc('hour', found.received_at, 'UTC') as hour, found.answered_provider, found.answered_zone,
      found.answered_model, found.status, found.rule, found.features -> 'labels' ->> 'team' as team, found.prompt_tokens,
      found.completion_tokens, found.cost_micros, found.latency_ms
    from audit_events as found
    where found.request_id = leaves.request_id and found.received_at = leaves.received_at and found.erased_at is null
    offset 0
  ) as event
  group by
    event.hour, event.answered_provider, event.answered_zone, event.answered_model, event.status, event.rule, event.team
  on conflict on constraint audit_hourly_unique do update
  set
    request_count = known.request_count + excluded.request_count,
    prompt_tokens = known.prompt_tokens + excluded.prompt_tokens,
    completion_tokens = known.completion_tokens + excluded.completion_tokens,
    costed_count = known.costed_count + excluded.costed_count,
    cost_micros = known.cost_micros + excluded.cost_micros,
    timed_count = known.timed_count + excluded.timed_count,
    latency_ms_sum = known.latency_ms_sum + excluded.latency_ms_sum,
    latency_le_50_ms = known.latency_le_50_ms + excluded.latency_le_50_ms,
    latency_le_100_ms = known.latency_le_100_ms + excluded.latency_le_100_ms,
    latency_le_250_ms = known.latency_le_250_ms + excluded.latency_le_250_ms,
    latency_le_500_ms = known.latency_le_500_ms + excluded.latency_le_500_ms,
    latency_le_1000_ms = known.latency_le_1000_ms + excluded.latency_le_1000_ms,
    latency_le_2500_ms = known.latency_le_2500_ms + excluded.latency_le_2500_ms,
    latency_le_5000_ms = known.latency_le_5000_ms + excluded.latency_le_5000_ms,
    latency_le_10000_ms = known.latency_le_10000_ms + excluded.latency_le_10000_ms,
    latency_le_30000_ms = known.latency_le_30000_ms + excluded.latency_le_30000_ms,
    latency_le_60000_ms = known.latency_le_60000_ms + excluded.latency_le_60000_ms
)
select
  coalesce(moved.next_index - moved.first_index, 0) as counted_count,
  span.end_index - coalesce(moved.next_index, span.first_index) as behind_count
from span
left join moved on true;
