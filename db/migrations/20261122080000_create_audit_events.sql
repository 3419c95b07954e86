-- migrate:up

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

  constraint audit_events_pkey primary key (request_id),
  constraint audit_events_status_known
    check (status in ('pending', 'succeeded', 'failed', 'denied', 'client_aborted', 'interrupted')),
  constraint audit_events_surface_known check (surface in ('native')),
  constraint audit_events_decision_known check (decision in ('route', 'deny')),
  constraint audit_events_zone_known check (zone in ('local', 'cloud')),
  constraint audit_events_completed_unless_pending check ((status = 'pending') = (completed_at is null)),
  constraint audit_events_failure_only_when_failed check (failure_category is null or status = 'failed'),
  constraint audit_events_denied_by_decision check (status <> 'denied' or decision = 'deny'),
  constraint audit_events_route_has_target
    check (decision <> 'route' or (provider is not null and zone is not null)),
  constraint audit_events_reason_codes_given
    check (cardinality(reason_codes) >= 1 and array_position(reason_codes, null) is null),
  constraint audit_events_settle_by_not_before_received check (settle_by >= received_at),
  constraint audit_events_message_count_not_negative check (message_count >= 0),
  constraint audit_events_prompt_length_not_negative check (prompt_length >= 0),
  constraint audit_events_prompt_tokens_not_negative check (prompt_tokens >= 0),
  constraint audit_events_completion_tokens_not_negative check (completion_tokens >= 0),
  constraint audit_events_latency_ms_not_negative check (latency_ms >= 0),
  constraint audit_events_prompt_digest_form
    check (prompt_digest ~ '^hmac-sha256:[A-Za-z0-9._-]{1,64}:[0-9a-f]{64}$')
);

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
comment on column audit_events.provider is 'The provider decided on; null when denied.';
comment on column audit_events.zone is 'Where that provider runs: local, or cloud.';
comment on column audit_events.model is 'The model that answered, else the one that was asked.';
comment on column audit_events.reason_codes is 'Why policy decided so, at least one code of the closed table of reasons.';
comment on column audit_events.failure_category is 'What kind of provider failure it was; only when failed.';
comment on column audit_events.message_count is 'Messages in the request.';
comment on column audit_events.prompt_length is 'Unicode code points in all messages together.';
comment on column audit_events.prompt_digest is
  'Keyed digest of the messages, hmac-sha256:<key id>:<64 hex digits>. Meaningless without the key.';
comment on column audit_events.prompt_tokens is 'Tokens, as the provider reported them; null where it reported none.';
comment on column audit_events.completion_tokens is 'Tokens, as the provider reported them; null where it reported none.';
comment on column audit_events.latency_ms is 'Milliseconds from received to completed, by a monotonic clock.';
comment on column audit_events.streamed is 'Whether the caller asked for the answer as a stream.';

-- migrate:down

drop table audit_events;
