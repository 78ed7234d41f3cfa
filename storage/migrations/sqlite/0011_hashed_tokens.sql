-- Links that let in are found by a hash of their token. hash: SHA-256 of it, in hex. sealed: the
-- token, masked by what only the server's secret gives, in hex. Those there are now are filled in by
-- the program (storage/clear_tokens.py), and nothing is left of them on the file's free pages.
PRAGMA secure_delete = ON;

CREATE TEMPORARY TABLE clear_tokens AS
SELECT 'shares' AS name, trip_id AS owner_id, token, created_at FROM shares
UNION ALL
SELECT 'calendar_tokens', user_id, token, created_at FROM calendar_tokens;

DROP TABLE shares;

CREATE TABLE shares (
    trip_id TEXT NOT NULL PRIMARY KEY REFERENCES trips (id),
    hash TEXT NOT NULL UNIQUE,
    sealed TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

DROP TABLE calendar_tokens;

CREATE TABLE calendar_tokens (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    hash TEXT NOT NULL UNIQUE,
    sealed TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
