-- What:    Puts what was done to the log on record, as its next leaf; said again, it stays as it is.
-- Params:  $1 action_id, $2 kind, $3 performed_at in microseconds since 1970, $4 instance_id or null,
--          $5 instance_seq or null, $6 details as a JSON object, $7 salt and $8 leaf_hash in hex digits
-- Returns: one row with leaf_index.
-- Locks:   the one row of audit_log_state, until it is committed.
select audit_append_action(
  $1::uuid, $2::text, timestamptz '1970-01-01T00:00:00Z' + $3::bigint * interval '1 microsecond', $4::uuid, $5::bigint,
  $6::text::jsonb, decode($7::text, 'hex'), decode($8::text, 'hex')
) as leaf_index;
