-- migrate:up

-- A constant default stands in the catalog; no row is written for it.
alter table audit_events
  add column findings jsonb not null default '{}',
  add column scan_ruleset text;

-- Old rows are checked by the next migration, in a transaction that lets others write meanwhile.
-- The path of a finding quotes the caller's own words, so the table takes codes and counts and nothing else.
alter table audit_events add constraint audit_events_findings_object
  check (jsonb_typeof(findings) = 'object') not valid;
alter table audit_events add constraint audit_events_findings_codes_and_counts check (
  not jsonb_path_exists(
    findings,
    '$.keyvalue() ? (
      !(@.key like_regex "^[a-z][a-z0-9_.-]{0,99}$")
      || @.value.type() != "number" || @.value < 1 || @.value.floor() != @.value
    )',
    '{}',
    true
  )
) not valid;
alter table audit_events add constraint audit_events_scan_ruleset_form
  check (scan_ruleset ~ '^[0-9]+\.[0-9]+\.[0-9]+:[0-9a-f]{64}$') not valid;

comment on column audit_events.findings is
  'How many of each kind the scanner found, as code to count; empty also in rows of versions that did not say.';
comment on column audit_events.scan_ruleset is
  'The rules it was scanned by, <version>:<SHA-256>; null in rows of versions that did not say.';

-- migrate:down

-- lint:allow what was found is lost with the columns; the version that knows them is gone when its schema is undone
alter table audit_events drop column findings, drop column scan_ruleset;
