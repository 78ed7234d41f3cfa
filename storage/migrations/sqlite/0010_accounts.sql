-- People sign in. password: an Argon2id hash, with its salt and costs. deleted_at: of whom nothing
-- is left but the id, which what they wrote names.
ALTER TABLE users ADD COLUMN password TEXT;
ALTER TABLE users ADD COLUMN deleted_at TEXT;

-- last_used_from: an address, and what the program called itself.
ALTER TABLE api_keys ADD COLUMN last_four TEXT;
ALTER TABLE api_keys ADD COLUMN last_used_at TEXT;
ALTER TABLE api_keys ADD COLUMN last_used_from TEXT;

CREATE INDEX api_keys_by_user ON api_keys (user_id, id);

-- hash: SHA-256 of the token in the cookie, in hex.
CREATE TABLE sessions (
    user_id TEXT NOT NULL REFERENCES users (id),
    id TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    last_used_at TEXT NOT NULL,
    last_used_from TEXT,
    PRIMARY KEY (user_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_age ON sessions (last_used_at);

-- credential_id: what the authenticator calls it, in base64url. sign_count: its counter when it was
-- used last, by which a copy of it is noticed.
CREATE TABLE passkeys (
    user_id TEXT NOT NULL REFERENCES users (id),
    id TEXT NOT NULL,
    credential_id TEXT NOT NULL UNIQUE,
    public_key BLOB NOT NULL,
    sign_count INTEGER NOT NULL,
    name TEXT NOT NULL,
    created_at TEXT NOT NULL,
    last_used_at TEXT,
    PRIMARY KEY (user_id, id)
) STRICT, WITHOUT ROWID;

-- Whom a provider of OpenID Connect means by its subject.
CREATE TABLE identities (
    user_id TEXT NOT NULL REFERENCES users (id),
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX identities_by_user ON identities (user_id);

-- What a sign-in that takes several requests has begun with. id: a hash of what the browser holds.
-- data: JSON. expires_at: Unix seconds.
CREATE TABLE challenges (
    id TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    data TEXT NOT NULL,
    expires_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX challenges_by_end ON challenges (expires_at);

-- hash: SHA-256 of the token in the link, in hex. created_by must still be an owner of the group
-- when it is accepted. One that was accepted is deleted.
CREATE TABLE invites (
    group_id TEXT NOT NULL REFERENCES groups (id),
    id TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
    created_by TEXT NOT NULL REFERENCES users (id),
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    PRIMARY KEY (group_id, id)
) STRICT, WITHOUT ROWID;

-- Links that set a new password. hash: SHA-256 of the token in the link, in hex.
CREATE TABLE resets (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    hash TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Sign-ins that failed lately. account: a hash of the e-mail address. at: Unix seconds.
CREATE TABLE sign_in_failures (
    address TEXT NOT NULL,
    account TEXT NOT NULL,
    id TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (address, account, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_in_failures_by_age ON sign_in_failures (at);

-- Which attempts to sign in take turns by: each counts the failures before it.
INSERT INTO counters (name, value) VALUES ('sign-ins', 0);
