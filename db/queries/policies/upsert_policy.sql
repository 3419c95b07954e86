-- What:    Puts a policy on record that is taken into force, or notes that it is so again.
-- Params:  $1 hash, $2 name, $3 version, $4 document as the text of a JSON object, $5 the time now
-- Returns: nothing.
-- Locks:   the row of that hash.
insert into policies (hash, name, version, document, first_activated_at, last_activated_at)
values ($1::text, $2::text, $3::integer, $4::text::jsonb, $5::timestamptz, $5::timestamptz)
on conflict (hash) do update
set last_activated_at = greatest(policies.last_activated_at, excluded.last_activated_at);
