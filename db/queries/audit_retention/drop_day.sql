-- What:    Drops a day's partition and puts that on record.
-- Params:  $1 action_id, $2 performed_at in microseconds since 1970, $3 details of the action as a JSON object, $4 salt and
--          $5 leaf_hash in hex digits
-- Returns: one row with leaf_index of the action, null where it is not as the details say: then nothing happened.
-- Locks:   the partition, and for a moment all of audit_events and audit_leaves, against everybody;
--          then, until it is committed, the one row of audit_log_state.
select audit_drop_day(
  $1::uuid, timestamptz '1970-01-01T00:00:00Z' + $2::bigint * interval '1 microsecond', $3::text::jsonb,
  decode($4::text, 'hex'), decode($5::text, 'hex')
) as leaf_index;
