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

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: audit_events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_events (
    request_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    settle_by timestamp with time zone NOT NULL,
    completed_at timestamp with time zone,
    status text NOT NULL,
    surface text NOT NULL,
    decision text NOT NULL,
    provider text,
    zone text,
    model text,
    reason_codes text[] NOT NULL,
    failure_category text,
    message_count integer NOT NULL,
    prompt_length integer NOT NULL,
    prompt_digest text NOT NULL,
    prompt_tokens integer,
    completion_tokens integer,
    latency_ms integer,
    streamed boolean NOT NULL,
    findings jsonb DEFAULT '{}'::jsonb NOT NULL,
    scan_ruleset text,
    policy_hash text,
    rule text,
    features jsonb,
    shadow jsonb,
    answered_provider text,
    answered_zone text,
    CONSTRAINT audit_events_answered_form CHECK (((answered_provider ~ '^[a-z][a-z0-9_-]{0,31}$'::text) AND (answered_zone ~ '^[a-z][a-z0-9_-]{0,31}$'::text))),
    CONSTRAINT audit_events_completed_unless_pending CHECK (((status = 'pending'::text) = (completed_at IS NULL))),
    CONSTRAINT audit_events_completion_tokens_not_negative CHECK ((completion_tokens >= 0)),
    CONSTRAINT audit_events_decision_known CHECK ((decision = ANY (ARRAY['route'::text, 'deny'::text]))),
    CONSTRAINT audit_events_denied_by_decision CHECK (((status <> 'denied'::text) OR (decision = 'deny'::text))),
    CONSTRAINT audit_events_failure_only_when_failed CHECK (((failure_category IS NULL) OR (status = 'failed'::text))),
    CONSTRAINT audit_events_features_form CHECK ((((features)::text ~ '^\{("[a-z][a-z0-9_]*": |"[A-Za-z0-9._:/@+-]+"|true|false|null|[0-9]{1,16}(, |[]}])|[][{}]|, )*$'::text) AND ((features)::text !~ '[A-Za-z0-9._:/@+-]{129}'::text))),
    CONSTRAINT audit_events_findings_codes_and_counts CHECK ((NOT jsonb_path_exists(findings, '$.keyvalue()?(((!(@."key" like_regex "^[a-z][a-z0-9_.-]{0,99}$") || @."value".type() != "number") || @."value" < 1) || @."value".floor() != @."value")'::jsonpath, '{}'::jsonb, true))),
    CONSTRAINT audit_events_findings_object CHECK ((jsonb_typeof(findings) = 'object'::text)),
    CONSTRAINT audit_events_latency_ms_not_negative CHECK ((latency_ms >= 0)),
    CONSTRAINT audit_events_message_count_not_negative CHECK ((message_count >= 0)),
    CONSTRAINT audit_events_policy_hash_form CHECK ((policy_hash ~ '^sha256:[0-9a-f]{64}$'::text)),
    CONSTRAINT audit_events_policy_whole_or_absent CHECK ((num_nulls(policy_hash, rule, features, shadow) = ANY (ARRAY[0, 4]))),
    CONSTRAINT audit_events_prompt_digest_form CHECK ((prompt_digest ~ '^hmac-sha256:[A-Za-z0-9._-]{1,64}:[0-9a-f]{64}$'::text)),
    CONSTRAINT audit_events_prompt_length_not_negative CHECK ((prompt_length >= 0)),
    CONSTRAINT audit_events_prompt_tokens_not_negative CHECK ((prompt_tokens >= 0)),
    CONSTRAINT audit_events_provider_form CHECK ((provider ~ '^[a-z][a-z0-9_-]{0,31}$'::text)),
    CONSTRAINT audit_events_reason_codes_form CHECK ((NOT jsonb_path_exists(to_jsonb(reason_codes), '$[*]?(!(@ like_regex "^[a-z][a-z0-9_.]{0,63}$"))'::jsonpath))),
    CONSTRAINT audit_events_reason_codes_given CHECK (((cardinality(reason_codes) >= 1) AND (array_position(reason_codes, NULL::text) IS NULL))),
    CONSTRAINT audit_events_route_has_target CHECK (((decision <> 'route'::text) OR ((provider IS NOT NULL) AND (zone IS NOT NULL)))),
    CONSTRAINT audit_events_rule_form CHECK ((rule ~ '^[a-z][a-z0-9_-]{0,63}$'::text)),
    CONSTRAINT audit_events_scan_ruleset_form CHECK ((scan_ruleset ~ '^[0-9]+\.[0-9]+\.[0-9]+:[0-9a-f]{64}$'::text)),
    CONSTRAINT audit_events_settle_by_not_before_received CHECK ((settle_by >= received_at)),
    CONSTRAINT audit_events_shadow_form CHECK ((((shadow)::text ~ '^\[("[a-z][a-z0-9_]*": |"[a-z][a-z0-9_-]*"|true|false|null|[][{}]|, )*$'::text) AND ((shadow)::text !~ '[a-z0-9_-]{65}'::text))),
    CONSTRAINT audit_events_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'succeeded'::text, 'failed'::text, 'denied'::text, 'client_aborted'::text, 'interrupted'::text]))),
    CONSTRAINT audit_events_surface_known CHECK ((surface = ANY (ARRAY['native'::text, 'openai_chat'::text, 'openai_completions'::text, 'openai_embeddings'::text, 'openai_responses'::text, 'ollama_chat'::text, 'ollama_generate'::text, 'ollama_embed'::text, 'ollama_embeddings'::text]))),
    CONSTRAINT audit_events_zone_form CHECK ((zone ~ '^[a-z][a-z0-9_-]{0,31}$'::text))
);


--
-- Name: TABLE audit_events; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON TABLE public.audit_events IS 'One row for each admitted chat request, written before a provider is called. Holds no text of prompt or answer.';


--
-- Name: COLUMN audit_events.request_id; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.request_id IS 'UUIDv7 made by the gateway; the caller sees it as x-request-id.';


--
-- Name: COLUMN audit_events.received_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.received_at IS 'When the gateway admitted the request, by its own clock.';


--
-- Name: COLUMN audit_events.settle_by; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.settle_by IS 'A row that is still pending after this moment belongs to a process that died.';


--
-- Name: COLUMN audit_events.completed_at; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.completed_at IS 'When the outcome was known; null exactly while pending.';


--
-- Name: COLUMN audit_events.status; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.status IS 'pending, then once and for good one of the outcomes.';


--
-- Name: COLUMN audit_events.surface; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.surface IS 'The API the request came by.';


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

COMMENT ON COLUMN public.audit_events.model IS 'The model that answered, else the one that was asked.';


--
-- Name: COLUMN audit_events.reason_codes; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.reason_codes IS 'Why policy decided so, at least one: codes of the policy, then the one of the closed table that refused.';


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
-- Name: COLUMN audit_events.latency_ms; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.latency_ms IS 'Milliseconds from received to completed, by a monotonic clock.';


--
-- Name: COLUMN audit_events.streamed; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.streamed IS 'Whether the caller asked for the answer as a stream.';


--
-- Name: COLUMN audit_events.findings; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.findings IS 'How many of each kind the scanner found, as code to count; empty also in rows of versions that did not say.';


--
-- Name: COLUMN audit_events.scan_ruleset; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.scan_ruleset IS 'The rules it was scanned by, <version>:<SHA-256>; null in rows of versions that did not say.';


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
-- Name: COLUMN audit_events.answered_provider; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.answered_provider IS 'The provider that answered, or was asked last; those before it in the decision were asked too. Null where none was.';


--
-- Name: COLUMN audit_events.answered_zone; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.audit_events.answered_zone IS 'Where that provider runs.';


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
-- Name: audit_events audit_events_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT audit_events_pkey PRIMARY KEY (request_id);


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
-- Name: audit_events_pending_settle_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_events_pending_settle_by_idx ON public.audit_events USING btree (settle_by) WHERE (status = 'pending'::text);


--
-- Name: audit_events_received_at_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_events_received_at_idx ON public.audit_events USING btree (received_at DESC, request_id DESC);


--
-- Name: policies_name_version_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX policies_name_version_idx ON public.policies USING btree (name, version DESC);


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
    ('20261122170002');
