-- What:    Policies in the order of their hashes.
-- Params:  $1 the hash of the last one that was read, or null to begin; $2 integer, how many at most
-- Returns: one row for each; fewer than $2 at the end. Times in microseconds since 1970, as text.
-- Locks:   nothing.
select
  hash, name, version, document, trunc(extract(epoch from first_activated_at) * 1000000)::text as first_activated_at,
  trunc(extract(epoch from last_activated_at) * 1000000)::text as last_activated_at
from policies
where $1::text is null or hash > $1::text
order by hash
limit $2::integer;
