-- What:    Waits until no other replica migrates this database.
-- Params:  $1 bigint in text form, the lock's key
-- Returns: one row; fails with 55P03 when the wait was longer than lock_timeout.
-- Locks:   the advisory lock of that key, until the transaction ends; of the transaction, not of the session, so that
--          it also works behind a connection pooler.
select pg_advisory_xact_lock($1::bigint);
