-- What:    Tiles of the tree.
-- Params:  $1 which ones, as a JSON array of objects with level and tile_index
-- Returns: one row for each that is there.
-- Locks:   nothing.
select tile.level, tile.tile_index, tile.hashes
from json_to_recordset($1::text::json) as wanted (level smallint, tile_index bigint)
join audit_tiles as tile using (level, tile_index);
