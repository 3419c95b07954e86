-- What:    How far a search gets that looks at so many rows. An index alone says it, where it is all visible.
-- Params:  $1, $2, $3 and $4 the span of time, as in search_events.sql; $5 how many rows it looks at, at least 1
-- Returns: received_at and request_id, as get_event.sql, of the last of these rows; none where the span has fewer.
-- Locks:   nothing.
select trunc(extract(epoch from received_at) * 1000000)::text as received_at, request_id
from audit_events
where
  received_at <= $1::text::timestamptz and (received_at, request_id) < ($1::text::timestamptz, $2::uuid)
  and received_at >= $3::text::timestamptz and (received_at, request_id) >= ($3::text::timestamptz, $4::uuid)
order by audit_events.received_at desc, request_id desc
offset $5::integer - 1
limit 1;
