-- A job of any kind: with a trip and a number of items, or without. key_id and request_id: the key
-- and the request it comes from, where it comes from one.
ALTER TABLE jobs ALTER COLUMN trip_id DROP NOT NULL;
ALTER TABLE jobs ALTER COLUMN total DROP NOT NULL;
ALTER TABLE jobs ADD COLUMN key_id TEXT COLLATE "C";
ALTER TABLE jobs ADD COLUMN request_id TEXT;

-- A worker looks for jobs of each kind on its own: many of a slow kind keep none from being found.
CREATE INDEX jobs_due_by_kind ON jobs (kind, due_at) WHERE status IN ('queued', 'running');
