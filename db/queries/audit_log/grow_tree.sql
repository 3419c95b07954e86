-- What:    Takes the tree to a new size, with the tiles and the checkpoint of that size; all of it or, where another
--          replica was first, nothing.
-- Params:  $1 bigint, the size that it must have now; $2 bigint, the new size; $3 tiles that change as a JSON array of
--          objects with level, tile_index and hashes in base64; $4 root hash in base64; $5 the signed note; $6 the
--          verifier key of its signer
-- Returns: one row if it grew, else none.
-- Locks:   the row of audit_log_tree and those of the tiles, until the statement ends. Those who come second wait for it.
with grown as (
  update audit_log_tree
  set tree_size = $2::bigint
  where tree_size = $1::bigint
  returning tree_size
),
tiles as (
  insert into audit_tiles (level, tile_index, hashes)
  select tile.level, tile.tile_index, decode(tile.hashes, 'base64')
  from grown
  cross join json_to_recordset($3::text::json) as tile (level smallint, tile_index bigint, hashes text)
  on conflict (level, tile_index) do update
  set hashes = excluded.hashes
),
checkpoint as (
  insert into audit_checkpoints (tree_size, root_hash, note, signed_at)
  select grown.tree_size, decode($4::text, 'base64'), $5::text, now()
  from grown
),
signer as (
  insert into audit_log_keys (verifier_key, first_used_at)
  select $6::text, now()
  from grown
  on conflict (verifier_key) do nothing
)
select tree_size from grown;
