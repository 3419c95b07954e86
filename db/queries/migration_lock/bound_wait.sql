-- What:    Bounds the wait for the migration lock and lets its transaction stay idle while dbmate works.
-- Params:  $1 text, the longest wait with its unit, for instance '60000ms'
-- Returns: one row that says nothing new; both settings end with the transaction.
-- Locks:   nothing.
select
  set_config('lock_timeout', $1, true) as lock_timeout,
  set_config('idle_in_transaction_session_timeout', '0', true) as idle_timeout;
