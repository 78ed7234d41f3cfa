-- Where changes are told to. key_id: the key that made or last changed it, which must be allowed to
-- read what is delivered. events: a JSON array. trip_id: null for all trips. leased_until: until
-- then, in Unix seconds, the worker whose claim `lease` counts delivers. slow: whether the last
-- attempt failed or took long. deleted_at: its deliveries are still to be dropped.
CREATE TABLE webhooks (
    user_id TEXT NOT NULL REFERENCES users (id),
    id TEXT NOT NULL,
    age INTEGER NOT NULL,
    key_id TEXT,
    trip_id TEXT,
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    description TEXT,
    secret TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    disabled_reason TEXT,
    disabled_at TEXT,
    lease INTEGER NOT NULL DEFAULT 0,
    leased_until REAL NOT NULL DEFAULT 0,
    slow INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    deleted_at TEXT,
    PRIMARY KEY (user_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX webhooks_free ON webhooks (leased_until) WHERE enabled = 1;

CREATE INDEX webhooks_deleted ON webhooks (deleted_at) WHERE deleted_at IS NOT NULL;

INSERT INTO counters (name, value) VALUES ('webhooks', 0);

-- The outbox: what is told to whom, written in the transaction of the change. payload: of what the
-- journal does not have, as JSON. due_at: Unix seconds, 0 for at once. response: its beginning.
-- Without foreign keys: a write must not wait for a webhook that is being changed.
CREATE TABLE deliveries (
    webhook_id TEXT NOT NULL,
    id TEXT NOT NULL,
    event TEXT NOT NULL,
    trip_id TEXT,
    rev INTEGER,
    payload TEXT,
    status TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL DEFAULT 0,
    response_status INTEGER,
    duration_ms INTEGER,
    response TEXT,
    created_at TEXT NOT NULL,
    finished_at TEXT,
    PRIMARY KEY (webhook_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_due ON deliveries (webhook_id, due_at, trip_id, rev, id)
WHERE status = 'pending';

CREATE INDEX deliveries_by_end ON deliveries (finished_at) WHERE status IN ('succeeded', 'failed');
