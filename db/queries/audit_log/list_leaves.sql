-- What:    Leaf hashes of the log in order, of rows and of actions alike.
-- Params:  $1 bigint, the index of the first one; $2 integer, how many at most
-- Returns: one row: the hashes one behind the other, and the first index that is missing or there twice, where one is.
-- Locks:   nothing.
select
  coalesce(string_agg(ordered.leaf_hash, ''::bytea order by ordered.leaf_index), ''::bytea) as hashes,
  min(ordered.expected_index) filter (where ordered.leaf_index <> ordered.expected_index) as broken_at
from (
  select
    leaf.leaf_index, leaf.leaf_hash, $1::bigint - 1 + row_number() over (order by leaf.leaf_index) as expected_index
  from (
    (
      select leaf_index, leaf_hash
      from audit_leaves
      where leaf_index >= $1::bigint
      order by leaf_index
      limit $2::integer
    )
    union all
    (
      select leaf_index, leaf_hash
      from audit_actions
      where leaf_index >= $1::bigint
      order by leaf_index
      limit $2::integer
    )
  ) as leaf
  order by leaf.leaf_index
  limit $2::integer
) as ordered;
