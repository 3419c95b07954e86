-- What:    Writes what the log holds into the data files, so that the log can be reused.
-- Params:  none
-- Returns: nothing.
-- Locks:   nothing that another statement of ours waits for; the embedded database runs one at a time anyway.
checkpoint;
