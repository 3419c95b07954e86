-- migrate:up

-- Those that act on tables run as their owner, so that a role that may call them needs no right to the tables. Each is
-- one statement to its caller, and either all of it happens or nothing. None waits long for a lock, since those who write
-- would queue behind it; whoever drops gives up before PostgreSQL would end somebody else's statement for a deadlock.

create function audit_create_partitions(from_day date, day_count integer) returns integer
language plpgsql
security definer
set search_path = pg_catalog, public, pg_temp
set lock_timeout = '2s'
as $$
declare
  day date;
  begins timestamptz;
  ends timestamptz;
  suffix text;
  created_count integer := 0;
begin
  if day_count not between 1 and 31 then
    raise exception using errcode = 'invalid_parameter_value', message = 'day_count is not from 1 to 31';
  end if;
  -- Replicas start together; the slower one finds the tables there.
  perform pg_advisory_xact_lock(hashtext('audit_create_partitions'));
  for day in select from_day + ordinal from generate_series(0, day_count - 1) as ordinal loop
    suffix := to_char(day, 'YYYYMMDD');
    begins := day::timestamp at time zone 'UTC';
    ends := (day + 1)::timestamp at time zone 'UTC';
    continue when to_regclass('public.audit_events_' || suffix) is not null;
    -- Nobody may begin this day in the default partition between the look and the end.
    lock table audit_events_default in access exclusive mode;
    lock table audit_leaves_default in access exclusive mode;
    -- What has begun in the default partition stays there until it is dropped: nothing is moved while requests go on.
    continue when exists (select from audit_events_default where received_at >= begins and received_at < ends);
    continue when exists (select from audit_leaves_default where received_at >= begins and received_at < ends);
    -- To attach a table locks nobody out of the parent, as to create it there would.
    execute format('create table public.%I (like public.audit_events including constraints)', 'audit_events_' || suffix);
    execute format('create table public.%I (like public.audit_leaves including constraints)', 'audit_leaves_' || suffix);
    execute format(
      'alter table public.audit_events attach partition public.%I for values from (%L) to (%L)',
      'audit_events_' || suffix, begins, ends
    );
    execute format(
      'alter table public.audit_leaves attach partition public.%I for values from (%L) to (%L)',
      'audit_leaves_' || suffix, begins, ends
    );
    created_count := created_count + 1;
  end loop;
  return created_count;
end
$$;

comment on function audit_create_partitions(date, integer) is
  'Makes the daily partitions (UTC) of audit_events and audit_leaves that are not there yet; returns how many days that were.';

-- With the rights of its caller, who may insert into audit_actions, or is one of the functions below.
create function audit_append_action(
  given_action_id uuid, given_kind text, given_performed_at timestamptz, given_instance_id uuid,
  given_instance_seq bigint, given_details jsonb, given_salt bytea, given_leaf_hash bytea
) returns bigint
language plpgsql
as $$
declare
  index_given bigint;
begin
  -- The lock comes before the look: who says the same at the same time waits here and then finds it said.
  select next_index into strict index_given from audit_log_state for update;
  if exists (select from audit_actions where action_id = given_action_id) then
    return (select leaf_index from audit_actions where action_id = given_action_id);
  end if;
  insert into audit_actions (
    action_id, leaf_index, leaf_hash, record_version, kind, performed_at, instance_id, instance_seq, details, salt
  )
  values (
    given_action_id, index_given, given_leaf_hash, 1, given_kind, given_performed_at, given_instance_id,
    given_instance_seq, given_details, given_salt
  );
  update audit_log_state set next_index = index_given + 1;
  return index_given;
end
$$;

comment on function audit_append_action(uuid, text, timestamptz, uuid, bigint, jsonb, bytea, bytea) is
  'Puts an action on record as the next leaf of the log and returns its index; said again, the index that it has.';

create function audit_erase_event(
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

comment on function audit_erase_event(uuid, timestamptz, jsonb, bytea, bytea) is
  'Erases the row that details name, puts that on record, returns the index of the action; null where it is not as they say.';

create function audit_retention_details(partition_name text, before_time timestamptz) returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  counted record;
begin
  if partition_name = 'audit_events_default' then
    select
      count(leaf.leaf_index) as leaf_count, min(leaf.leaf_index) as first_leaf_index,
      max(leaf.leaf_index) as last_leaf_index, count(*) filter (where event.record_version = 0) as unlogged_count
    into counted
    from audit_events_default as event
    left join audit_leaves_default as leaf using (request_id, received_at)
    where event.received_at < before_time;
  else
    select
      coalesce(sum(leaf_count), 0)::bigint as leaf_count, min(first_leaf_index) as first_leaf_index,
      max(last_leaf_index) as last_leaf_index, coalesce(sum(unlogged_count), 0)::bigint as unlogged_count
    into counted
    from audit_days
    where day = to_date(right(partition_name, 8), 'YYYYMMDD');
  end if;
  return jsonb_build_object(
    'partition', partition_name,
    'before', (extract(epoch from before_time) * 1000000)::bigint,
    'leaf_count', counted.leaf_count,
    'first_leaf_index', counted.first_leaf_index,
    'last_leaf_index', counted.last_leaf_index,
    'unlogged_count', counted.unlogged_count
  );
end
$$;

comment on function audit_retention_details(text, timestamptz) is
  'What there is to say of dropping a day''s partition, or what the default one holds of before a time.';

create function audit_drop_day(
  given_action_id uuid, given_performed_at timestamptz, given_details jsonb, given_salt bytea, given_leaf_hash bytea
) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, public, pg_temp
set lock_timeout = '500ms'
as $$
declare
  events_name text := given_details ->> 'partition';
  leaves_name text := replace(given_details ->> 'partition', 'audit_events_', 'audit_leaves_');
  dropped_day date;
  least_leaf bigint;
  greatest_leaf bigint;
begin
  if exists (select from audit_actions where action_id = given_action_id) then
    return (select leaf_index from audit_actions where action_id = given_action_id);
  end if;
  if events_name !~ '^audit_events_[0-9]{8}$' or to_regclass('public.' || events_name) is null then
    return null;
  end if;
  dropped_day := to_date(right(events_name, 8), 'YYYYMMDD');
  -- In the order in which those who insert take them. To drop a partition locks the parent in any case.
  lock table only audit_events in access exclusive mode;
  lock table only audit_leaves in access exclusive mode;
  if given_details is distinct from
    audit_retention_details(events_name, (dropped_day + 1)::timestamp at time zone 'UTC') then
    return null;
  end if;
  execute format('select min(leaf_index), max(leaf_index) from public.%I', leaves_name) into least_leaf, greatest_leaf;
  -- Tiles and counts must have all of it; and what was counted must be what is there.
  if least_leaf is distinct from (given_details ->> 'first_leaf_index')::bigint
    or greatest_leaf is distinct from (given_details ->> 'last_leaf_index')::bigint
    or greatest_leaf >= (select tree_size from audit_log_tree)
    or greatest_leaf >= (select next_index from audit_rollup_state) then
    return null;
  end if;
  execute format('drop table public.%I, public.%I', events_name, leaves_name);
  delete from audit_days where day = dropped_day;
  return audit_append_action(
    given_action_id, 'retention', given_performed_at, null, null, given_details, given_salt, given_leaf_hash
  );
end
$$;

comment on function audit_drop_day(uuid, timestamptz, jsonb, bytea, bytea) is
  'Drops the day''s rows and leaves that details name, puts that on record, returns the index of the action; null where it is not as they say, or not all of it is in tiles and counts.';

create function audit_clear_default(
  given_action_id uuid, given_performed_at timestamptz, given_details jsonb, given_salt bytea, given_leaf_hash bytea
) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, public, pg_temp
set lock_timeout = '500ms'
as $$
declare
  before_time timestamptz :=
    timestamptz '1970-01-01T00:00:00Z' + (given_details ->> 'before')::bigint * interval '1 microsecond';
begin
  if exists (select from audit_actions where action_id = given_action_id) then
    return (select leaf_index from audit_actions where action_id = given_action_id);
  end if;
  lock table audit_events_default in share row exclusive mode;
  lock table audit_leaves_default in share row exclusive mode;
  if given_details is distinct from audit_retention_details('audit_events_default', before_time)
    or (given_details ->> 'last_leaf_index')::bigint >= (select tree_size from audit_log_tree)
    or (given_details ->> 'last_leaf_index')::bigint >= (select next_index from audit_rollup_state) then
    return null;
  end if;
  delete from audit_leaves_default as leaf
  using audit_events_default as event
  where event.received_at < before_time
    and leaf.request_id = event.request_id and leaf.received_at = event.received_at;
  delete from audit_events_default where received_at < before_time;
  delete from audit_days
  where day < (before_time at time zone 'UTC')::date
    and to_regclass('public.audit_events_' || to_char(day, 'YYYYMMDD')) is null;
  return audit_append_action(
    given_action_id, 'retention', given_performed_at, null, null, given_details, given_salt, given_leaf_hash
  );
end
$$;

comment on function audit_clear_default(uuid, timestamptz, jsonb, bytea, bytea) is
  'As audit_drop_day, for what the default partition holds of before a time.';

-- Whoever may create a function may call it; these are for those whom audit_grant_roles() names.
revoke all on function audit_create_partitions(date, integer) from public;
revoke all on function audit_retention_details(text, timestamptz) from public;
revoke all on function audit_erase_event(uuid, timestamptz, jsonb, bytea, bytea) from public;
revoke all on function audit_drop_day(uuid, timestamptz, jsonb, bytea, bytea) from public;
revoke all on function audit_clear_default(uuid, timestamptz, jsonb, bytea, bytea) from public;

-- migrate:down

drop function audit_clear_default(uuid, timestamptz, jsonb, bytea, bytea);
drop function audit_drop_day(uuid, timestamptz, jsonb, bytea, bytea);
drop function audit_retention_details(text, timestamptz);
drop function audit_erase_event(uuid, timestamptz, jsonb, bytea, bytea);
drop function audit_append_action(uuid, text, timestamptz, uuid, bigint, jsonb, bytea, bytea);
drop function audit_create_partitions(date, integer);
