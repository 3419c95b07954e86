-- What:    Actions in the order of the log.
-- Params:  $1 bigint, the first index; $2 bigint, the one after the last; $3 integer, how many at most
-- Returns: one row for each; fewer than $3 at the end. performed_at in microseconds since 1970, as text; salt in hex.
-- Locks:   nothing.
select
  leaf_index, coalesce(leaf_hash, ''::bytea) as leaf_hash, record_version, kind, action_id,
  trunc(extract(epoch from performed_at) * 1000000)::text as performed_at, instance_id, instance_seq, details,
  encode(salt, 'hex') as salt
from audit_actions
where leaf_index >= $1::bigint and leaf_index < $2::bigint
order by leaf_index
limit $3::integer;
