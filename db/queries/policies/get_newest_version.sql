-- What:    The highest version of a policy that was ever in force. Of several with that version, the last that was.
-- Params:  $1 name
-- Returns: one row, or none where no policy of that name was ever in force.
-- Locks:   nothing.
select version, hash
from policies
where name = $1::text
order by version desc, last_activated_at desc, hash
limit 1;
