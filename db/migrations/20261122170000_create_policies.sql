-- migrate:up

create table policies (
  hash text not null,
  name text not null,
  version integer not null,
  document jsonb not null,
  first_activated_at timestamptz not null,
  last_activated_at timestamptz not null,

  constraint policies_pkey primary key (hash),
  constraint policies_hash_form check (hash ~ '^sha256:[0-9a-f]{64}$'),
  constraint policies_name_form check (name ~ '^[a-z][a-z0-9_-]{0,63}$'),
  constraint policies_version_at_least_one check (version >= 1),
  constraint policies_document_object check (jsonb_typeof(document) = 'object'),
  constraint policies_document_of_its_name
    check (document -> 'name' = to_jsonb(name) and document -> 'version' = to_jsonb(version)),
  -- What a policy looks for is what nobody may read here: the table takes digests of lists and patterns, none of them.
  constraint policies_document_without_words check (
    not jsonb_path_exists(document, '$.signals.*.keywords.type() ? (@ != "object")')
    and not jsonb_path_exists(document, '$.signals.*.patterns[*].keywords.type() ? (@ != "object")')
    and not jsonb_path_exists(
      document,
      '$.signals.*.patterns[*].pattern ? (@.type() == "string" && !(@ like_regex "^(sha256:)?[0-9a-f]{64}$"))'
    )
  ),
  constraint policies_document_without_credentials check (
    not jsonb_path_exists(
      document,
      '$.providers.*.api_key ? (@.type() != "string" || !(@ like_regex "^[$][{][A-Z][A-Z0-9_]*[}]$"))'
    )
    and not jsonb_path_exists(document, '$.providers.*.base_url ? (@ like_regex "//[^/]*@")')
  ),
  constraint policies_activated_in_order check (last_activated_at >= first_activated_at)
);

create index policies_name_version_idx on policies (name, version desc);

comment on table policies is
  'Every policy that was ever in force, so that what it decided can be derived again. Holds no keyword and no credential.';
comment on column policies.hash is 'The identity of the policy: sha256:<64 hex digits> over the canonical form of document.';
comment on column policies.name is 'The name that the policy file gives.';
comment on column policies.version is 'The version that the policy file gives; it goes up with every change.';
comment on column policies.document is
  'The policy without its tests and descriptions, with digests in place of keywords and patterns.';
comment on column policies.first_activated_at is 'When a gateway first took it into force, by its own clock.';
comment on column policies.last_activated_at is 'When a gateway last took it into force, by its own clock.';

-- migrate:down

-- lint:allow the older version does not know policies
drop table policies;
