-- A job of any kind: with a trip and a number of items, or without. key_id and request_id: the key
-- and the request it comes from, where it comes from one. A column that was NOT NULL cannot be
-- changed, so the table is made anew.
ALTER TABLE jobs RENAME TO jobs_before;

CREATE TABLE jobs (
    user_id TEXT NOT NULL REFERENCES users (id),
    id TEXT NOT NULL,
    trip_id TEXT REFERENCES trips (id),
    kind TEXT NOT NULL,
    params TEXT NOT NULL,
    payload BLOB,
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed')),
    done INTEGER NOT NULL DEFAULT 0,
    total INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL,
    created_at TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT,
    result_status INTEGER,
    result TEXT,
    error TEXT,
    packed_result BLOB,
    key_id TEXT,
    request_id TEXT,
    PRIMARY KEY (user_id, id)
) STRICT;

INSERT INTO jobs
    (user_id, id, trip_id, kind, params, payload, status, done, total, attempts, due_at, created_at,
    started_at, finished_at, result_status, result, error, packed_result)
SELECT user_id, id, trip_id, kind, params, payload, status, done, total, attempts, due_at, created_at,
    started_at, finished_at, result_status, result, error, packed_result
FROM jobs_before;

DROP TABLE jobs_before;

CREATE INDEX jobs_due ON jobs (due_at) WHERE status IN ('queued', 'running');

-- A worker looks for jobs of each kind on its own: many of a slow kind keep none from being found.
CREATE INDEX jobs_due_by_kind ON jobs (kind, due_at) WHERE status IN ('queued', 'running');

CREATE INDEX jobs_by_end ON jobs (finished_at) WHERE status IN ('succeeded', 'failed');
