-- What:    Makes the partitions of some days in a row that are not there yet.
-- Params:  $1 the first day as yyyy-mm-dd (UTC), $2 how many days, at most 31
-- Returns: one row with created_count, the days that were made.
-- Locks:   the default partitions against everybody, for as long as it takes to see that they hold nothing of these days.
select audit_create_partitions($1::text::date, $2::integer) as created_count;
