-- What:    Forgets the settings, prepared statements and temporary tables of a session that nobody uses any more.
-- Params:  none
-- Returns: nothing.
-- Locks:   Session-level locks are given back.
discard all;
