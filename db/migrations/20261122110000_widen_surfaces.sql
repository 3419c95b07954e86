-- migrate:up

-- lint:allow the wider constraint follows in the same transaction, so no row goes unchecked
alter table audit_events drop constraint audit_events_surface_known;

alter table audit_events add constraint audit_events_surface_known check (
  surface in (
    'native',
    'openai_chat', 'openai_completions', 'openai_embeddings', 'openai_responses',
    'ollama_chat', 'ollama_generate', 'ollama_embed', 'ollama_embeddings'
  )
) not valid;

alter table audit_events validate constraint audit_events_surface_known;

comment on column audit_events.message_count is
  'Messages in the request; a text to continue or to embed counts as one.';
comment on column audit_events.prompt_length is
  'Unicode code points in all messages with their tool calls, or in the texts to continue or embed.';

-- migrate:down

-- lint:allow the older constraint follows in the same transaction
alter table audit_events drop constraint audit_events_surface_known;

-- Rows of the newer surfaces are history and stay; only new rows are held to the older rule.
alter table audit_events add constraint audit_events_surface_known check (surface in ('native')) not valid;

comment on column audit_events.message_count is 'Messages in the request.';
comment on column audit_events.prompt_length is 'Unicode code points in all messages together.';
