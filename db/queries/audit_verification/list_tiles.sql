-- What:    Tiles of one level in order.
-- Params:  $1 smallint, level; $2 bigint, the index to begin with; $3 integer, how many indices from there on
-- Returns: one row for each that is there, with the size that the tree has now.
-- Locks:   nothing.
select tile.tile_index, coalesce(tile.hashes, ''::bytea) as hashes, tree.tree_size
from audit_tiles as tile
cross join audit_log_tree as tree
where tile.level = $1::smallint and tile.tile_index >= $2::bigint and tile.tile_index < $2::bigint + $3::integer
order by tile.tile_index;
