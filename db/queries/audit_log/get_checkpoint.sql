-- What:    The newest signed checkpoint.
-- Params:  none
-- Returns: one row, or none before the first one.
-- Locks:   nothing.
select note
from audit_checkpoints
order by tree_size desc
limit 1;
