-- What:    Checkpoints in the order of their trees.
-- Params:  $1 bigint, those of larger trees than that, or null for all; $2 integer, how many at most
-- Returns: one row for each; fewer than $2 at the end. signed_at in microseconds since 1970, as text.
-- Locks:   nothing.
select
  tree_size, coalesce(root_hash, ''::bytea) as root_hash, coalesce(note, '') as note,
  trunc(extract(epoch from signed_at) * 1000000)::text as signed_at
from audit_checkpoints
where tree_size > coalesce($1::bigint, -9223372036854775808)
order by tree_size
limit $2::integer;
