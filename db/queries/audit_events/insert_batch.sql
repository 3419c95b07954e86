-- What:    Puts requests that have ended on record, as the next leaves of the log in the order of the batch. Those that
--          are there already stay as they are and get no second leaf, so a batch may be sent again after any doubt.
-- Params:  One element for each row in each of them. Arrays in text form: $1 request_id, $2 received_at in microseconds
--          since 1970, $3 record_version, $4 instance_id, $5 instance_seq, $6 completed_at in microseconds, $7 status,
--          $8 surface, $9 streamed, $10 decision, $11 provider or null, $12 zone or null, $13 model or null,
--          $14 answered_provider or null, $15 answered_zone or null, $16 answered_model or null, $17 reason_codes, each
--          the text form of an array, $18 policy_hash, $19 rule, $20 scan_ruleset, $21 failure_category or null,
--          $22 message_count, $23 prompt_length, $24 prompt_digest, $25 prompt_tokens or null, $26 completion_tokens or
--          null, $27 cost_micros or null, $28 latency_ms or null, $29 salt, $30 column_checks and $31 leaf_hash in hex.
--          JSON arrays: $32 features, $33 shadow, $34 findings, $35 attempts or null
-- Returns: one row with inserted_count.
-- Locks:   the new rows; then, until it is committed, the one row of audit_log_state. That comes last but for the leaves,
--          so that replicas wait for each other no longer than it takes to number a batch.
with batch as (
  select
    request_id, received_at, record_version, instance_id, instance_seq, completed_at, status, surface, streamed, decision,
    provider, zone, model, answered_provider, answered_zone, answered_model, reason_codes, policy_hash, rule, features,
    shadow, findings, scan_ruleset, failure_category, message_count, prompt_length, prompt_digest, prompt_tokens,
    completion_tokens, cost_micros, latency_ms, attempts, salt, column_checks, leaf_hash, position
  from rows from (
    unnest(
      $1::text::uuid[], $2::text::bigint[], $3::text::smallint[], $4::text::uuid[], $5::text::bigint[], $6::text::bigint[],
      $7::text::text[], $8::text::text[], $9::text::boolean[], $10::text::text[], $11::text::text[], $12::text::text[],
      $13::text::text[], $14::text::text[], $15::text::text[], $16::text::text[], $17::text::text[], $18::text::text[],
      $19::text::text[], $20::text::text[], $21::text::text[], $22::text::integer[], $23::text::integer[],
      $24::text::text[], $25::text::integer[], $26::text::integer[], $27::text::bigint[], $28::text::integer[],
      $29::text::text[], $30::text::text[], $31::text::text[]
    ),
    jsonb_array_elements($32::text::jsonb), jsonb_array_elements($33::text::jsonb),
    jsonb_array_elements($34::text::jsonb), jsonb_array_elements($35::text::jsonb)
  ) with ordinality as given (
    request_id, received_at, record_version, instance_id, instance_seq, completed_at, status, surface, streamed, decision,
    provider, zone, model, answered_provider, answered_zone, answered_model, reason_codes, policy_hash, rule, scan_ruleset,
    failure_category, message_count, prompt_length, prompt_digest, prompt_tokens, completion_tokens, cost_micros,
    latency_ms, salt, column_checks, leaf_hash, features, shadow, findings, attempts, position
  )
),
inserted as (
  insert into audit_events (
    request_id, received_at, record_version, instance_id, instance_seq, completed_at, status, surface, streamed, decision,
    provider, zone, model, answered_provider, answered_zone, answered_model, reason_codes, policy_hash, rule, features,
    shadow, findings, scan_ruleset, failure_category, message_count, prompt_length, prompt_digest, prompt_tokens,
    completion_tokens, cost_micros, latency_ms, attempts, salt, column_checks
  )
  select
    request_id, timestamptz '1970-01-01T00:00:00Z' + received_at * interval '1 microsecond', record_version, instance_id,
    instance_seq, timestamptz '1970-01-01T00:00:00Z' + completed_at * interval '1 microsecond', status, surface, streamed,
    decision, provider, zone, model, answered_provider, answered_zone, answered_model, reason_codes::text[], policy_hash,
    rule, features, shadow, findings, scan_ruleset, failure_category, message_count, prompt_length, prompt_digest,
    prompt_tokens, completion_tokens, cost_micros, latency_ms, nullif(attempts, 'null'), decode(salt, 'hex'),
    decode(column_checks, 'hex')
  from batch
  on conflict (request_id, received_at) do nothing
  returning request_id, received_at, instance_id, instance_seq
),
sequenced as (
  update audit_log_state
  set next_index = next_index + (select count(*) from inserted)
  where exists (select 1 from inserted)
  returning next_index - (select count(*) from inserted) as first_index
),
-- An outer join, so that where audit_log_state has lost its row a null in leaf_index refuses the whole batch.
logged as (
  insert into audit_leaves (leaf_index, request_id, received_at, leaf_hash)
  select
    sequenced.first_index + row_number() over (order by batch.position) - 1, inserted.request_id, inserted.received_at,
    decode(batch.leaf_hash, 'hex')
  from inserted
  join batch using (request_id, instance_id, instance_seq)
  left join sequenced on true
)
select count(*)::integer as inserted_count from inserted;
