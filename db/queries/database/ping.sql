-- What:    Whether the database answers and the schema is there.
-- Params:  none
-- Returns: one row with the newest applied migration.
-- Locks:   nothing.
select max(version) as newest_migration from schema_migrations;
