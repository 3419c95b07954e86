-- migrate:up

-- Reads the whole table, and locks out no reader and no writer (share update exclusive).
alter table audit_events validate constraint audit_events_policy_hash_form;
alter table audit_events validate constraint audit_events_rule_form;
alter table audit_events validate constraint audit_events_policy_whole_or_absent;
alter table audit_events validate constraint audit_events_features_form;
alter table audit_events validate constraint audit_events_shadow_form;
alter table audit_events validate constraint audit_events_zone_form;
alter table audit_events validate constraint audit_events_provider_form;
alter table audit_events validate constraint audit_events_answered_form;
alter table audit_events validate constraint audit_events_reason_codes_form;

-- migrate:down

-- A constraint that was checked stays so; the migration before takes it away.
select 1;
