\restrict dbmate

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: audit_append_action(uuid, text, timestamp with time zone, uuid, bigint, jsonb, bytea, bytea); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_append_action(given_action_id uuid, given_kind text, given_performed_at timestamp with time zone, given_instance_id uuid, given_instance_seq bigint, given_details jsonb, given_salt bytea, given_leaf_hash bytea) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
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


--
-- Name: FUNCTION audit_append_action(given_action_id uuid, given_kind text, given_performed_at timestamp with time zone, given_instance_id uuid, given_instance_seq bigint, given_details jsonb, given_salt bytea, given_leaf_hash bytea); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.audit_append_action(given_action_id uuid, given_kind text, given_performed_at timestamp with time zone, given_instance_id uuid, given_instance_seq bigint, given_details jsonb, given_salt bytea, given_leaf_hash bytea) IS 'Puts an action on record as the next leaf of the log and returns its index; said again, the index that it has.';


--
-- Name: audit_clear_default(uuid, timestamp with time zone, jsonb, bytea, bytea); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_clear_default(given_action_id uuid, given_performed_at timestamp with time zone, given_details jsonb, given_salt bytea, given_leaf_hash bytea) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET lock_timeout TO '500ms'
    AS $$
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


--
-- Name: FUNCTION audit_clear_default(given_action_id uuid, given_performed_at timestamp with time zone, given_details jsonb, given_salt bytea, given_leaf_hash bytea); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.audit_clear_default(given_action_id uuid, given_performed_at timestamp with time zone, given_details jsonb, given_salt bytea, given_leaf_hash bytea) IS 'As audit_drop_day, for what the default partition holds of before a time.';


--
-- Name: audit_create_partitions(date, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_create_partitions(from_day date, day_count integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET lock_timeout TO '2s'
    AS $$
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


--
-- Name: FUNCTION audit_create_partitions(from_day date, day_count integer); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.audit_create_partitions(from_day date, day_count integer) IS 'Makes the daily partitions (UTC) of audit_events and audit_leaves that are not there yet; returns how many days that were.';


--
-- Name: audit_drop_day(uuid, timestamp with time zone, jsonb, bytea, bytea); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_drop_day(given_action_id uuid, given_performed_at timestamp with time zone, given_details jsonb, given_salt bytea, given_leaf_hash bytea) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET lock_timeout TO '500ms'
    AS $_$
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
$_$;


--
-- Name: FUNCTION audit_drop_day(given_action_id uuid, given_performed_at timestamp with time zone, given_details jsonb, given_salt bytea, given_leaf_hash bytea); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.audit_drop_day(given_action_id uuid, given_performed_at timestamp with time zone, given_details jsonb, given_salt bytea, given_leaf_hash bytea) IS 'Drops the day''s rows and leaves that details name, puts that on record, returns the index of the action; null where it is not as they say, or not all of it is in tiles and counts.';


--
-- Name: audit_erase_event(uuid, timestamp with time zone, jsonb, bytea, bytea); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_erase_event(given_action_id uuid, given_performed_at timestamp with time zone, given_details jsonb, given_salt bytea, given_leaf_hash bytea) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET lock_timeout TO '2s'
    AS $$
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


--
-- Name: FUNCTION audit_erase_event(given_action_id uuid, given_performed_at timestamp with time zone, given_details jsonb, given_salt bytea, given_leaf_hash bytea); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.audit_erase_event(given_action_id uuid, given_performed_at timestamp with time zone, given_details jsonb, given_salt bytea, given_leaf_hash bytea) IS 'Erases the row that details name, puts that on record, returns the index of the action; null where it is not as they say.';


--
-- Name: audit_grant_roles(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_grant_roles() RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  role_name text;
begin
  foreach role_name in array array['policy_mesh_app', 'policy_mesh_retention'] loop
    if not exists (select from pg_roles where rolname = role_name) then
      begin
        execute format('create role %I nologin', role_name);
      exception
        -- Roles belong to the whole server, and other databases on it may be migrated at the same time.
        when duplicate_object or unique_violation then null;
      end;
    end if;
  end loop;

  -- The gateway: it adds, and changes only what numbers, counts and signs.
  grant usage on schema public to policy_mesh_app;
  grant select, insert on
    audit_events, audit_leaves, audit_actions, audit_checkpoints, audit_log_keys, audit_tiles, policies,
    audit_hourly, audit_days
    to policy_mesh_app;
  grant select on audit_log_state, audit_log_tree, audit_rollup_state, schema_migrations to policy_mesh_app;
  grant update on audit_log_state, audit_log_tree, audit_tiles, audit_hourly, audit_days, audit_rollup_state
    to policy_mesh_app;
  grant update (last_activated_at) on policies to policy_mesh_app;
  grant execute on function audit_create_partitions(date, integer) to policy_mesh_app;

  -- Those who erase and drop: they read, count, and act through functions that put it on record.
  grant usage on schema public to policy_mesh_retention;
  grant select on
    audit_events, audit_leaves, audit_actions, audit_log_state, audit_log_tree, audit_hourly, audit_days,
    audit_rollup_state, audit_events_default, schema_migrations
    to policy_mesh_retention;
  grant insert, update on audit_hourly, audit_days to policy_mesh_retention;
  grant update on audit_rollup_state to policy_mesh_retention;
  grant execute on function
    audit_create_partitions(date, integer),
    audit_retention_details(text, timestamptz),
    audit_erase_event(uuid, timestamptz, jsonb, bytea, bytea),
    audit_drop_day(uuid, timestamptz, jsonb, bytea, bytea),
    audit_clear_default(uuid, timestamptz, jsonb, bytea, bytea)
    to policy_mesh_retention;
end
$$;


--
-- Name: FUNCTION audit_grant_roles(); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.audit_grant_roles() IS 'Makes the roles policy_mesh_app and policy_mesh_retention where they are missing, and gives them what they need here.';


--
-- Name: audit_retention_details(text, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_retention_details(partition_name text, before_time timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


--
-- Name: FUNCTION audit_retention_details(partition_name text, before_time timestamp with time zone); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.audit_retention_details(partition_name text, before_time timestamp with time zone) IS 'What there is to say of dropping a day''s partition, or what the default one holds of before a time.';


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: audit_actions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_actions (
    action_id uuid NOT NULL,
    leaf_index bigint NOT NULL,
    leaf_hash bytea NOT NULL,
    record_version smallint NOT NULL,
    kind text NOT NULL,
    performed_at timestamp with time zone NOT NULL,
    instance_id uuid,
    instance_seq bigint,
    details jsonb NOT NULL,
    salt bytea NOT NULL,
    CONSTRAINT audit_actions_details_object CHECK ((jsonb_typeof(details) = 'object'::text)),
    CONSTRAINT audit_actions_instance_whole_or_absent CHECK (((instance_id IS NULL) = (instance_seq IS NULL))),
    CONSTRAINT audit_actions_kind_known CHECK ((kind = ANY (ARRAY['erasure'::text, 'retention'::text, 'quarantine'::text]))),
    CONSTRAINT audit_actions_leaf_hash_length CHECK ((octet_length(leaf_hash) = 32)),
    CONSTRAINT audit_actions_leaf_index_not_negative CHECK ((leaf_index >= 0)),
    CONSTRAINT audit_actions_record_version_known CHECK ((record_version = 1)),
    CONSTRAINT audit_actions_salt_length CHECK ((octet_length(salt) = 16))
);


--
-- Name: TABLE audit_actions; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.audit_actions IS 'What was done to the log itself, each a leaf of it. Never changed.';


--
-- Name: COLUMN audit_actions.action_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_actions.action_id IS 'Made by whoever acts, so that to say it twice is to say it once.';


--
-- Name: COLUMN audit_actions.leaf_index; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_actions.leaf_index IS 'Where it stands in the log, from 0.';


--
-- Name: COLUMN audit_actions.leaf_hash; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_actions.leaf_hash IS 'SHA-256(0x00 || record), RFC 6962; the record in the form of RFC 8785.';


--
-- Name: COLUMN audit_actions.record_version; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_actions.record_version IS 'The form of the record.';


--
-- Name: COLUMN audit_actions.kind; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_actions.kind IS 'erasure of a row, retention: rows of a day dropped, quarantine: records that will never be rows.';


--
-- Name: COLUMN audit_actions.performed_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_actions.performed_at IS 'When, by the clock of whoever acted.';


--
-- Name: COLUMN audit_actions.instance_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_actions.instance_id IS 'The spool that a quarantine came by; null for what is done in the database.';


--
-- Name: COLUMN audit_actions.instance_seq; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_actions.instance_seq IS 'As which of the records of that spool.';


--
-- Name: COLUMN audit_actions.details; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_actions.details IS 'What exactly; by kind.';


--
-- Name: COLUMN audit_actions.salt; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_actions.salt IS 'Random, part of the record.';


--
-- Name: audit_checkpoints; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_checkpoints (
    tree_size bigint NOT NULL,
    root_hash bytea NOT NULL,
    note text NOT NULL,
    signed_at timestamp with time zone NOT NULL,
    CONSTRAINT audit_checkpoints_root_hash_length CHECK ((octet_length(root_hash) = 32)),
    CONSTRAINT audit_checkpoints_tree_size_not_negative CHECK ((tree_size >= 0))
);


--
-- Name: TABLE audit_checkpoints; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.audit_checkpoints IS 'Every checkpoint that was signed (C2SP tlog-checkpoint). Never changed.';


--
-- Name: COLUMN audit_checkpoints.tree_size; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_checkpoints.tree_size IS 'How many leaves it covers.';


--
-- Name: COLUMN audit_checkpoints.root_hash; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_checkpoints.root_hash IS 'The root of the tree over them.';


--
-- Name: COLUMN audit_checkpoints.note; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_checkpoints.note IS 'The checkpoint with its signatures, as it is given out.';


--
-- Name: COLUMN audit_checkpoints.signed_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_checkpoints.signed_at IS 'When, by the clock of the database.';


--
-- Name: audit_days; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_days (
    day date NOT NULL,
    leaf_count bigint NOT NULL,
    first_leaf_index bigint,
    last_leaf_index bigint,
    unlogged_count bigint NOT NULL,
    CONSTRAINT audit_days_counts_not_negative CHECK (((leaf_count >= 0) AND (unlogged_count >= 0))),
    CONSTRAINT audit_days_leaves_whole_or_absent CHECK (
CASE leaf_count
    WHEN 0 THEN (num_nonnulls(first_leaf_index, last_leaf_index) = 0)
    ELSE ((last_leaf_index - first_leaf_index) >= (leaf_count - 1))
END)
);


--
-- Name: TABLE audit_days; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.audit_days IS 'What each day (UTC) of received_at holds of the log, so that dropping it can be put on record without counting.';


--
-- Name: COLUMN audit_days.day; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_days.day IS 'The day.';


--
-- Name: COLUMN audit_days.leaf_count; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_days.leaf_count IS 'Rows that are leaves.';


--
-- Name: COLUMN audit_days.first_leaf_index; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_days.first_leaf_index IS 'The least index of them.';


--
-- Name: COLUMN audit_days.last_leaf_index; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_days.last_leaf_index IS 'The greatest index of them.';


--
-- Name: COLUMN audit_days.unlogged_count; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_days.unlogged_count IS 'Rows that are older than the log.';


--
-- Name: audit_events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_events (
    request_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    record_version smallint NOT NULL,
    instance_id uuid,
    instance_seq bigint,
    completed_at timestamp with time zone,
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
    erased_at timestamp with time zone,
    attempts jsonb,
    CONSTRAINT audit_events_answered_form CHECK (((answered_provider ~ '^[a-z][a-z0-9_-]*$'::text) AND (octet_length(answered_provider) <= 32) AND (answered_zone ~ '^[a-z][a-z0-9_-]*$'::text) AND (octet_length(answered_zone) <= 32))),
    CONSTRAINT audit_events_answered_model_form CHECK (((record_version = 0) OR ((answered_model ~ '^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$'::text) AND (octet_length(answered_model) <= 128)))),
    CONSTRAINT audit_events_attempts_form CHECK ((((attempts)::text ~ '^\[([{]?"[a-z_]+": ("[A-Za-z0-9._:/@+-]+"|[0-9]+|true|false)[}]?(, )?)*\]$'::text) AND ((octet_length((attempts)::text) <= 190) OR ((attempts)::text !~ '[A-Za-z0-9._:/@+-]{129}'::text)) AND (jsonb_path_query_array(attempts, '$[*].keyvalue()."key"'::jsonpath, '{}'::jsonb, true) <@ '["provider", "model", "result", "sent", "duration_ms"]'::jsonb) AND (jsonb_path_query_array(attempts, '$[*]."result"'::jsonpath) <@ '["answered", "timeout", "unreachable", "authentication", "rate_limited", "model_not_found", "bad_request", "content_filter", "context_length", "upstream_error", "malformed_response", "remote_model", "not_local", "circuit_open", "paused", "busy", "left"]'::jsonb))),
    CONSTRAINT audit_events_attempts_since_version_2 CHECK (
CASE
    WHEN (attempts IS NOT NULL) THEN (record_version >= 2)
    ELSE ((record_version < 2) OR (erased_at IS NOT NULL) OR (status = 'interrupted'::text))
END),
    CONSTRAINT audit_events_completion_tokens_not_negative CHECK ((completion_tokens >= 0)),
    CONSTRAINT audit_events_cost_micros_not_negative CHECK ((cost_micros >= 0)),
    CONSTRAINT audit_events_decision_known CHECK ((decision = ANY (ARRAY['route'::text, 'deny'::text]))),
    CONSTRAINT audit_events_denied_by_decision CHECK (((status <> 'denied'::text) OR (decision = 'deny'::text))),
    CONSTRAINT audit_events_erased_whole CHECK (((erased_at IS NULL) OR (num_nonnulls(completed_at, status, surface, streamed, decision, provider, zone, model, answered_provider, answered_zone, answered_model, reason_codes, policy_hash, rule, features, shadow, findings, scan_ruleset, failure_category, message_count, prompt_length, prompt_digest, prompt_tokens, completion_tokens, cost_micros, latency_ms, attempts, salt, column_checks) = 0))),
    CONSTRAINT audit_events_failure_only_when_failed CHECK (((failure_category IS NULL) OR (status = 'failed'::text))),
    CONSTRAINT audit_events_features_form CHECK ((((features)::text ~ '^\{("[a-z][a-z0-9_]*": |"[A-Za-z0-9._:/@+-]+"|true|false|null|[0-9]{1,16}(, |[]}])|[][{}]|, )*$'::text) AND ((features)::text !~ '[A-Za-z0-9._:/@+-]{129}'::text))),
    CONSTRAINT audit_events_findings_codes_and_counts CHECK ((((findings)::text ~ '^\{("[a-z][a-z0-9_.-]*": [1-9][0-9]*(, |(?=\})))*\}$'::text) AND ((octet_length((findings)::text) <= 104) OR ((findings)::text !~ '[a-z0-9_.-]{101}'::text)))),
    CONSTRAINT audit_events_instance_seq_at_least_one CHECK ((instance_seq >= 1)),
    CONSTRAINT audit_events_latency_ms_not_negative CHECK ((latency_ms >= 0)),
    CONSTRAINT audit_events_logged_by_an_instance CHECK ((((record_version = 0) = (instance_id IS NULL)) AND ((instance_id IS NULL) = (instance_seq IS NULL)))),
    CONSTRAINT audit_events_logged_with_its_salt CHECK (((record_version = 0) OR (erased_at IS NOT NULL) OR (num_nulls(policy_hash, rule, features, shadow, scan_ruleset, salt, column_checks) = 0))),
    CONSTRAINT audit_events_message_count_not_negative CHECK ((message_count >= 0)),
    CONSTRAINT audit_events_model_form CHECK (((record_version = 0) OR ((model ~ '^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$'::text) AND (octet_length(model) <= 128)))),
    CONSTRAINT audit_events_policy_hash_form CHECK (((policy_hash ~ '^sha256:[0-9a-f]+$'::text) AND (octet_length(policy_hash) = 71))),
    CONSTRAINT audit_events_prompt_digest_form CHECK (((prompt_digest ~ '^hmac-sha256:[A-Za-z0-9._-]+:[0-9a-f]+$'::text) AND (octet_length(split_part(prompt_digest, ':'::text, 2)) <= 64) AND (octet_length(split_part(prompt_digest, ':'::text, 3)) = 64))),
    CONSTRAINT audit_events_prompt_length_not_negative CHECK ((prompt_length >= 0)),
    CONSTRAINT audit_events_prompt_tokens_not_negative CHECK ((prompt_tokens >= 0)),
    CONSTRAINT audit_events_provider_form CHECK (((provider ~ '^[a-z][a-z0-9_-]*$'::text) AND (octet_length(provider) <= 32))),
    CONSTRAINT audit_events_reason_codes_form CHECK ((((reason_codes)::text ~ '^\{([a-z][a-z0-9_.]*|"null")(,([a-z][a-z0-9_.]*|"null"))*\}$'::text) AND ((octet_length((reason_codes)::text) <= 66) OR ((reason_codes)::text !~ '[a-z0-9_.]{65}'::text)))),
    CONSTRAINT audit_events_record_version_known CHECK (((record_version >= 0) AND (record_version <= 2))),
    CONSTRAINT audit_events_route_has_target CHECK (((decision <> 'route'::text) OR ((provider IS NOT NULL) AND (zone IS NOT NULL)))),
    CONSTRAINT audit_events_rule_form CHECK (((rule ~ '^[a-z][a-z0-9_-]*$'::text) AND (octet_length(rule) <= 64))),
    CONSTRAINT audit_events_salt_length CHECK ((octet_length(salt) = 16)),
    CONSTRAINT audit_events_scan_ruleset_form CHECK (((scan_ruleset ~ '^[0-9]+\.[0-9]+\.[0-9]+:[0-9a-f]+$'::text) AND (octet_length(split_part(scan_ruleset, ':'::text, 2)) = 64))),
    CONSTRAINT audit_events_shadow_form CHECK ((((shadow)::text ~ '^\[("[a-z][a-z0-9_]*": |"[a-z][a-z0-9_-]*"|true|false|null|[][{}]|, )*$'::text) AND ((shadow)::text !~ '[a-z0-9_-]{65}'::text))),
    CONSTRAINT audit_events_status_known CHECK ((status = ANY (ARRAY['succeeded'::text, 'failed'::text, 'denied'::text, 'client_aborted'::text, 'interrupted'::text]))),
    CONSTRAINT audit_events_surface_known CHECK ((surface = ANY (ARRAY['native'::text, 'openai_chat'::text, 'openai_completions'::text, 'openai_embeddings'::text, 'openai_responses'::text, 'ollama_chat'::text, 'ollama_generate'::text, 'ollama_embed'::text, 'ollama_embeddings'::text]))),
    CONSTRAINT audit_events_whole_unless_erased CHECK (((erased_at IS NOT NULL) OR (num_nulls(completed_at, status, surface, streamed, decision, reason_codes, findings, message_count, prompt_length, prompt_digest) = 0))),
    CONSTRAINT audit_events_zone_form CHECK (((zone ~ '^[a-z][a-z0-9_-]*$'::text) AND (octet_length(zone) <= 32)))
)
PARTITION BY RANGE (received_at);


--
-- Name: TABLE audit_events; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.audit_events IS 'One row for each chat request that was admitted and has ended, never changed but by erasure. Holds no text of prompt or answer.';


--
-- Name: COLUMN audit_events.request_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.request_id IS 'UUIDv7 made by the gateway; the caller sees it as x-request-id.';


--
-- Name: COLUMN audit_events.received_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.received_at IS 'When the gateway admitted the request, by its own clock.';


--
-- Name: COLUMN audit_events.record_version; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.record_version IS 'The form of the record that is hashed into the leaf; 0 in rows that are older than the log and no leaf of it.';


--
-- Name: COLUMN audit_events.instance_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.instance_id IS 'The spool that it came by; null in rows that are older than the log.';


--
-- Name: COLUMN audit_events.instance_seq; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.instance_seq IS 'As which of the records of that spool, from 1 on without gaps.';


--
-- Name: COLUMN audit_events.completed_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.completed_at IS 'When the outcome was known, by the clock of the gateway that knew it.';


--
-- Name: COLUMN audit_events.status; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.status IS 'How it ended; interrupted when its process died before it had.';


--
-- Name: COLUMN audit_events.surface; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.surface IS 'The API the request came by.';


--
-- Name: COLUMN audit_events.streamed; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.streamed IS 'Whether the caller asked for the answer as a stream.';


--
-- Name: COLUMN audit_events.decision; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.decision IS 'What policy decided: route to a provider, or deny.';


--
-- Name: COLUMN audit_events.provider; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.provider IS 'The provider decided on, to be asked first; null when denied.';


--
-- Name: COLUMN audit_events.zone; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.zone IS 'Where that provider runs: local, cloud, or a zone that the policy names.';


--
-- Name: COLUMN audit_events.model; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.model IS 'The model decided on; in rows older than the log the one that answered, where one did.';


--
-- Name: COLUMN audit_events.answered_provider; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.answered_provider IS 'The provider that answered, or was asked last; those before it in the decision were asked too. Null where none was.';


--
-- Name: COLUMN audit_events.answered_zone; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.answered_zone IS 'Where that provider runs.';


--
-- Name: COLUMN audit_events.answered_model; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.answered_model IS 'The model that answered, or was asked last.';


--
-- Name: COLUMN audit_events.reason_codes; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.reason_codes IS 'Why policy decided so, at least one: codes of the policy, then the one of the closed table that refused.';


--
-- Name: COLUMN audit_events.policy_hash; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.policy_hash IS 'The policy that decided, as policies.hash; null in rows of versions that did not say.';


--
-- Name: COLUMN audit_events.rule; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.rule IS 'The rule of that policy that matched, or default; null in rows of versions that did not say.';


--
-- Name: COLUMN audit_events.features; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.features IS 'All that the decision depended on, as numbers, booleans and names; null in rows of versions that did not say.';


--
-- Name: COLUMN audit_events.shadow; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.shadow IS 'What rules would have done that are only watched: rule, outcome, provider, whether it differs from the decision.';


--
-- Name: COLUMN audit_events.findings; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.findings IS 'How many of each kind the scanner found, as code to count; empty also in rows of versions that did not say.';


--
-- Name: COLUMN audit_events.scan_ruleset; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.scan_ruleset IS 'The rules it was scanned by, <version>:<SHA-256>; null in rows of versions that did not say.';


--
-- Name: COLUMN audit_events.failure_category; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.failure_category IS 'What kind of provider failure it was; only when failed.';


--
-- Name: COLUMN audit_events.message_count; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.message_count IS 'Messages in the request; a text to continue or to embed counts as one.';


--
-- Name: COLUMN audit_events.prompt_length; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.prompt_length IS 'Unicode code points in all messages with their tool calls, or in the texts to continue or embed.';


--
-- Name: COLUMN audit_events.prompt_digest; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.prompt_digest IS 'Keyed digest of the messages, hmac-sha256:<key id>:<64 hex digits>. Meaningless without the key.';


--
-- Name: COLUMN audit_events.prompt_tokens; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.prompt_tokens IS 'Tokens, as the provider reported them; null where it reported none.';


--
-- Name: COLUMN audit_events.completion_tokens; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.completion_tokens IS 'Tokens, as the provider reported them; null where it reported none.';


--
-- Name: COLUMN audit_events.cost_micros; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.cost_micros IS 'Millionths of a US dollar, by reported tokens and the prices of the policy; null where either is not known.';


--
-- Name: COLUMN audit_events.latency_ms; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.latency_ms IS 'Milliseconds from received to completed, by a monotonic clock.';


--
-- Name: COLUMN audit_events.salt; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.salt IS 'Random, part of the record: without it nobody can tell from a leaf what the row said.';


--
-- Name: COLUMN audit_events.column_checks; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.column_checks IS 'A CRC-32C for each field of the record, to say which column was changed when the row does not match its leaf.';


--
-- Name: COLUMN audit_events.erased_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.erased_at IS 'When all else but id, time and stamp was erased; the leaf stays, and the erasure is an action of its own.';


--
-- Name: COLUMN audit_events.attempts; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.attempts IS 'Whose turn it was, in order, how each ended, and whether anything of the request was sent. Null before version 2, and when interrupted.';


--
-- Name: audit_events_default; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_events_default (
    request_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    record_version smallint NOT NULL,
    instance_id uuid,
    instance_seq bigint,
    completed_at timestamp with time zone,
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
    erased_at timestamp with time zone,
    attempts jsonb,
    CONSTRAINT audit_events_answered_form CHECK (((answered_provider ~ '^[a-z][a-z0-9_-]*$'::text) AND (octet_length(answered_provider) <= 32) AND (answered_zone ~ '^[a-z][a-z0-9_-]*$'::text) AND (octet_length(answered_zone) <= 32))),
    CONSTRAINT audit_events_answered_model_form CHECK (((record_version = 0) OR ((answered_model ~ '^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$'::text) AND (octet_length(answered_model) <= 128)))),
    CONSTRAINT audit_events_attempts_form CHECK ((((attempts)::text ~ '^\[([{]?"[a-z_]+": ("[A-Za-z0-9._:/@+-]+"|[0-9]+|true|false)[}]?(, )?)*\]$'::text) AND ((octet_length((attempts)::text) <= 190) OR ((attempts)::text !~ '[A-Za-z0-9._:/@+-]{129}'::text)) AND (jsonb_path_query_array(attempts, '$[*].keyvalue()."key"'::jsonpath, '{}'::jsonb, true) <@ '["provider", "model", "result", "sent", "duration_ms"]'::jsonb) AND (jsonb_path_query_array(attempts, '$[*]."result"'::jsonpath) <@ '["answered", "timeout", "unreachable", "authentication", "rate_limited", "model_not_found", "bad_request", "content_filter", "context_length", "upstream_error", "malformed_response", "remote_model", "not_local", "circuit_open", "paused", "busy", "left"]'::jsonb))),
    CONSTRAINT audit_events_attempts_since_version_2 CHECK (
CASE
    WHEN (attempts IS NOT NULL) THEN (record_version >= 2)
    ELSE ((record_version < 2) OR (erased_at IS NOT NULL) OR (status = 'interrupted'::text))
END),
    CONSTRAINT audit_events_completion_tokens_not_negative CHECK ((completion_tokens >= 0)),
    CONSTRAINT audit_events_cost_micros_not_negative CHECK ((cost_micros >= 0)),
    CONSTRAINT audit_events_decision_known CHECK ((decision = ANY (ARRAY['route'::text, 'deny'::text]))),
    CONSTRAINT audit_events_denied_by_decision CHECK (((status <> 'denied'::text) OR (decision = 'deny'::text))),
    CONSTRAINT audit_events_erased_whole CHECK (((erased_at IS NULL) OR (num_nonnulls(completed_at, status, surface, streamed, decision, provider, zone, model, answered_provider, answered_zone, answered_model, reason_codes, policy_hash, rule, features, shadow, findings, scan_ruleset, failure_category, message_count, prompt_length, prompt_digest, prompt_tokens, completion_tokens, cost_micros, latency_ms, attempts, salt, column_checks) = 0))),
    CONSTRAINT audit_events_failure_only_when_failed CHECK (((failure_category IS NULL) OR (status = 'failed'::text))),
    CONSTRAINT audit_events_features_form CHECK ((((features)::text ~ '^\{("[a-z][a-z0-9_]*": |"[A-Za-z0-9._:/@+-]+"|true|false|null|[0-9]{1,16}(, |[]}])|[][{}]|, )*$'::text) AND ((features)::text !~ '[A-Za-z0-9._:/@+-]{129}'::text))),
    CONSTRAINT audit_events_findings_codes_and_counts CHECK ((((findings)::text ~ '^\{("[a-z][a-z0-9_.-]*": [1-9][0-9]*(, |(?=\})))*\}$'::text) AND ((octet_length((findings)::text) <= 104) OR ((findings)::text !~ '[a-z0-9_.-]{101}'::text)))),
    CONSTRAINT audit_events_instance_seq_at_least_one CHECK ((instance_seq >= 1)),
    CONSTRAINT audit_events_latency_ms_not_negative CHECK ((latency_ms >= 0)),
    CONSTRAINT audit_events_logged_by_an_instance CHECK ((((record_version = 0) = (instance_id IS NULL)) AND ((instance_id IS NULL) = (instance_seq IS NULL)))),
    CONSTRAINT audit_events_logged_with_its_salt CHECK (((record_version = 0) OR (erased_at IS NOT NULL) OR (num_nulls(policy_hash, rule, features, shadow, scan_ruleset, salt, column_checks) = 0))),
    CONSTRAINT audit_events_message_count_not_negative CHECK ((message_count >= 0)),
    CONSTRAINT audit_events_model_form CHECK (((record_version = 0) OR ((model ~ '^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$'::text) AND (octet_length(model) <= 128)))),
    CONSTRAINT audit_events_policy_hash_form CHECK (((policy_hash ~ '^sha256:[0-9a-f]+$'::text) AND (octet_length(policy_hash) = 71))),
    CONSTRAINT audit_events_prompt_digest_form CHECK (((prompt_digest ~ '^hmac-sha256:[A-Za-z0-9._-]+:[0-9a-f]+$'::text) AND (octet_length(split_part(prompt_digest, ':'::text, 2)) <= 64) AND (octet_length(split_part(prompt_digest, ':'::text, 3)) = 64))),
    CONSTRAINT audit_events_prompt_length_not_negative CHECK ((prompt_length >= 0)),
    CONSTRAINT audit_events_prompt_tokens_not_negative CHECK ((prompt_tokens >= 0)),
    CONSTRAINT audit_events_provider_form CHECK (((provider ~ '^[a-z][a-z0-9_-]*$'::text) AND (octet_length(provider) <= 32))),
    CONSTRAINT audit_events_reason_codes_form CHECK ((((reason_codes)::text ~ '^\{([a-z][a-z0-9_.]*|"null")(,([a-z][a-z0-9_.]*|"null"))*\}$'::text) AND ((octet_length((reason_codes)::text) <= 66) OR ((reason_codes)::text !~ '[a-z0-9_.]{65}'::text)))),
    CONSTRAINT audit_events_record_version_known CHECK (((record_version >= 0) AND (record_version <= 2))),
    CONSTRAINT audit_events_route_has_target CHECK (((decision <> 'route'::text) OR ((provider IS NOT NULL) AND (zone IS NOT NULL)))),
    CONSTRAINT audit_events_rule_form CHECK (((rule ~ '^[a-z][a-z0-9_-]*$'::text) AND (octet_length(rule) <= 64))),
    CONSTRAINT audit_events_salt_length CHECK ((octet_length(salt) = 16)),
    CONSTRAINT audit_events_scan_ruleset_form CHECK (((scan_ruleset ~ '^[0-9]+\.[0-9]+\.[0-9]+:[0-9a-f]+$'::text) AND (octet_length(split_part(scan_ruleset, ':'::text, 2)) = 64))),
    CONSTRAINT audit_events_shadow_form CHECK ((((shadow)::text ~ '^\[("[a-z][a-z0-9_]*": |"[a-z][a-z0-9_-]*"|true|false|null|[][{}]|, )*$'::text) AND ((shadow)::text !~ '[a-z0-9_-]{65}'::text))),
    CONSTRAINT audit_events_status_known CHECK ((status = ANY (ARRAY['succeeded'::text, 'failed'::text, 'denied'::text, 'client_aborted'::text, 'interrupted'::text]))),
    CONSTRAINT audit_events_surface_known CHECK ((surface = ANY (ARRAY['native'::text, 'openai_chat'::text, 'openai_completions'::text, 'openai_embeddings'::text, 'openai_responses'::text, 'ollama_chat'::text, 'ollama_generate'::text, 'ollama_embed'::text, 'ollama_embeddings'::text]))),
    CONSTRAINT audit_events_whole_unless_erased CHECK (((erased_at IS NOT NULL) OR (num_nulls(completed_at, status, surface, streamed, decision, reason_codes, findings, message_count, prompt_length, prompt_digest) = 0))),
    CONSTRAINT audit_events_zone_form CHECK (((zone ~ '^[a-z][a-z0-9_-]*$'::text) AND (octet_length(zone) <= 32)))
);


--
-- Name: TABLE audit_events_default; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.audit_events_default IS 'Rows of days that have no partition of their own.';


--
-- Name: audit_hourly; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_hourly (
    hour timestamp with time zone NOT NULL,
    provider text,
    zone text,
    model text,
    status text NOT NULL,
    rule text,
    team text,
    request_count bigint NOT NULL,
    prompt_tokens bigint NOT NULL,
    completion_tokens bigint NOT NULL,
    costed_count bigint NOT NULL,
    cost_micros bigint NOT NULL,
    timed_count bigint NOT NULL,
    latency_ms_sum bigint NOT NULL,
    latency_le_50_ms bigint NOT NULL,
    latency_le_100_ms bigint NOT NULL,
    latency_le_250_ms bigint NOT NULL,
    latency_le_500_ms bigint NOT NULL,
    latency_le_1000_ms bigint NOT NULL,
    latency_le_2500_ms bigint NOT NULL,
    latency_le_5000_ms bigint NOT NULL,
    latency_le_10000_ms bigint NOT NULL,
    latency_le_30000_ms bigint NOT NULL,
    latency_le_60000_ms bigint NOT NULL,
    CONSTRAINT audit_hourly_counts_in_order CHECK (((request_count >= 1) AND ((costed_count >= 0) AND (costed_count <= request_count)) AND ((latency_le_50_ms >= 0) AND (latency_le_50_ms <= latency_le_100_ms)) AND (latency_le_100_ms <= latency_le_250_ms) AND (latency_le_250_ms <= latency_le_500_ms) AND (latency_le_500_ms <= latency_le_1000_ms) AND (latency_le_1000_ms <= latency_le_2500_ms) AND (latency_le_2500_ms <= latency_le_5000_ms) AND (latency_le_5000_ms <= latency_le_10000_ms) AND (latency_le_10000_ms <= latency_le_30000_ms) AND (latency_le_30000_ms <= latency_le_60000_ms) AND (latency_le_60000_ms <= timed_count) AND (timed_count <= request_count))),
    CONSTRAINT audit_hourly_hour_whole CHECK ((hour = date_trunc('hour'::text, hour, 'UTC'::text)))
);


--
-- Name: TABLE audit_hourly; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.audit_hourly IS 'Requests by the hour in which they were received and how they ended, for dashboards. Stays when rows are dropped or erased.';


--
-- Name: COLUMN audit_hourly.hour; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.hour IS 'When the hour begins.';


--
-- Name: COLUMN audit_hourly.provider; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.provider IS 'The provider that answered, or was asked last; null where none was.';


--
-- Name: COLUMN audit_hourly.zone; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.zone IS 'Where that provider runs.';


--
-- Name: COLUMN audit_hourly.model; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.model IS 'The model that answered, or was asked last.';


--
-- Name: COLUMN audit_hourly.status; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.status IS 'How they ended.';


--
-- Name: COLUMN audit_hourly.rule; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.rule IS 'The rule that matched; null for rows of versions that did not say.';


--
-- Name: COLUMN audit_hourly.team; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.team IS 'The label team of the caller; null where there was none.';


--
-- Name: COLUMN audit_hourly.request_count; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.request_count IS 'How many.';


--
-- Name: COLUMN audit_hourly.prompt_tokens; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.prompt_tokens IS 'All that providers reported.';


--
-- Name: COLUMN audit_hourly.completion_tokens; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.completion_tokens IS 'All that providers reported.';


--
-- Name: COLUMN audit_hourly.costed_count; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.costed_count IS 'Those whose cost is known.';


--
-- Name: COLUMN audit_hourly.cost_micros; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.cost_micros IS 'What those cost together, in millionths of a US dollar.';


--
-- Name: COLUMN audit_hourly.timed_count; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.timed_count IS 'Those whose latency is known: all but interrupted ones.';


--
-- Name: COLUMN audit_hourly.latency_ms_sum; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.latency_ms_sum IS 'Milliseconds of those together.';


--
-- Name: COLUMN audit_hourly.latency_le_50_ms; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.latency_le_50_ms IS 'Those that took at most so many milliseconds.';


--
-- Name: COLUMN audit_hourly.latency_le_100_ms; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.latency_le_100_ms IS 'As above; each counts those of the ones before it, too.';


--
-- Name: COLUMN audit_hourly.latency_le_250_ms; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.latency_le_250_ms IS 'As above.';


--
-- Name: COLUMN audit_hourly.latency_le_500_ms; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.latency_le_500_ms IS 'As above.';


--
-- Name: COLUMN audit_hourly.latency_le_1000_ms; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.latency_le_1000_ms IS 'As above.';


--
-- Name: COLUMN audit_hourly.latency_le_2500_ms; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.latency_le_2500_ms IS 'As above.';


--
-- Name: COLUMN audit_hourly.latency_le_5000_ms; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.latency_le_5000_ms IS 'As above.';


--
-- Name: COLUMN audit_hourly.latency_le_10000_ms; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.latency_le_10000_ms IS 'As above.';


--
-- Name: COLUMN audit_hourly.latency_le_30000_ms; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.latency_le_30000_ms IS 'As above.';


--
-- Name: COLUMN audit_hourly.latency_le_60000_ms; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_hourly.latency_le_60000_ms IS 'As above.';


--
-- Name: audit_leaves; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_leaves (
    leaf_index bigint NOT NULL,
    request_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    leaf_hash bytea NOT NULL,
    CONSTRAINT audit_leaves_leaf_hash_length CHECK ((octet_length(leaf_hash) = 32)),
    CONSTRAINT audit_leaves_leaf_index_not_negative CHECK ((leaf_index >= 0))
)
PARTITION BY RANGE (received_at);


--
-- Name: TABLE audit_leaves; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.audit_leaves IS 'The leaf of each row of audit_events that is in the log; those of actions stand in audit_actions. Never changed.';


--
-- Name: COLUMN audit_leaves.leaf_index; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_leaves.leaf_index IS 'Where it stands in the log, from 0.';


--
-- Name: COLUMN audit_leaves.request_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_leaves.request_id IS 'The row, as audit_events.request_id.';


--
-- Name: COLUMN audit_leaves.received_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_leaves.received_at IS 'The row, as audit_events.received_at.';


--
-- Name: COLUMN audit_leaves.leaf_hash; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_leaves.leaf_hash IS 'SHA-256(0x00 || record), RFC 6962; the record in the form of RFC 8785.';


--
-- Name: audit_leaves_default; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_leaves_default (
    leaf_index bigint NOT NULL,
    request_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    leaf_hash bytea NOT NULL,
    CONSTRAINT audit_leaves_leaf_hash_length CHECK ((octet_length(leaf_hash) = 32)),
    CONSTRAINT audit_leaves_leaf_index_not_negative CHECK ((leaf_index >= 0))
);


--
-- Name: TABLE audit_leaves_default; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.audit_leaves_default IS 'Leaves of days that have no partition of their own.';


--
-- Name: audit_log_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_log_keys (
    verifier_key text NOT NULL,
    first_used_at timestamp with time zone NOT NULL
);


--
-- Name: TABLE audit_log_keys; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.audit_log_keys IS 'Public keys that signed checkpoints of this log.';


--
-- Name: COLUMN audit_log_keys.verifier_key; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_log_keys.verifier_key IS 'As C2SP signed-note writes it: name, hash and key.';


--
-- Name: COLUMN audit_log_keys.first_used_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_log_keys.first_used_at IS 'When it first signed, by the clock of the database.';


--
-- Name: audit_log_state; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_log_state (
    id boolean DEFAULT true NOT NULL,
    next_index bigint NOT NULL,
    CONSTRAINT audit_log_state_next_index_not_negative CHECK ((next_index >= 0)),
    CONSTRAINT audit_log_state_one_row CHECK (id)
);


--
-- Name: TABLE audit_log_state; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.audit_log_state IS 'Which index the next leaf gets. Whoever adds leaves updates it last, in the statement that adds them.';


--
-- Name: COLUMN audit_log_state.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_log_state.id IS 'There is one row.';


--
-- Name: COLUMN audit_log_state.next_index; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_log_state.next_index IS 'All indices below it are leaves, without a gap.';


--
-- Name: audit_log_tree; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_log_tree (
    id boolean DEFAULT true NOT NULL,
    tree_size bigint NOT NULL,
    CONSTRAINT audit_log_tree_one_row CHECK (id),
    CONSTRAINT audit_log_tree_tree_size_not_negative CHECK ((tree_size >= 0))
);


--
-- Name: TABLE audit_log_tree; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.audit_log_tree IS 'How many leaves are in tiles and under a signed checkpoint.';


--
-- Name: COLUMN audit_log_tree.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_log_tree.id IS 'There is one row.';


--
-- Name: COLUMN audit_log_tree.tree_size; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_log_tree.tree_size IS 'Whoever signs moves it on, in the statement that stores tiles and checkpoint.';


--
-- Name: audit_rollup_state; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_rollup_state (
    id boolean DEFAULT true NOT NULL,
    next_index bigint NOT NULL,
    CONSTRAINT audit_rollup_state_next_index_not_negative CHECK ((next_index >= 0)),
    CONSTRAINT audit_rollup_state_one_row CHECK (id)
);


--
-- Name: TABLE audit_rollup_state; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.audit_rollup_state IS 'How far the log is counted in audit_hourly and audit_days.';


--
-- Name: COLUMN audit_rollup_state.id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_rollup_state.id IS 'There is one row.';


--
-- Name: COLUMN audit_rollup_state.next_index; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_rollup_state.next_index IS 'Every leaf below it is counted, once; who counts on moves it in the same statement.';


--
-- Name: audit_tiles; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_tiles (
    level smallint NOT NULL,
    tile_index bigint NOT NULL,
    hashes bytea NOT NULL,
    CONSTRAINT audit_tiles_hashes_length CHECK ((((octet_length(hashes) >= 32) AND (octet_length(hashes) <= 8192)) AND ((octet_length(hashes) % 32) = 0))),
    CONSTRAINT audit_tiles_level_known CHECK (((level >= 0) AND (level <= 6))),
    CONSTRAINT audit_tiles_tile_index_not_negative CHECK ((tile_index >= 0))
);


--
-- Name: TABLE audit_tiles; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.audit_tiles IS 'Hashes of the Merkle tree in the layout of C2SP tlog-tiles. They stay when rows go, so receipts stay valid.';


--
-- Name: COLUMN audit_tiles.level; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_tiles.level IS '0 for leaves; each level stands for 256 times as many.';


--
-- Name: COLUMN audit_tiles.tile_index; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_tiles.tile_index IS 'Which of its level, from 0.';


--
-- Name: COLUMN audit_tiles.hashes; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_tiles.hashes IS 'Up to 256 hashes of 32 bytes; the last tile of a level grows.';


--
-- Name: policies; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.policies (
    hash text NOT NULL,
    name text NOT NULL,
    version integer NOT NULL,
    document jsonb NOT NULL,
    first_activated_at timestamp with time zone NOT NULL,
    last_activated_at timestamp with time zone NOT NULL,
    CONSTRAINT policies_activated_in_order CHECK ((last_activated_at >= first_activated_at)),
    CONSTRAINT policies_document_object CHECK ((jsonb_typeof(document) = 'object'::text)),
    CONSTRAINT policies_document_of_its_name CHECK ((((document -> 'name'::text) = to_jsonb(name)) AND ((document -> 'version'::text) = to_jsonb(version)))),
    CONSTRAINT policies_document_without_credentials CHECK (((NOT jsonb_path_exists(document, '$."providers".*."api_key"?(@.type() != "string" || !(@ like_regex "^[$][{][A-Z][A-Z0-9_]*[}]$"))'::jsonpath)) AND (NOT jsonb_path_exists(document, '$."providers".*."base_url"?(@ like_regex "//[^/]*@")'::jsonpath)))),
    CONSTRAINT policies_document_without_words CHECK (((NOT jsonb_path_exists(document, '$."signals".*."keywords".type()?(@ != "object")'::jsonpath)) AND (NOT jsonb_path_exists(document, '$."signals".*."patterns"[*]."keywords".type()?(@ != "object")'::jsonpath)) AND (NOT jsonb_path_exists(document, '$."signals".*."patterns"[*]."pattern"?(@.type() == "string" && !(@ like_regex "^(sha256:)?[0-9a-f]{64}$"))'::jsonpath)))),
    CONSTRAINT policies_hash_form CHECK ((hash ~ '^sha256:[0-9a-f]{64}$'::text)),
    CONSTRAINT policies_name_form CHECK ((name ~ '^[a-z][a-z0-9_-]{0,63}$'::text)),
    CONSTRAINT policies_version_at_least_one CHECK ((version >= 1))
);


--
-- Name: TABLE policies; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.policies IS 'Every policy that was ever in force, so that what it decided can be derived again. Holds no keyword and no credential.';


--
-- Name: COLUMN policies.hash; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.policies.hash IS 'The identity of the policy: sha256:<64 hex digits> over the canonical form of document.';


--
-- Name: COLUMN policies.name; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.policies.name IS 'The name that the policy file gives.';


--
-- Name: COLUMN policies.version; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.policies.version IS 'The version that the policy file gives; it goes up with every change.';


--
-- Name: COLUMN policies.document; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.policies.document IS 'The policy without its tests and descriptions, with digests in place of keywords and patterns.';


--
-- Name: COLUMN policies.first_activated_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.policies.first_activated_at IS 'When a gateway first took it into force, by its own clock.';


--
-- Name: COLUMN policies.last_activated_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.policies.last_activated_at IS 'When a gateway last took it into force, by its own clock.';


--
-- Name: schema_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.schema_migrations (
    version character varying NOT NULL
);


--
-- Name: audit_events_default; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_events ATTACH PARTITION public.audit_events_default DEFAULT;


--
-- Name: audit_leaves_default; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_leaves ATTACH PARTITION public.audit_leaves_default DEFAULT;


--
-- Name: audit_actions audit_actions_leaf_index_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_actions
    ADD CONSTRAINT audit_actions_leaf_index_unique UNIQUE (leaf_index);


--
-- Name: audit_actions audit_actions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_actions
    ADD CONSTRAINT audit_actions_pkey PRIMARY KEY (action_id);


--
-- Name: audit_checkpoints audit_checkpoints_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_checkpoints
    ADD CONSTRAINT audit_checkpoints_pkey PRIMARY KEY (tree_size);


--
-- Name: audit_days audit_days_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_days
    ADD CONSTRAINT audit_days_pkey PRIMARY KEY (day);


--
-- Name: audit_events audit_events_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT audit_events_pkey PRIMARY KEY (request_id, received_at);


--
-- Name: audit_events_default audit_events_default_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_events_default
    ADD CONSTRAINT audit_events_default_pkey PRIMARY KEY (request_id, received_at);


--
-- Name: audit_hourly audit_hourly_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_hourly
    ADD CONSTRAINT audit_hourly_unique UNIQUE NULLS NOT DISTINCT (hour, provider, zone, model, status, rule, team);


--
-- Name: audit_leaves audit_leaves_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_leaves
    ADD CONSTRAINT audit_leaves_pkey PRIMARY KEY (leaf_index, received_at);


--
-- Name: audit_leaves_default audit_leaves_default_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_leaves_default
    ADD CONSTRAINT audit_leaves_default_pkey PRIMARY KEY (leaf_index, received_at);


--
-- Name: audit_log_keys audit_log_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_log_keys
    ADD CONSTRAINT audit_log_keys_pkey PRIMARY KEY (verifier_key);


--
-- Name: audit_log_state audit_log_state_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_log_state
    ADD CONSTRAINT audit_log_state_pkey PRIMARY KEY (id);


--
-- Name: audit_log_tree audit_log_tree_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_log_tree
    ADD CONSTRAINT audit_log_tree_pkey PRIMARY KEY (id);


--
-- Name: audit_rollup_state audit_rollup_state_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_rollup_state
    ADD CONSTRAINT audit_rollup_state_pkey PRIMARY KEY (id);


--
-- Name: audit_tiles audit_tiles_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_tiles
    ADD CONSTRAINT audit_tiles_pkey PRIMARY KEY (level, tile_index);


--
-- Name: policies policies_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.policies
    ADD CONSTRAINT policies_pkey PRIMARY KEY (hash);


--
-- Name: schema_migrations schema_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);


--
-- Name: audit_events_prompt_digest_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_events_prompt_digest_idx ON ONLY public.audit_events USING hash (prompt_digest);


--
-- Name: audit_events_default_prompt_digest_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_events_default_prompt_digest_idx ON public.audit_events_default USING hash (prompt_digest);


--
-- Name: audit_events_received_at_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_events_received_at_idx ON ONLY public.audit_events USING btree (received_at DESC, request_id DESC);


--
-- Name: audit_events_default_received_at_request_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_events_default_received_at_request_id_idx ON public.audit_events_default USING btree (received_at DESC, request_id DESC);


--
-- Name: audit_leaves_request_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_leaves_request_id_idx ON ONLY public.audit_leaves USING btree (request_id);


--
-- Name: audit_leaves_default_request_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_leaves_default_request_id_idx ON public.audit_leaves_default USING btree (request_id);


--
-- Name: policies_name_version_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX policies_name_version_idx ON public.policies USING btree (name, version DESC);


--
-- Name: audit_events_default_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.audit_events_pkey ATTACH PARTITION public.audit_events_default_pkey;


--
-- Name: audit_events_default_prompt_digest_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.audit_events_prompt_digest_idx ATTACH PARTITION public.audit_events_default_prompt_digest_idx;


--
-- Name: audit_events_default_received_at_request_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.audit_events_received_at_idx ATTACH PARTITION public.audit_events_default_received_at_request_id_idx;


--
-- Name: audit_leaves_default_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.audit_leaves_pkey ATTACH PARTITION public.audit_leaves_default_pkey;


--
-- Name: audit_leaves_default_request_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.audit_leaves_request_id_idx ATTACH PARTITION public.audit_leaves_default_request_id_idx;


--
-- PostgreSQL database dump complete
--

\unrestrict dbmate


--
-- Dbmate schema migrations
--

INSERT INTO public.schema_migrations (version) VALUES
    ('20261122080000'),
    ('20261122110000'),
    ('20261122140000'),
    ('20261122140001'),
    ('20261122170000'),
    ('20261122170001'),
    ('20261122170002'),
    ('20261122200000'),
    ('20261122200001'),
    ('20261122200002'),
    ('20261122200003'),
    ('20261122200004'),
    ('20261122230000'),
    ('20261122230001');
