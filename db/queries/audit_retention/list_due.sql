-- What:    Partitions of which all rows were received before a time, oldest first, then the oldest rows of the default one.
-- Params:  $1 the time as text, $2 how many rows of the default partition at most, $3 how many partitions at most
-- Returns: one row for each: details for the action that drops it, as JSON, and whether all its leaves are in tiles and
--          counted by now.
-- Locks:   nothing.
with partitions as materialized (
  select
    child.relname::text as name,
    case
      when child.relname ~ '^audit_events_[0-9]{8}$'
        then (to_date(right(child.relname, 8), 'YYYYMMDD') + 1)::timestamp at time zone 'UTC'
    end as before_time
  from pg_inherits
  join pg_class as child on child.oid = pg_inherits.inhrelid
  where pg_inherits.inhparent = 'audit_events'::regclass
),
due as (
  (
    select name, before_time
    from partitions
    where before_time <= $1::text::timestamptz
    order by before_time
    limit $3::integer
  )
  union all
  select 'audit_events_default', max(oldest.received_at) + interval '1 microsecond'
  from (
    select received_at
    from audit_events_default
    where received_at < $1::text::timestamptz
    order by received_at
    limit $2::integer
  ) as oldest
  having count(*) > 0
),
described as materialized (
  select name, before_time, audit_retention_details(name, before_time) as details
  from due
)
select
  described.details,
  coalesce(
    (described.details ->> 'last_leaf_index')::bigint < least(tree.tree_size, counted.next_index), true
  ) as is_settled
from described
cross join audit_log_tree as tree
cross join audit_rollup_state as counted
order by described.before_time;
