-- What:    Rows in the order of time, as far as it takes to ask whether each has a leaf.
-- Params:  $1 received_at, as text, and $2 request_id of the last row that was read; to begin, the start of the span and
--          the lowest uuid. $3 integer, how many at most
-- Returns: one row for each; fewer than $3 at the end. received_at as text, and in microseconds since 1970.
-- Locks:   nothing.
select
  event.request_id, event.received_at::text as received_at_text,
  trunc(extract(epoch from event.received_at) * 1000000)::text as received_at, event.record_version,
  exists (
    select 1
    from audit_leaves as leaf
    where leaf.request_id = event.request_id and leaf.received_at = event.received_at
  ) as has_leaf
from (
  select request_id, received_at, record_version
  from audit_events
  where (received_at, request_id) > ($1::text::timestamptz, $2::uuid)
  order by received_at, request_id
  limit $3::integer
) as event
order by event.received_at, event.request_id;
