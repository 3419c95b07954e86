-- What:    Actions that erased some rows.
-- Params:  $1 the request_ids of those rows, as the text form of an array
-- Returns: one row for each such action in the order of the log; performed_at in microseconds since 1970, and the index of
--          the row's leaf that the action names, both as text.
-- Locks:   nothing.
select
  details ->> 'request_id' as request_id, trunc(extract(epoch from performed_at) * 1000000)::text as performed_at,
  details ->> 'leaf_index' as erased_index
from audit_actions
where kind = 'erasure' and details ->> 'request_id' = any($1::text::text[])
order by leaf_index;
