-- What:    Ends the transaction that a vanished connection left open; a warning where there is none.
-- Params:  none
-- Returns: nothing.
-- Locks:   The locks of that transaction are given back.
rollback;
