-- Whose trips a calendar's address shows.
CREATE TABLE calendar_tokens (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    token TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
