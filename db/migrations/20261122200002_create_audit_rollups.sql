-- migrate:up

create table audit_rollup_state (
  id boolean not null default true,
  next_index bigint not null,

  constraint audit_rollup_state_pkey primary key (id),
  constraint audit_rollup_state_one_row check (id),
  constraint audit_rollup_state_next_index_not_negative check (next_index >= 0)
);
insert into audit_rollup_state (next_index) values (0);

create table audit_hourly (
  hour timestamptz not null,
  provider text,
  zone text,
  model text,
  status text not null,
  rule text,
  team text,
  request_count bigint not null,
  prompt_tokens bigint not null,
  completion_tokens bigint not null,
  costed_count bigint not null,
  cost_micros bigint not null,
  timed_count bigint not null,
  latency_ms_sum bigint not null,
  latency_le_50_ms bigint not null,
  latency_le_100_ms bigint not null,
  latency_le_250_ms bigint not null,
  latency_le_500_ms bigint not null,
  latency_le_1000_ms bigint not null,
  latency_le_2500_ms bigint not null,
  latency_le_5000_ms bigint not null,
  latency_le_10000_ms bigint not null,
  latency_le_30000_ms bigint not null,
  latency_le_60000_ms bigint not null,

  constraint audit_hourly_unique unique nulls not distinct (hour, provider, zone, model, status, rule, team),
  constraint audit_hourly_hour_whole check (hour = date_trunc('hour', hour, 'UTC')),
  constraint audit_hourly_counts_in_order check (
    request_count >= 1
    and costed_count between 0 and request_count
    and latency_le_50_ms between 0 and latency_le_100_ms
    and latency_le_100_ms <= latency_le_250_ms
    and latency_le_250_ms <= latency_le_500_ms
    and latency_le_500_ms <= latency_le_1000_ms
    and latency_le_1000_ms <= latency_le_2500_ms
    and latency_le_2500_ms <= latency_le_5000_ms
    and latency_le_5000_ms <= latency_le_10000_ms
    and latency_le_10000_ms <= latency_le_30000_ms
    and latency_le_30000_ms <= latency_le_60000_ms
    and latency_le_60000_ms <= timed_count
    and timed_count <= request_count
  )
);

create table audit_days (
  day date not null,
  leaf_count bigint not null,
  first_leaf_index bigint,
  last_leaf_index bigint,
  unlogged_count bigint not null,

  constraint audit_days_pkey primary key (day),
  constraint audit_days_counts_not_negative check (leaf_count >= 0 and unlogged_count >= 0),
  constraint audit_days_leaves_whole_or_absent check (
    case leaf_count
      when 0 then num_nonnulls(first_leaf_index, last_leaf_index) = 0
      else last_leaf_index - first_leaf_index >= leaf_count - 1
    end
  )
);

-- Rows that are older than the log have no index to be counted by, and none of them is to come any more.
insert into audit_days (day, leaf_count, unlogged_count)
select (received_at at time zone 'UTC')::date, 0, count(*)
from audit_events
where record_version = 0
group by (received_at at time zone 'UTC')::date;

insert into audit_hourly (
  hour, provider, zone, model, status, rule, team, request_count, prompt_tokens, completion_tokens, costed_count,
  cost_micros, timed_count, latency_ms_sum, latency_le_50_ms, latency_le_100_ms, latency_le_250_ms, latency_le_500_ms,
  latency_le_1000_ms, latency_le_2500_ms, latency_le_5000_ms, latency_le_10000_ms, latency_le_30000_ms,
  latency_le_60000_ms
)
select
  date_trunc('hour', received_at, 'UTC'), answered_provider, answered_zone, answered_model, status, rule,
  features -> 'labels' ->> 'team', count(*), coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0),
  count(cost_micros), coalesce(sum(cost_micros), 0), count(latency_ms), coalesce(sum(latency_ms), 0),
  count(*) filter (where latency_ms <= 50), count(*) filter (where latency_ms <= 100),
  count(*) filter (where latency_ms <= 250), count(*) filter (where latency_ms <= 500),
  count(*) filter (where latency_ms <= 1000), count(*) filter (where latency_ms <= 2500),
  count(*) filter (where latency_ms <= 5000), count(*) filter (where latency_ms <= 10000),
  count(*) filter (where latency_ms <= 30000), count(*) filter (where latency_ms <= 60000)
from audit_events
where record_version = 0
group by
  date_trunc('hour', received_at, 'UTC'), answered_provider, answered_zone, answered_model, status, rule,
  features -> 'labels' ->> 'team';

comment on table audit_rollup_state is 'How far the log is counted in audit_hourly and audit_days.';
comment on column audit_rollup_state.id is 'There is one row.';
comment on column audit_rollup_state.next_index is
  'Every leaf below it is counted, once; who counts on moves it in the same statement.';

comment on table audit_hourly is
  'Requests by the hour in which they were received and how they ended, for dashboards. Stays when rows are dropped or erased.';
comment on column audit_hourly.hour is 'When the hour begins.';
comment on column audit_hourly.provider is 'The provider that answered, or was asked last; null where none was.';
comment on column audit_hourly.zone is 'Where that provider runs.';
comment on column audit_hourly.model is 'The model that answered, or was asked last.';
comment on column audit_hourly.status is 'How they ended.';
comment on column audit_hourly.rule is 'The rule that matched; null for rows of versions that did not say.';
comment on column audit_hourly.team is 'The label team of the caller; null where there was none.';
comment on column audit_hourly.request_count is 'How many.';
comment on column audit_hourly.prompt_tokens is 'All that providers reported.';
comment on column audit_hourly.completion_tokens is 'All that providers reported.';
comment on column audit_hourly.costed_count is 'Those whose cost is known.';
comment on column audit_hourly.cost_micros is 'What those cost together, in millionths of a US dollar.';
comment on column audit_hourly.timed_count is 'Those whose latency is known: all but interrupted ones.';
comment on column audit_hourly.latency_ms_sum is 'Milliseconds of those together.';
comment on column audit_hourly.latency_le_50_ms is 'Those that took at most so many milliseconds.';
comment on column audit_hourly.latency_le_100_ms is 'As above; each counts those of the ones before it, too.';
comment on column audit_hourly.latency_le_250_ms is 'As above.';
comment on column audit_hourly.latency_le_500_ms is 'As above.';
comment on column audit_hourly.latency_le_1000_ms is 'As above.';
comment on column audit_hourly.latency_le_2500_ms is 'As above.';
comment on column audit_hourly.latency_le_5000_ms is 'As above.';
comment on column audit_hourly.latency_le_10000_ms is 'As above.';
comment on column audit_hourly.latency_le_30000_ms is 'As above.';
comment on column audit_hourly.latency_le_60000_ms is 'As above.';

comment on table audit_days is
  'What each day (UTC) of received_at holds of the log, so that dropping it can be put on record without counting.';
comment on column audit_days.day is 'The day.';
comment on column audit_days.leaf_count is 'Rows that are leaves.';
comment on column audit_days.first_leaf_index is 'The least index of them.';
comment on column audit_days.last_leaf_index is 'The greatest index of them.';
comment on column audit_days.unlogged_count is 'Rows that are older than the log.';

-- migrate:down

-- lint:allow they are counted again from the rows when the tables come back
drop table audit_days, audit_hourly, audit_rollup_state;
