-- What:    The next rows of a span of time, oldest first, with what they were decided by. JSON comes as text, since equal
--          texts need not be read twice. What was erased can be decided no more.
-- Params:  $1 and $2 received_at as text and request_id of the last row that was read; to begin, the start of the span and
--          the lowest uuid. $3 the end of the span as text, $4 how many rows at most
-- Returns: one row for each event; fewer than $4 at the end of the span.
-- Locks:   nothing.
select
  request_id, received_at::text as received_at_text, provider, zone, to_jsonb(reason_codes) as reason_codes,
  findings::text as findings, scan_ruleset,
  policy_hash, features::text as features, prompt_tokens, completion_tokens
from audit_events
where (received_at, request_id) > ($1::text::timestamptz, $2::uuid) and received_at < $3::text::timestamptz
  and erased_at is null
order by received_at, request_id
limit $4::integer;
