-- What:    What is to be known of a row before it is erased.
-- Params:  $1 request_id
-- Returns: one row, or none where there is no such event: record_version, erased_at, leaf_index or null where it is no
--          leaf, and whether its leaf is counted in the tables of hours and days.
-- Locks:   nothing.
select
  event.record_version, event.erased_at, leaf.leaf_index,
  coalesce(leaf.leaf_index < counted.next_index, event.record_version = 0) as is_counted
from audit_events as event
cross join audit_rollup_state as counted
left join audit_leaves as leaf using (request_id, received_at)
where event.request_id = $1::uuid
order by event.erased_at nulls first
limit 1;
