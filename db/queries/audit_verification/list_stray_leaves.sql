-- What:    Leaves that stand where nothing was sequenced.
-- Params:  none
-- Returns: at most 100 rows of each table, with its name.
-- Locks:   nothing.
(
  select 'audit_leaves' as place, leaf.leaf_index
  from audit_leaves as leaf
  where leaf.leaf_index >= (select next_index from audit_log_state) or leaf.leaf_index < 0
  limit 100
)
union all
(
  select 'audit_actions' as place, action.leaf_index
  from audit_actions as action
  where action.leaf_index >= (select next_index from audit_log_state) or action.leaf_index < 0
  limit 100
);
