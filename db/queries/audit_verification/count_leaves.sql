-- What:    How many leaves of rows and of actions there are.
-- Params:  $1 bigint, the first index; $2 bigint, the one after the last
-- Returns: one row with leaf_count.
-- Locks:   nothing.
select
  (select count(*) from audit_leaves where leaf_index >= $1::bigint and leaf_index < $2::bigint)
  + (select count(*) from audit_actions where leaf_index >= $1::bigint and leaf_index < $2::bigint) as leaf_count;
