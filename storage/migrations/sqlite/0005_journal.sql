-- Holds the number for the journal.
SELECT 1;
