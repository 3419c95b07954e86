-- What:    The least index of a leaf whose row was received since a time.
-- Params:  $1 the time in microseconds since 1970
-- Returns: one row, or none.
-- Locks:   nothing.
select leaf_index
from audit_leaves
where received_at >= timestamptz '1970-01-01T00:00:00Z' + $1::bigint * interval '1 microsecond'
order by leaf_index
limit 1;
