-- migrate:up

-- Rows are written once from now on, when their request has ended, so none is pending any more. Those that are belong to
-- a gateway of the version before, which must be stopped before this runs.
alter table audit_events rename to audit_events_before;

-- lint:allow every row moves to the new table below, in the same transaction
alter table audit_events_before drop constraint audit_events_pkey;
-- lint:allow the new table has an index of this name
drop index audit_events_received_at_idx;
-- lint:allow nothing is pending in the new table
drop index audit_events_pending_settle_by_idx;

-- Patterns here have no bounded repetitions, which cost PostgreSQL ten times as much as a pattern and a length: rows come
-- in by the thousand a second.
create table audit_events (
  request_id uuid not null,
  received_at timestamptz not null,
  record_version smallint not null,
  instance_id uuid,
  instance_seq bigint,
  completed_at timestamptz,
  status text,
  surface text,
  streamed boolean,
  decision text,
  provider text,
  zone text,
  model text,
  answered_provider text,
  answered_zone text,
  answered_model text,
  reason_codes text[],
  policy_hash text,
  rule text,
  features jsonb,
  shadow jsonb,
  findings jsonb,
  scan_ruleset text,
  failure_category text,
  message_count integer,
  prompt_length integer,
  prompt_digest text,
  prompt_tokens integer,
  completion_tokens integer,
  cost_micros bigint,
  latency_ms integer,
  salt bytea,
  column_checks bytea,
  erased_at timestamptz,

  constraint audit_events_pkey primary key (request_id, received_at),
  constraint audit_events_record_version_known check (record_version between 0 and 1),
  constraint audit_events_whole_unless_erased check (
    erased_at is not null
    or num_nulls(
      completed_at, status, surface, streamed, decision, reason_codes, findings, message_count, prompt_length, prompt_digest
    ) = 0
  ),
  constraint audit_events_logged_with_its_salt check (
    record_version = 0 or erased_at is not null
    or num_nulls(policy_hash, rule, features, shadow, scan_ruleset, salt, column_checks) = 0
  ),
  constraint audit_events_logged_by_an_instance
    check ((record_version = 0) = (instance_id is null) and (instance_id is null) = (instance_seq is null)),
  constraint audit_events_erased_whole check (
    erased_at is null
    or num_nonnulls(
      completed_at, status, surface, streamed, decision, provider, zone, model, answered_provider, answered_zone,
      answered_model, reason_codes, policy_hash, rule, features, shadow, findings, scan_ruleset, failure_category,
      message_count, prompt_length, prompt_digest, prompt_tokens, completion_tokens, cost_micros, latency_ms, salt,
      column_checks
    ) = 0
  ),
  constraint audit_events_instance_seq_at_least_one check (instance_seq >= 1),
  constraint audit_events_status_known
    check (status in ('succeeded', 'failed', 'denied', 'client_aborted', 'interrupted')),
  constraint audit_events_surface_known check (
    surface in (
      'native',
      'openai_chat', 'openai_completions', 'openai_embeddings', 'openai_responses',
      'ollama_chat', 'ollama_generate', 'ollama_embed', 'ollama_embeddings'
    )
  ),
  constraint audit_events_decision_known check (decision in ('route', 'deny')),
  constraint audit_events_zone_form check (zone ~ '^[a-z][a-z0-9_-]*$' and octet_length(zone) <= 32),
  constraint audit_events_provider_form
    check (provider ~ '^[a-z][a-z0-9_-]*$' and octet_length(provider) <= 32),
  constraint audit_events_answered_form check (
    answered_provider ~ '^[a-z][a-z0-9_-]*$' and octet_length(answered_provider) <= 32
    and answered_zone ~ '^[a-z][a-z0-9_-]*$' and octet_length(answered_zone) <= 32
  ),
  -- Providers say which model answered, and what they say is somebody else's text. Older rows were not held to it.
  constraint audit_events_model_form check (
    record_version = 0
    or model ~ '^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$' and octet_length(model) <= 128
  ),
  constraint audit_events_answered_model_form check (
    record_version = 0
    or answered_model ~ '^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$' and octet_length(answered_model) <= 128
  ),
  constraint audit_events_failure_only_when_failed check (failure_category is null or status = 'failed'),
  constraint audit_events_denied_by_decision check (status <> 'denied' or decision = 'deny'),
  constraint audit_events_route_has_target
    check (decision <> 'route' or (provider is not null and zone is not null)),
  -- At least one, and none of them null.
  constraint audit_events_reason_codes_form check (
    reason_codes::text ~ '^\{([a-z][a-z0-9_.]*|"null")(,([a-z][a-z0-9_.]*|"null"))*\}$'
    and (octet_length(reason_codes::text) <= 66 or reason_codes::text !~ '[a-z0-9_.]{65}')
  ),
  constraint audit_events_findings_codes_and_counts check (
    findings::text ~ '^\{("[a-z][a-z0-9_.-]*": [1-9][0-9]*(, |(?=\})))*\}$'
    and (octet_length(findings::text) <= 104 or findings::text !~ '[a-z0-9_.-]{101}')
  ),
  constraint audit_events_scan_ruleset_form check (
    scan_ruleset ~ '^[0-9]+\.[0-9]+\.[0-9]+:[0-9a-f]+$' and octet_length(split_part(scan_ruleset, ':', 2)) = 64
  ),
  constraint audit_events_policy_hash_form
    check (policy_hash ~ '^sha256:[0-9a-f]+$' and octet_length(policy_hash) = 71),
  constraint audit_events_rule_form check (rule ~ '^[a-z][a-z0-9_-]*$' and octet_length(rule) <= 64),
  constraint audit_events_features_form check (
    features::text
      ~ '^\{("[a-z][a-z0-9_]*": |"[A-Za-z0-9._:/@+-]+"|true|false|null|[0-9]{1,16}(, |[]}])|[][{}]|, )*$'
    and features::text !~ '[A-Za-z0-9._:/@+-]{129}'
  ),
  constraint audit_events_shadow_form check (
    shadow::text ~ '^\[("[a-z][a-z0-9_]*": |"[a-z][a-z0-9_-]*"|true|false|null|[][{}]|, )*$'
    and shadow::text !~ '[a-z0-9_-]{65}'
  ),
  constraint audit_events_message_count_not_negative check (message_count >= 0),
  constraint audit_events_prompt_length_not_negative check (prompt_length >= 0),
  constraint audit_events_prompt_tokens_not_negative check (prompt_tokens >= 0),
  constraint audit_events_completion_tokens_not_negative check (completion_tokens >= 0),
  constraint audit_events_cost_micros_not_negative check (cost_micros >= 0),
  constraint audit_events_latency_ms_not_negative check (latency_ms >= 0),
  constraint audit_events_prompt_digest_form check (
    prompt_digest ~ '^hmac-sha256:[A-Za-z0-9._-]+:[0-9a-f]+$'
    and octet_length(split_part(prompt_digest, ':', 2)) <= 64 and octet_length(split_part(prompt_digest, ':', 3)) = 64
  ),
  constraint audit_events_salt_length check (octet_length(salt) = 16)
) partition by range (received_at);

-- Takes what no day's partition does: rows of a clock that was far off, and those of a day that nobody prepared.
create table audit_events_default partition of audit_events default;

-- A day that has rows is prepared here, since no partition can be attached for rows that the default one has already.
do $$
declare
  known record;
begin
  for known in
    select distinct (received_at at time zone 'UTC')::date as day from audit_events_before
  loop
    execute format(
      'create table %I partition of audit_events for values from (%L) to (%L)',
      'audit_events_' || to_char(known.day, 'YYYYMMDD'),
      known.day::timestamp at time zone 'UTC',
      (known.day + 1)::timestamp at time zone 'UTC'
    );
  end loop;
end
$$;

create index audit_events_received_at_idx on audit_events (received_at desc, request_id desc);
create index audit_events_prompt_digest_idx on audit_events using hash (prompt_digest);

insert into audit_events (
  request_id, received_at, record_version, completed_at, status, surface, streamed, decision, provider, zone, model,
  answered_provider, answered_zone, answered_model, reason_codes, policy_hash, rule, features, shadow, findings,
  scan_ruleset, failure_category, message_count, prompt_length, prompt_digest, prompt_tokens, completion_tokens, latency_ms
)
select
  request_id, received_at, 0, coalesce(completed_at, now()),
  case status when 'pending' then 'interrupted' else status end, surface, streamed, decision, provider, zone, model,
  answered_provider, answered_zone, case when answered_provider is null then null else model end, reason_codes,
  policy_hash, rule, features, shadow, findings, scan_ruleset, failure_category, message_count, prompt_length,
  prompt_digest, prompt_tokens, completion_tokens, latency_ms
from audit_events_before;

-- lint:allow its rows are in the new table
drop table audit_events_before;

comment on table audit_events is
  'One row for each chat request that was admitted and has ended, never changed but by erasure. Holds no text of prompt or answer.';
comment on table audit_events_default is 'Rows of days that have no partition of their own.';
comment on column audit_events.request_id is 'UUIDv7 made by the gateway; the caller sees it as x-request-id.';
comment on column audit_events.received_at is 'When the gateway admitted the request, by its own clock.';
comment on column audit_events.record_version is
  'The form of the record that is hashed into the leaf; 0 in rows that are older than the log and no leaf of it.';
comment on column audit_events.instance_id is 'The spool that it came by; null in rows that are older than the log.';
comment on column audit_events.instance_seq is 'As which of the records of that spool, from 1 on without gaps.';
comment on column audit_events.completed_at is 'When the outcome was known, by the clock of the gateway that knew it.';
comment on column audit_events.status is 'How it ended; interrupted when its process died before it had.';
comment on column audit_events.surface is 'The API the request came by.';
comment on column audit_events.streamed is 'Whether the caller asked for the answer as a stream.';
comment on column audit_events.decision is 'What policy decided: route to a provider, or deny.';
comment on column audit_events.provider is 'The provider decided on, to be asked first; null when denied.';
comment on column audit_events.zone is 'Where that provider runs: local, cloud, or a zone that the policy names.';
comment on column audit_events.model is 'The model decided on; in rows older than the log the one that answered, where one did.';
comment on column audit_events.answered_provider is
  'The provider that answered, or was asked last; those before it in the decision were asked too. Null where none was.';
comment on column audit_events.answered_zone is 'Where that provider runs.';
comment on column audit_events.answered_model is 'The model that answered, or was asked last.';
comment on column audit_events.reason_codes is
  'Why policy decided so, at least one: codes of the policy, then the one of the closed table that refused.';
comment on column audit_events.policy_hash is
  'The policy that decided, as policies.hash; null in rows of versions that did not say.';
comment on column audit_events.rule is
  'The rule of that policy that matched, or default; null in rows of versions that did not say.';
comment on column audit_events.features is
  'All that the decision depended on, as numbers, booleans and names; null in rows of versions that did not say.';
comment on column audit_events.shadow is
  'What rules would have done that are only watched: rule, outcome, provider, whether it differs from the decision.';
comment on column audit_events.findings is
  'How many of each kind the scanner found, as code to count; empty also in rows of versions that did not say.';
comment on column audit_events.scan_ruleset is
  'The rules it was scanned by, <version>:<SHA-256>; null in rows of versions that did not say.';
comment on column audit_events.failure_category is 'What kind of provider failure it was; only when failed.';
comment on column audit_events.message_count is
  'Messages in the request; a text to continue or to embed counts as one.';
comment on column audit_events.prompt_length is
  'Unicode code points in all messages with their tool calls, or in the texts to continue or embed.';
comment on column audit_events.prompt_digest is
  'Keyed digest of the messages, hmac-sha256:<key id>:<64 hex digits>. Meaningless without the key.';
comment on column audit_events.prompt_tokens is 'Tokens, as the provider reported them; null where it reported none.';
comment on column audit_events.completion_tokens is 'Tokens, as the provider reported them; null where it reported none.';
comment on column audit_events.cost_micros is
  'Millionths of a US dollar, by reported tokens and the prices of the policy; null where either is not known.';
comment on column audit_events.latency_ms is 'Milliseconds from received to completed, by a monotonic clock.';
comment on column audit_events.salt is 'Random, part of the record: without it nobody can tell from a leaf what the row said.';
comment on column audit_events.column_checks is
  'A CRC-32C for each field of the record, to say which column was changed when the row does not match its leaf.';
comment on column audit_events.erased_at is
  'When all else but id, time and stamp was erased; the leaf stays, and the erasure is an action of its own.';

-- migrate:down

-- Rows that were erased have nothing left that the older version could hold; they and the columns it does not know go.
-- lint:allow every other row moves to the older table below, in the same transaction
alter table audit_events rename to audit_events_partitioned;
-- lint:allow as above
alter table audit_events_partitioned drop constraint audit_events_pkey;
-- lint:allow as above
drop index audit_events_received_at_idx;

create table audit_events (
  request_id uuid not null,
  received_at timestamptz not null,
  settle_by timestamptz not null,
  completed_at timestamptz,
  status text not null,
  surface text not null,
  decision text not null,
  provider text,
  zone text,
  model text,
  reason_codes text[] not null,
  failure_category text,
  message_count integer not null,
  prompt_length integer not null,
  prompt_digest text not null,
  prompt_tokens integer,
  completion_tokens integer,
  latency_ms integer,
  streamed boolean not null,
  findings jsonb not null default '{}',
  scan_ruleset text,
  policy_hash text,
  rule text,
  features jsonb,
  shadow jsonb,
  answered_provider text,
  answered_zone text,

  constraint audit_events_pkey primary key (request_id),
  constraint audit_events_status_known
    check (status in ('pending', 'succeeded', 'failed', 'denied', 'client_aborted', 'interrupted')),
  constraint audit_events_surface_known check (
    surface in (
      'native',
      'openai_chat', 'openai_completions', 'openai_embeddings', 'openai_responses',
      'ollama_chat', 'ollama_generate', 'ollama_embed', 'ollama_embeddings'
    )
  ),
  constraint audit_events_decision_known check (decision in ('route', 'deny')),
  constraint audit_events_zone_form check (zone ~ '^[a-z][a-z0-9_-]{0,31}$'),
  constraint audit_events_provider_form check (provider ~ '^[a-z][a-z0-9_-]{0,31}$'),
  constraint audit_events_answered_form check (
    answered_provider ~ '^[a-z][a-z0-9_-]{0,31}$' and answered_zone ~ '^[a-z][a-z0-9_-]{0,31}$'
  ),
  constraint audit_events_completed_unless_pending check ((status = 'pending') = (completed_at is null)),
  constraint audit_events_failure_only_when_failed check (failure_category is null or status = 'failed'),
  constraint audit_events_denied_by_decision check (status <> 'denied' or decision = 'deny'),
  constraint audit_events_route_has_target
    check (decision <> 'route' or (provider is not null and zone is not null)),
  constraint audit_events_reason_codes_given
    check (cardinality(reason_codes) >= 1 and array_position(reason_codes, null) is null),
  constraint audit_events_reason_codes_form check (
    not jsonb_path_exists(to_jsonb(reason_codes), '$[*] ? (!(@ like_regex "^[a-z][a-z0-9_.]{0,63}$"))')
  ),
  constraint audit_events_settle_by_not_before_received check (settle_by >= received_at),
  constraint audit_events_message_count_not_negative check (message_count >= 0),
  constraint audit_events_prompt_length_not_negative check (prompt_length >= 0),
  constraint audit_events_prompt_tokens_not_negative check (prompt_tokens >= 0),
  constraint audit_events_completion_tokens_not_negative check (completion_tokens >= 0),
  constraint audit_events_latency_ms_not_negative check (latency_ms >= 0),
  constraint audit_events_prompt_digest_form
    check (prompt_digest ~ '^hmac-sha256:[A-Za-z0-9._-]{1,64}:[0-9a-f]{64}$'),
  constraint audit_events_findings_object check (jsonb_typeof(findings) = 'object'),
  constraint audit_events_findings_codes_and_counts check (
    not jsonb_path_exists(
      findings,
      '$.keyvalue() ? (
        !(@.key like_regex "^[a-z][a-z0-9_.-]{0,99}$")
        || @.value.type() != "number" || @.value < 1 || @.value.floor() != @.value
      )',
      '{}',
      true
    )
  ),
  constraint audit_events_scan_ruleset_form check (scan_ruleset ~ '^[0-9]+\.[0-9]+\.[0-9]+:[0-9a-f]{64}$'),
  constraint audit_events_policy_hash_form check (policy_hash ~ '^sha256:[0-9a-f]{64}$'),
  constraint audit_events_rule_form check (rule ~ '^[a-z][a-z0-9_-]{0,63}$'),
  constraint audit_events_policy_whole_or_absent check (num_nulls(policy_hash, rule, features, shadow) in (0, 4)),
  constraint audit_events_features_form check (
    features::text
      ~ '^\{("[a-z][a-z0-9_]*": |"[A-Za-z0-9._:/@+-]+"|true|false|null|[0-9]{1,16}(, |[]}])|[][{}]|, )*$'
    and features::text !~ '[A-Za-z0-9._:/@+-]{129}'
  ),
  constraint audit_events_shadow_form check (
    shadow::text ~ '^\[("[a-z][a-z0-9_]*": |"[a-z][a-z0-9_-]*"|true|false|null|[][{}]|, )*$'
    and shadow::text !~ '[a-z0-9_-]{65}'
  )
);

insert into audit_events (
  request_id, received_at, settle_by, completed_at, status, surface, decision, provider, zone, model, reason_codes,
  failure_category, message_count, prompt_length, prompt_digest, prompt_tokens, completion_tokens, latency_ms, streamed,
  findings, scan_ruleset, policy_hash, rule, features, shadow, answered_provider, answered_zone
)
select
  request_id, received_at, greatest(received_at, completed_at), completed_at, status, surface, decision, provider, zone,
  coalesce(answered_model, model), reason_codes, failure_category, message_count, prompt_length, prompt_digest,
  prompt_tokens, completion_tokens, latency_ms, streamed, findings, scan_ruleset, policy_hash, rule, features, shadow,
  answered_provider, answered_zone
from audit_events_partitioned
where erased_at is null;

-- lint:allow its rows are in the older table
drop table audit_events_partitioned;

create index audit_events_received_at_idx on audit_events (received_at desc, request_id desc);
create index audit_events_pending_settle_by_idx on audit_events (settle_by) where status = 'pending';

comment on table audit_events is
  'One row for each admitted chat request, written before a provider is called. Holds no text of prompt or answer.';
comment on column audit_events.request_id is 'UUIDv7 made by the gateway; the caller sees it as x-request-id.';
comment on column audit_events.received_at is 'When the gateway admitted the request, by its own clock.';
comment on column audit_events.settle_by is
  'A row that is still pending after this moment belongs to a process that died.';
comment on column audit_events.completed_at is 'When the outcome was known; null exactly while pending.';
comment on column audit_events.status is 'pending, then once and for good one of the outcomes.';
comment on column audit_events.surface is 'The API the request came by.';
comment on column audit_events.decision is 'What policy decided: route to a provider, or deny.';
comment on column audit_events.provider is 'The provider decided on, to be asked first; null when denied.';
comment on column audit_events.zone is 'Where that provider runs: local, cloud, or a zone that the policy names.';
comment on column audit_events.model is 'The model that answered, else the one that was asked.';
comment on column audit_events.reason_codes is
  'Why policy decided so, at least one: codes of the policy, then the one of the closed table that refused.';
comment on column audit_events.failure_category is 'What kind of provider failure it was; only when failed.';
comment on column audit_events.message_count is
  'Messages in the request; a text to continue or to embed counts as one.';
comment on column audit_events.prompt_length is
  'Unicode code points in all messages with their tool calls, or in the texts to continue or embed.';
comment on column audit_events.prompt_digest is
  'Keyed digest of the messages, hmac-sha256:<key id>:<64 hex digits>. Meaningless without the key.';
comment on column audit_events.prompt_tokens is 'Tokens, as the provider reported them; null where it reported none.';
comment on column audit_events.completion_tokens is 'Tokens, as the provider reported them; null where it reported none.';
comment on column audit_events.latency_ms is 'Milliseconds from received to completed, by a monotonic clock.';
comment on column audit_events.streamed is 'Whether the caller asked for the answer as a stream.';
comment on column audit_events.findings is
  'How many of each kind the scanner found, as code to count; empty also in rows of versions that did not say.';
comment on column audit_events.scan_ruleset is
  'The rules it was scanned by, <version>:<SHA-256>; null in rows of versions that did not say.';
comment on column audit_events.policy_hash is
  'The policy that decided, as policies.hash; null in rows of versions that did not say.';
comment on column audit_events.rule is
  'The rule of that policy that matched, or default; null in rows of versions that did not say.';
comment on column audit_events.features is
  'All that the decision depended on, as numbers, booleans and names; null in rows of versions that did not say.';
comment on column audit_events.shadow is
  'What rules would have done that are only watched: rule, outcome, provider, whether it differs from the decision.';
comment on column audit_events.answered_provider is
  'The provider that answered, or was asked last; those before it in the decision were asked too. Null where none was.';
comment on column audit_events.answered_zone is 'Where that provider runs.';
