-- What:    Ends rows that stayed pending past their time: their process died between intent and outcome.
-- Params:  $1 the time now as text; rows with settle_by before it are ended. Whoever holds the database alone may pass
--          'infinity' when starting.
-- Returns: one row with request_id for each ended row.
-- Locks:   the rows it ends; rows that another replica is ending are skipped.
update audit_events
set status = 'interrupted', completed_at = now()
where request_id in (
  select orphan.request_id
  from audit_events as orphan
  where orphan.status = 'pending' and orphan.settle_by < $1::text::timestamptz
  order by orphan.settle_by
  limit 1000
  for update skip locked
)
returning request_id;
