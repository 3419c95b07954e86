-- What:    Frees the space of old row versions and refreshes the planner's statistics.
-- Params:  none
-- Returns: nothing.
-- Locks:   nothing that another statement of ours waits for; the embedded database runs one at a time anyway.
vacuum (analyze);
