-- What:    Tiles that the tree does not have.
-- Params:  $1 bigint, a size of the tree; the one that it has now counts where it is larger
-- Returns: at most 100 rows.
-- Locks:   nothing.
select tile.level, tile.tile_index
from audit_tiles as tile
-- The largest size that a checkpoint can have; who sets a larger one sets none.
cross join (select greatest(least(tree_size, 9007199254740991), $1::bigint) as size from audit_log_tree) as tree
where
  tile.level not between 0 and 6
  or tile.tile_index < 0
  or tile.tile_index >= (tree.size / (1::bigint << (8 * greatest(0, least(6, tile.level)))) + 255) / 256
order by tile.level, tile.tile_index
limit 100;
