-- What:    Hashes of the leaves of rows and of actions, in order.
-- Params:  $1 bigint, the first index; $2 bigint, the one after the last
-- Returns: one row for each leaf that is there.
-- Locks:   nothing.
select leaf_index, coalesce(leaf_hash, ''::bytea) as leaf_hash
from audit_leaves
where leaf_index >= $1::bigint and leaf_index < $2::bigint
union all
select leaf_index, coalesce(leaf_hash, ''::bytea) as leaf_hash
from audit_actions
where leaf_index >= $1::bigint and leaf_index < $2::bigint
order by leaf_index;
