-- migrate:up

-- Gateways of the version before may go on meanwhile: what they insert has version 1, and no attempts.
alter table audit_events add column attempts jsonb;

-- Old rows are checked by the next migration, in a transaction that lets others write meanwhile.
-- lint:allow the one below takes more
alter table audit_events drop constraint audit_events_record_version_known;
alter table audit_events add constraint audit_events_record_version_known
  check (record_version between 0 and 2) not valid;
-- lint:allow the one below takes less
alter table audit_events drop constraint audit_events_erased_whole;
alter table audit_events add constraint audit_events_erased_whole check (
  erased_at is null
  or num_nonnulls(
    completed_at, status, surface, streamed, decision, provider, zone, model, answered_provider, answered_zone,
    answered_model, reason_codes, policy_hash, rule, features, shadow, findings, scan_ruleset, failure_category,
    message_count, prompt_length, prompt_digest, prompt_tokens, completion_tokens, cost_micros, latency_ms, attempts,
    salt, column_checks
  ) = 0
) not valid;
-- Of what was interrupted nobody knows.
alter table audit_events add constraint audit_events_attempts_since_version_2 check (
  case
    when attempts is not null then record_version >= 2
    else record_version < 2 or erased_at is not null or status = 'interrupted'
  end
) not valid;
-- One pattern with all names and results in it would cost a row three times as much.
alter table audit_events add constraint audit_events_attempts_form check (
  attempts::text ~ '^\[([{]?"[a-z_]+": ("[A-Za-z0-9._:/@+-]+"|[0-9]+|true|false)[}]?(, )?)*\]$'
  and (octet_length(attempts::text) <= 190 or attempts::text !~ '[A-Za-z0-9._:/@+-]{129}')
  and jsonb_path_query_array(attempts, '$[*].keyvalue().key', '{}', true)
    <@ '["provider", "model", "result", "sent", "duration_ms"]'
  and jsonb_path_query_array(attempts, '$[*].result') <@ '[
    "answered", "timeout", "unreachable", "authentication", "rate_limited", "model_not_found", "bad_request",
    "content_filter", "context_length", "upstream_error", "malformed_response", "remote_model", "not_local",
    "circuit_open", "paused", "busy", "left"
  ]'
) not valid;

comment on column audit_events.attempts is
  'Whose turn it was, in order, how each ended, and whether anything of the request was sent. Null before version 2, and when interrupted.';

create or replace function audit_erase_event(
  given_action_id uuid, given_performed_at timestamptz, given_details jsonb, given_salt bytea, given_leaf_hash bytea
) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, public, pg_temp
set lock_timeout = '2s'
as $$
declare
  event record;
  leaf bigint;
begin
  if exists (select from audit_actions where action_id = given_action_id) then
    return (select leaf_index from audit_actions where action_id = given_action_id);
  end if;
  select request_id, received_at, record_version into event
  from audit_events
  where request_id = (given_details ->> 'request_id')::uuid and erased_at is null
  for update;
  if not found then
    return null;
  end if;
  select leaf_index into leaf
  from audit_leaves
  where request_id = event.request_id and received_at = event.received_at;
  -- Counted first, for afterwards nobody can. A row that has lost its leaf is evidence, and stays.
  if event.record_version > 0
    and (leaf is null or leaf >= (select next_index from audit_rollup_state)) then
    return null;
  end if;
  if given_details is distinct from jsonb_build_object('request_id', event.request_id, 'leaf_index', leaf) then
    return null;
  end if;
  update audit_events
  set
    completed_at = null, status = null, surface = null, streamed = null, decision = null, provider = null, zone = null,
    model = null, answered_provider = null, answered_zone = null, answered_model = null, reason_codes = null,
    policy_hash = null, rule = null, features = null, shadow = null, findings = null, scan_ruleset = null,
    failure_category = null, message_count = null, prompt_length = null, prompt_digest = null, prompt_tokens = null,
    completion_tokens = null, cost_micros = null, latency_ms = null, attempts = null, salt = null, column_checks = null,
    erased_at = given_performed_at
  where request_id = event.request_id and received_at = event.received_at;
  return audit_append_action(
    given_action_id, 'erasure', given_performed_at, null, null, given_details, given_salt, given_leaf_hash
  );
end
$$;

-- migrate:down

-- What was asked goes with the column. Rows of version 2 stay as rows of version 1: none of them is any more what its
-- leaf says, and a verification tells so.
alter table audit_events drop constraint audit_events_attempts_form;
alter table audit_events drop constraint audit_events_attempts_since_version_2;
alter table audit_events drop constraint audit_events_erased_whole;
alter table audit_events drop constraint audit_events_record_version_known;
alter table audit_events drop column attempts;
update audit_events set record_version = 1 where record_version = 2;

alter table audit_events add constraint audit_events_record_version_known check (record_version between 0 and 1) not valid;
alter table audit_events add constraint audit_events_erased_whole check (
  erased_at is null
  or num_nonnulls(
    completed_at, status, surface, streamed, decision, provider, zone, model, answered_provider, answered_zone,
    answered_model, reason_codes, policy_hash, rule, features, shadow, findings, scan_ruleset, failure_category,
    message_count, prompt_length, prompt_digest, prompt_tokens, completion_tokens, cost_micros, latency_ms, salt,
    column_checks
  ) = 0
) not valid;

create or replace function audit_erase_event(
  given_action_id uuid, given_performed_at timestamptz, given_details jsonb, given_salt bytea, given_leaf_hash bytea
) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, public, pg_temp
set lock_timeout = '2s'
as $$
declare
  event record;
  leaf bigint;
begin
  if exists (select from audit_actions where action_id = given_action_id) then
    return (select leaf_index from audit_actions where action_id = given_action_id);
  end if;
  select request_id, received_at, record_version into event
  from audit_events
  where request_id = (given_details ->> 'request_id')::uuid and erased_at is null
  for update;
  if not found then
    return null;
  end if;
  select leaf_index into leaf
  from audit_leaves
  where request_id = event.request_id and received_at = event.received_at;
  -- Counted first, for afterwards nobody can. A row that has lost its leaf is evidence, and stays.
  if event.record_version > 0
    and (leaf is null or leaf >= (select next_index from audit_rollup_state)) then
    return null;
  end if;
  if given_details is distinct from jsonb_build_object('request_id', event.request_id, 'leaf_index', leaf) then
    return null;
  end if;
  update audit_events
  set
    completed_at = null, status = null, surface = null, streamed = null, decision = null, provider = null, zone = null,
    model = null, answered_provider = null, answered_zone = null, answered_model = null, reason_codes = null,
    policy_hash = null, rule = null, features = null, shadow = null, findings = null, scan_ruleset = null,
    failure_category = null, message_count = null, prompt_length = null, prompt_digest = null, prompt_tokens = null,
    completion_tokens = null, cost_micros = null, latency_ms = null, salt = null, column_checks = null,
    erased_at = given_performed_at
  where request_id = event.request_id and received_at = event.received_at;
  return audit_append_action(
    given_action_id, 'erasure', given_performed_at, null, null, given_details, given_salt, given_leaf_hash
  );
end
$$;
