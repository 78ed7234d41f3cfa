-- Jobs and shares are written under the lock of their trip (storage/changes.py), and a trip is deleted
-- together with them (storage/removal.py): the schema is that of Postgres, where the foreign keys to
-- trips are in the way of a database of several machines. Tables are made anew without them.
ALTER TABLE jobs RENAME TO jobs_before;

CREATE TABLE jobs (
    user_id TEXT NOT NULL REFERENCES users (id),
    id TEXT NOT NULL,
    trip_id TEXT,
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
    traceparent TEXT,
    PRIMARY KEY (user_id, id)
) STRICT;

INSERT INTO jobs
    (user_id, id, trip_id, kind, params, payload, status, done, total, attempts, due_at, created_at,
    started_at, finished_at, result_status, result, error, packed_result, key_id, request_id,
    traceparent)
SELECT user_id, id, trip_id, kind, params, payload, status, done, total, attempts, due_at, created_at,
    started_at, finished_at, result_status, result, error, packed_result, key_id, request_id,
    traceparent
FROM jobs_before;

DROP TABLE jobs_before;

CREATE INDEX jobs_due ON jobs (due_at) WHERE status IN ('queued', 'running');

CREATE INDEX jobs_due_by_kind ON jobs (kind, due_at) WHERE status IN ('queued', 'running');

CREATE INDEX jobs_by_end ON jobs (finished_at) WHERE status IN ('succeeded', 'failed');

ALTER TABLE shares RENAME TO shares_before;

CREATE TABLE shares (
    trip_id TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    sealed TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO shares (trip_id, hash, sealed, created_at)
SELECT trip_id, hash, sealed, created_at FROM shares_before;

DROP TABLE shares_before;
