-- Without the foreign key to api_keys: a key is revoked and never deleted, and the check costs a
-- look-up for each record. Still with a rowid: a record is large for a page of a tree that is
-- ordered by keys that come at random; without one, twice the bytes and more are written for each.
ALTER TABLE idempotency RENAME TO idempotency_before;

CREATE TABLE idempotency (
    api_key_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER,
    headers TEXT,
    body BLOB,
    job_id TEXT,
    created_at REAL NOT NULL,
    PRIMARY KEY (api_key_id, idempotency_key)
) STRICT;

INSERT INTO idempotency
    (api_key_id, idempotency_key, fingerprint, status, headers, body, job_id, created_at)
SELECT api_key_id, idempotency_key, fingerprint, status, headers, body, job_id, created_at
FROM idempotency_before;

DROP TABLE idempotency_before;

CREATE INDEX idempotency_by_job ON idempotency (job_id) WHERE job_id IS NOT NULL;

CREATE INDEX idempotency_by_age ON idempotency (created_at);
