-- What:    The index of the newest leaf of the log.
-- Params:  none
-- Returns: one row with leaf_index as text; -1 where there is no leaf.
-- Locks:   nothing.
select (next_index - 1)::text as leaf_index
from audit_log_state;
