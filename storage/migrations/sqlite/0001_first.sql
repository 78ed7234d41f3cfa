-- Accounts. Small tables, read by key.
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    phone TEXT,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX users_by_email ON users (lower(email));

CREATE TABLE groups (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE group_members (
    group_id TEXT NOT NULL REFERENCES groups (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
    created_at TEXT NOT NULL,
    PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX group_members_by_user ON group_members (user_id, group_id);

-- hash: SHA-256 of the key, in hex. scopes: a JSON array.
CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    rate_limit INTEGER,
    expires_at TEXT,
    revoked_at TEXT,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What the server itself must keep, such as the secret that signs cursors.
CREATE TABLE server_state (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- rev grows with every write in the trip, in the transaction of that write.
CREATE TABLE trips (
    id TEXT NOT NULL PRIMARY KEY,
    group_id TEXT NOT NULL REFERENCES groups (id),
    rev INTEGER NOT NULL,
    doc TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX trips_by_group ON trips (group_id, id);

-- Everything a trip holds: ready JSON documents beside the columns that find and order them.
-- parent_id is '' where a kind has no parent; sort_key is text that sorts bytewise.
CREATE TABLE items (
    trip_id TEXT NOT NULL REFERENCES trips (id),
    kind TEXT NOT NULL,
    parent_id TEXT NOT NULL,
    sort_key TEXT NOT NULL,
    id TEXT NOT NULL,
    client_ref TEXT,
    rev INTEGER NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (trip_id, kind, parent_id, sort_key, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX items_by_id ON items (trip_id, id);

CREATE UNIQUE INDEX items_by_client_ref ON items (trip_id, kind, client_ref, parent_id)
WHERE client_ref IS NOT NULL;

-- Which rows name which: found when the row they name goes.
CREATE TABLE links (
    trip_id TEXT NOT NULL REFERENCES trips (id),
    target_id TEXT NOT NULL,
    source_id TEXT NOT NULL,
    PRIMARY KEY (trip_id, target_id, source_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX links_by_source ON links (trip_id, source_id);

CREATE TABLE shares (
    trip_id TEXT NOT NULL PRIMARY KEY REFERENCES trips (id),
    token TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The queue's truth. payload: the request's body. result: the response's body.
CREATE TABLE jobs (
    user_id TEXT NOT NULL REFERENCES users (id),
    id TEXT NOT NULL,
    trip_id TEXT NOT NULL REFERENCES trips (id),
    kind TEXT NOT NULL,
    params TEXT NOT NULL,
    payload BLOB,
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed')),
    done INTEGER NOT NULL DEFAULT 0,
    total INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL,
    created_at TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT,
    result_status INTEGER,
    result TEXT,
    error TEXT,
    PRIMARY KEY (user_id, id)
) STRICT;

-- due_at: when a queued job may start, or when a running one's lease ends; Unix seconds.
CREATE INDEX jobs_due ON jobs (due_at) WHERE status IN ('queued', 'running');

CREATE INDEX jobs_by_end ON jobs (finished_at) WHERE status IN ('succeeded', 'failed');

-- status is null while the answer is a job's, which is found in jobs.
CREATE TABLE idempotency (
    api_key_id TEXT NOT NULL REFERENCES api_keys (id),
    idempotency_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER,
    headers TEXT,
    body BLOB,
    job_id TEXT,
    created_at REAL NOT NULL,
    PRIMARY KEY (api_key_id, idempotency_key)
) STRICT;

CREATE INDEX idempotency_by_job ON idempotency (job_id) WHERE job_id IS NOT NULL;

CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- For people who look with SQL.
CREATE VIEW legs AS
SELECT trip_id, id, json_extract(doc, '$.order') AS "order", json_extract(doc, '$.title') AS title,
    json_extract(doc, '$.destination') AS destination,
    json_extract(doc, '$.startDate') AS start_date, json_extract(doc, '$.endDate') AS end_date,
    client_ref, doc
FROM items WHERE kind = 'leg';

CREATE VIEW stays AS
SELECT trip_id, parent_id AS leg_id, id, json_extract(doc, '$.name') AS name, client_ref, doc
FROM items WHERE kind = 'stay';

CREATE VIEW map_pins AS
SELECT trip_id, id, json_extract(doc, '$.name') AS name, json_extract(doc, '$.lat') AS lat,
    json_extract(doc, '$.lng') AS lng, client_ref, doc
FROM items WHERE kind = 'mapPin';

CREATE VIEW action_items AS
SELECT trip_id, id, json_extract(doc, '$.text') AS text, json_extract(doc, '$.urgency') AS urgency,
    client_ref, doc
FROM items WHERE kind = 'actionItem';

CREATE VIEW commitments AS
SELECT trip_id, id, json_extract(doc, '$.title') AS title,
    json_extract(doc, '$.startDate') AS start_date, client_ref, doc
FROM items WHERE kind = 'commitment';
