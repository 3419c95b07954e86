-- migrate:up

create table audit_log_state (
  id boolean not null default true,
  next_index bigint not null,

  constraint audit_log_state_pkey primary key (id),
  constraint audit_log_state_one_row check (id),
  constraint audit_log_state_next_index_not_negative check (next_index >= 0)
);
insert into audit_log_state (next_index) values (0);

create table audit_leaves (
  leaf_index bigint not null,
  request_id uuid not null,
  received_at timestamptz not null,
  leaf_hash bytea not null,

  constraint audit_leaves_pkey primary key (leaf_index, received_at),
  constraint audit_leaves_leaf_index_not_negative check (leaf_index >= 0),
  constraint audit_leaves_leaf_hash_length check (octet_length(leaf_hash) = 32)
) partition by range (received_at);
create table audit_leaves_default partition of audit_leaves default;
create index audit_leaves_request_id_idx on audit_leaves (request_id);

-- The same days as those of audit_events, so that a day's rows and leaves come and go together.
do $$
declare
  known record;
begin
  for known in
    select
      replace(part.relname, 'audit_events_', 'audit_leaves_') as name,
      pg_get_expr(part.relpartbound, part.oid) as bounds
    from pg_inherits as child
    join pg_class as part on part.oid = child.inhrelid
    where child.inhparent = 'audit_events'::regclass and part.relname <> 'audit_events_default'
  loop
    execute format('create table %I partition of audit_leaves %s', known.name, known.bounds);
  end loop;
end
$$;

create table audit_actions (
  action_id uuid not null,
  leaf_index bigint not null,
  leaf_hash bytea not null,
  record_version smallint not null,
  kind text not null,
  performed_at timestamptz not null,
  instance_id uuid,
  instance_seq bigint,
  details jsonb not null,
  salt bytea not null,

  constraint audit_actions_pkey primary key (action_id),
  constraint audit_actions_leaf_index_unique unique (leaf_index),
  constraint audit_actions_leaf_index_not_negative check (leaf_index >= 0),
  constraint audit_actions_leaf_hash_length check (octet_length(leaf_hash) = 32),
  constraint audit_actions_record_version_known check (record_version = 1),
  constraint audit_actions_kind_known check (kind in ('erasure', 'retention', 'quarantine')),
  constraint audit_actions_instance_whole_or_absent check ((instance_id is null) = (instance_seq is null)),
  constraint audit_actions_details_object check (jsonb_typeof(details) = 'object'),
  constraint audit_actions_salt_length check (octet_length(salt) = 16)
);

create table audit_log_tree (
  id boolean not null default true,
  tree_size bigint not null,

  constraint audit_log_tree_pkey primary key (id),
  constraint audit_log_tree_one_row check (id),
  constraint audit_log_tree_tree_size_not_negative check (tree_size >= 0)
);
insert into audit_log_tree (tree_size) values (0);

create table audit_tiles (
  level smallint not null,
  tile_index bigint not null,
  hashes bytea not null,

  constraint audit_tiles_pkey primary key (level, tile_index),
  constraint audit_tiles_level_known check (level between 0 and 6),
  constraint audit_tiles_tile_index_not_negative check (tile_index >= 0),
  constraint audit_tiles_hashes_length check (octet_length(hashes) between 32 and 8192 and octet_length(hashes) % 32 = 0)
);

create table audit_checkpoints (
  tree_size bigint not null,
  root_hash bytea not null,
  note text not null,
  signed_at timestamptz not null,

  constraint audit_checkpoints_pkey primary key (tree_size),
  constraint audit_checkpoints_tree_size_not_negative check (tree_size >= 0),
  constraint audit_checkpoints_root_hash_length check (octet_length(root_hash) = 32)
);

create table audit_log_keys (
  verifier_key text not null,
  first_used_at timestamptz not null,

  constraint audit_log_keys_pkey primary key (verifier_key)
);

comment on table audit_log_state is
  'Which index the next leaf gets. Whoever adds leaves updates it last, in the statement that adds them.';
comment on column audit_log_state.id is 'There is one row.';
comment on column audit_log_state.next_index is 'All indices below it are leaves, without a gap.';

comment on table audit_leaves is
  'The leaf of each row of audit_events that is in the log; those of actions stand in audit_actions. Never changed.';
comment on table audit_leaves_default is 'Leaves of days that have no partition of their own.';
comment on column audit_leaves.leaf_index is 'Where it stands in the log, from 0.';
comment on column audit_leaves.request_id is 'The row, as audit_events.request_id.';
comment on column audit_leaves.received_at is 'The row, as audit_events.received_at.';
comment on column audit_leaves.leaf_hash is 'SHA-256(0x00 || record), RFC 6962; the record in the form of RFC 8785.';

comment on table audit_actions is 'What was done to the log itself, each a leaf of it. Never changed.';
comment on column audit_actions.action_id is 'Made by whoever acts, so that to say it twice is to say it once.';
comment on column audit_actions.leaf_index is 'Where it stands in the log, from 0.';
comment on column audit_actions.leaf_hash is 'SHA-256(0x00 || record), RFC 6962; the record in the form of RFC 8785.';
comment on column audit_actions.record_version is 'The form of the record.';
comment on column audit_actions.kind is
  'erasure of a row, retention: rows of a day dropped, quarantine: records that will never be rows.';
comment on column audit_actions.performed_at is 'When, by the clock of whoever acted.';
comment on column audit_actions.instance_id is 'The spool that a quarantine came by; null for what is done in the database.';
comment on column audit_actions.instance_seq is 'As which of the records of that spool.';
comment on column audit_actions.details is 'What exactly; by kind.';
comment on column audit_actions.salt is 'Random, part of the record.';

comment on table audit_log_tree is 'How many leaves are in tiles and under a signed checkpoint.';
comment on column audit_log_tree.id is 'There is one row.';
comment on column audit_log_tree.tree_size is 'Whoever signs moves it on, in the statement that stores tiles and checkpoint.';

comment on table audit_tiles is
  'Hashes of the Merkle tree in the layout of C2SP tlog-tiles. They stay when rows go, so receipts stay valid.';
comment on column audit_tiles.level is '0 for leaves; each level stands for 256 times as many.';
comment on column audit_tiles.tile_index is 'Which of its level, from 0.';
comment on column audit_tiles.hashes is 'Up to 256 hashes of 32 bytes; the last tile of a level grows.';

comment on table audit_checkpoints is 'Every checkpoint that was signed (C2SP tlog-checkpoint). Never changed.';
comment on column audit_checkpoints.tree_size is 'How many leaves it covers.';
comment on column audit_checkpoints.root_hash is 'The root of the tree over them.';
comment on column audit_checkpoints.note is 'The checkpoint with its signatures, as it is given out.';
comment on column audit_checkpoints.signed_at is 'When, by the clock of the database.';

comment on table audit_log_keys is 'Public keys that signed checkpoints of this log.';
comment on column audit_log_keys.verifier_key is 'As C2SP signed-note writes it: name, hash and key.';
comment on column audit_log_keys.first_used_at is 'When it first signed, by the clock of the database.';

-- migrate:down

-- lint:allow the older version knows no log
drop table audit_log_keys, audit_checkpoints, audit_tiles, audit_log_tree, audit_actions, audit_leaves, audit_log_state;
