-- What:    One policy.
-- Params:  $1 hash
-- Returns: the row, or none.
-- Locks:   nothing.
select hash, name, version, document, first_activated_at, last_activated_at
from policies
where hash = $1::text;
