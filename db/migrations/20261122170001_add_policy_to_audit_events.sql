-- migrate:up

alter table audit_events
  add column policy_hash text,
  add column rule text,
  add column features jsonb,
  add column shadow jsonb,
  add column answered_provider text,
  add column answered_zone text;

-- Old rows are checked by the next migration, in a transaction that lets others write meanwhile.
alter table audit_events add constraint audit_events_policy_hash_form
  check (policy_hash ~ '^sha256:[0-9a-f]{64}$') not valid;
alter table audit_events add constraint audit_events_rule_form
  check (rule ~ '^[a-z][a-z0-9_-]{0,63}$') not valid;
alter table audit_events add constraint audit_events_policy_whole_or_absent
  check (num_nulls(policy_hash, rule, features, shadow) in (0, 4)) not valid;

-- Nothing of what a client says may find its way in here: whole numbers, booleans, nulls and single short words, under
-- keys as the gateway writes them. What a jsonb looks like as text is certain, and a pattern over that text costs a tenth
-- of a JSON path through all parts of it; bounds inside of the first pattern would cost as much again.
alter table audit_events add constraint audit_events_features_form check (
  features::text
    ~ '^\{("[a-z][a-z0-9_]*": |"[A-Za-z0-9._:/@+-]+"|true|false|null|[0-9]{1,16}(, |[]}])|[][{}]|, )*$'
  and features::text !~ '[A-Za-z0-9._:/@+-]{129}'
) not valid;
alter table audit_events add constraint audit_events_shadow_form check (
  shadow::text ~ '^\[("[a-z][a-z0-9_]*": |"[a-z][a-z0-9_-]*"|true|false|null|[][{}]|, )*$'
  and shadow::text !~ '[a-z0-9_-]{65}'
) not valid;

-- A policy names its zones, its providers and its reasons itself, so what is left to check is how names look.
-- lint:allow the wider constraint follows in the same transaction, so no row goes unchecked
alter table audit_events drop constraint audit_events_zone_known;
alter table audit_events add constraint audit_events_zone_form
  check (zone ~ '^[a-z][a-z0-9_-]{0,31}$') not valid;
alter table audit_events add constraint audit_events_provider_form
  check (provider ~ '^[a-z][a-z0-9_-]{0,31}$') not valid;
alter table audit_events add constraint audit_events_answered_form check (
  answered_provider ~ '^[a-z][a-z0-9_-]{0,31}$' and answered_zone ~ '^[a-z][a-z0-9_-]{0,31}$'
) not valid;
alter table audit_events add constraint audit_events_reason_codes_form check (
  not jsonb_path_exists(to_jsonb(reason_codes), '$[*] ? (!(@ like_regex "^[a-z][a-z0-9_.]{0,63}$"))')
) not valid;

comment on column audit_events.provider is 'The provider decided on, to be asked first; null when denied.';
comment on column audit_events.answered_provider is
  'The provider that answered, or was asked last; those before it in the decision were asked too. Null where none was.';
comment on column audit_events.answered_zone is 'Where that provider runs.';
comment on column audit_events.zone is 'Where that provider runs: local, cloud, or a zone that the policy names.';
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

-- migrate:down

-- lint:allow the older version does not know these columns
alter table audit_events
  drop constraint audit_events_reason_codes_form,
  drop constraint audit_events_answered_form,
  drop constraint audit_events_provider_form,
  drop constraint audit_events_zone_form,
  drop column policy_hash,
  drop column rule,
  drop column features,
  drop column shadow,
  drop column answered_provider,
  drop column answered_zone;

-- Rows of other zones are history and stay; only new rows are held to the older rule.
alter table audit_events add constraint audit_events_zone_known check (zone in ('local', 'cloud')) not valid;

comment on column audit_events.provider is 'The provider decided on; null when denied.';
comment on column audit_events.zone is 'Where that provider runs: local, or cloud.';
comment on column audit_events.reason_codes is 'Why policy decided so, at least one code of the closed table of reasons.';
