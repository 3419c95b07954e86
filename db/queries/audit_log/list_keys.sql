-- What:    The verifier keys of those who signed checkpoints.
-- Params:  none
-- Returns: one row for each, the one that was first used last before the others.
-- Locks:   nothing.
select verifier_key
from audit_log_keys
order by first_used_at desc, verifier_key
limit 1000;
