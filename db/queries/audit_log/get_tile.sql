-- What:    The first hashes of a tile of the tree. What stands in it is covered by a checkpoint, since both are written
--          by one statement.
-- Params:  $1 smallint, level; $2 bigint, index within the level; $3 integer, how many hashes
-- Returns: one row, or none where the tile is not there or has fewer.
-- Locks:   nothing.
select substring(hashes from 1 for 32 * $3::integer) as hashes
from audit_tiles
where level = $1::smallint and tile_index = $2::bigint and octet_length(hashes) >= 32 * $3::integer;
