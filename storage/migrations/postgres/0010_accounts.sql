-- People sign in. password: an Argon2id hash, with its salt and costs. deleted_at: of whom nothing
-- is left but the id, which what they wrote names.
ALTER TABLE users ADD COLUMN password TEXT;
ALTER TABLE users ADD COLUMN deleted_at TEXT COLLATE "C";

-- last_used_from: an address, and what the program called itself.
ALTER TABLE api_keys ADD COLUMN last_four TEXT;
ALTER TABLE api_keys ADD COLUMN last_used_at TEXT COLLATE "C";
ALTER TABLE api_keys ADD COLUMN last_used_from TEXT;

CREATE INDEX api_keys_by_user ON api_keys (user_id, id);

-- hash: SHA-256 of the token in the cookie, in hex.
CREATE TABLE sessions (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    id TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL UNIQUE,
    created_at TEXT COLLATE "C" NOT NULL,
    last_used_at TEXT COLLATE "C" NOT NULL,
    last_used_from TEXT,
    PRIMARY KEY (user_id, id)
);

CREATE INDEX sessions_by_age ON sessions (last_used_at);

-- credential_id: what the authenticator calls it, in base64url. sign_count: its counter when it was
-- used last, by which a copy of it is noticed.
CREATE TABLE passkeys (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    id TEXT COLLATE "C" NOT NULL,
    credential_id TEXT COLLATE "C" NOT NULL UNIQUE,
    public_key BYTEA NOT NULL,
    sign_count BIGINT NOT NULL,
    name TEXT NOT NULL,
    created_at TEXT COLLATE "C" NOT NULL,
    last_used_at TEXT COLLATE "C",
    PRIMARY KEY (user_id, id)
);

-- Whom a provider of OpenID Connect means by its subject.
CREATE TABLE identities (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    issuer TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    created_at TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (issuer, subject)
);

CREATE INDEX identities_by_user ON identities (user_id);

-- What a sign-in that takes several requests has begun with. id: a hash of what the browser holds.
-- data: JSON. expires_at: Unix seconds.
CREATE TABLE challenges (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    data TEXT NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL
);

CREATE INDEX challenges_by_end ON challenges (expires_at);

-- hash: SHA-256 of the token in the link, in hex. created_by must still be an owner of the group
-- when it is accepted. One that was accepted is deleted.
CREATE TABLE invites (
    group_id TEXT COLLATE "C" NOT NULL REFERENCES groups (id),
    id TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
    created_by TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    created_at TEXT COLLATE "C" NOT NULL,
    expires_at TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (group_id, id)
);

-- Links that set a new password. hash: SHA-256 of the token in the link, in hex.
CREATE TABLE resets (
    user_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES users (id),
    hash TEXT COLLATE "C" NOT NULL UNIQUE,
    created_at TEXT COLLATE "C" NOT NULL,
    expires_at TEXT COLLATE "C" NOT NULL
);

-- Sign-ins that failed lately. account: a hash of the e-mail address. at: Unix seconds.
CREATE TABLE sign_in_failures (
    address TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (address, account, id)
);

CREATE INDEX sign_in_failures_by_age ON sign_in_failures (at);

-- Which attempts to sign in take turns by: each counts the failures before it.
INSERT INTO counters (name, value) VALUES ('sign-ins', 0);
