-- What:    Rows that an action erased and that are not empty.
-- Params:  $1 details of the actions as a JSON array of objects with request_id and leaf_index
-- Returns: one row for each, with its leaf_index.
-- Locks:   nothing.
select leaf.leaf_index
from json_to_recordset($1::text::json) as erased (request_id uuid, leaf_index bigint)
join audit_leaves as leaf on leaf.request_id = erased.request_id and leaf.leaf_index = erased.leaf_index
join audit_events as event on event.request_id = leaf.request_id and event.received_at = leaf.received_at
where event.erased_at is null;
