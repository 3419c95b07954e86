-- What:    Which migrations are applied.
-- Params:  none
-- Returns: one row for each, with version.
-- Locks:   nothing.
select version
from schema_migrations;
