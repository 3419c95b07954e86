-- What:    Ends a pending row; a row that has ended stays as it is.
-- Params:  $1 request_id uuid, $2 completed_at, $3 status, $4 model that answered or null to keep, $5 failure_category
--          or null, $6 prompt_tokens or null, $7 completion_tokens or null, $8 latency_ms, $9 answered_provider or null,
--          $10 answered_zone or null
-- Returns: one row with request_id if it was pending, else none.
-- Locks:   that row.
update audit_events
set
  completed_at = $2::timestamptz,
  status = $3::text,
  model = coalesce($4::text, model),
  failure_category = $5::text,
  prompt_tokens = $6::integer,
  completion_tokens = $7::integer,
  latency_ms = $8::integer,
  answered_provider = $9::text,
  answered_zone = $10::text
where request_id = $1::uuid and status = 'pending'
returning request_id;
