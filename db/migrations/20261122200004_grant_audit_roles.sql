-- migrate:up

create function audit_grant_roles() returns void
language plpgsql
as $$
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

comment on function audit_grant_roles() is
  'Makes the roles policy_mesh_app and policy_mesh_retention where they are missing, and gives them what they need here.';

revoke all on function audit_grant_roles() from public;

-- Who migrates need not be allowed to make roles: then the gateway runs as the owner, until somebody who is calls this.
do $$
begin
  perform audit_grant_roles();
exception
  when insufficient_privilege then
    raise notice 'the roles policy_mesh_app and policy_mesh_retention are not made: %', sqlerrm;
end
$$;

-- migrate:down

-- The roles stay, since other databases of the server may have them too; with the tables their rights here go.
drop function audit_grant_roles();
