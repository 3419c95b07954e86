-- What:    How far the log is: what is sequenced, what the tree covers, and the newest checkpoint.
-- Params:  none
-- Returns: one row; columns of the checkpoint are null before the first one. The age is by the database's clock, which
--          replicas share. No row where the state of the log is not there.
-- Locks:   nothing.
select
  state.next_index, tree.tree_size, checkpoint.tree_size as checkpoint_size, checkpoint.root_hash, checkpoint.note,
  (extract(epoch from now() - checkpoint.signed_at) * 1000)::double precision as checkpoint_age_ms
from audit_log_state as state
cross join audit_log_tree as tree
left join lateral (
  select newest.tree_size, newest.root_hash, newest.note, newest.signed_at
  from audit_checkpoints as newest
  order by newest.tree_size desc
  limit 1
) as checkpoint on true;
