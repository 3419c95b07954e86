-- What:    How far the log is, with its newest checkpoint, for those who verify it.
-- Params:  none
-- Returns: one row; checkpoint_size is null before the first one. signed_at in microseconds since 1970, as text.
--          No row where the state of the log is not there.
-- Locks:   nothing.
select
  state.next_index, tree.tree_size, checkpoint.tree_size as checkpoint_size,
  coalesce(checkpoint.root_hash, ''::bytea) as root_hash, coalesce(checkpoint.note, '') as note,
  trunc(extract(epoch from checkpoint.signed_at) * 1000000)::text as signed_at
from audit_log_state as state
cross join audit_log_tree as tree
left join lateral (
  select newest.tree_size, newest.root_hash, newest.note, newest.signed_at
  from audit_checkpoints as newest
  order by newest.tree_size desc
  limit 1
) as checkpoint on true;
