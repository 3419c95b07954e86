-- migrate:up

-- Reads the whole table, and locks out no reader and no writer (share update exclusive).
alter table audit_events validate constraint audit_events_record_version_known;
alter table audit_events validate constraint audit_events_erased_whole;
alter table audit_events validate constraint audit_events_attempts_since_version_2;
alter table audit_events validate constraint audit_events_attempts_form;

-- migrate:down

-- A constraint that was checked stays so; the migration before takes it away.
select 1;
