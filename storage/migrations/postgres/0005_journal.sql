-- Memberships, names and roles raise no trip's revision: what shows them is told by the group's.
ALTER TABLE groups ADD COLUMN rev BIGINT NOT NULL DEFAULT 0;

-- content_rev, message_rev, doc_rev: the revision of the last write that touched what the trip
-- holds but for messages, its messages, its own document. A server of before raises rev alone:
-- then rev is above all three, and counts for each of them.
-- pruned_rev: of changesets up to here nothing is known, or not any more.
ALTER TABLE trips
    ADD COLUMN content_rev BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN message_rev BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN doc_rev BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN pruned_rev BIGINT NOT NULL DEFAULT 0;

UPDATE trips SET content_rev = rev, message_rev = rev, doc_rev = rev, pruned_rev = rev;

-- created_rev: the revision that made the row, which is its age; 0 for rows of before, whose ids
-- tell their age. A server of before does not name it, and its rows
-- are taken for as old.
ALTER TABLE items ADD COLUMN created_rev BIGINT NOT NULL DEFAULT 0;

-- Rows are written under the lock of their trip, and trips stay: the check of each row against its
-- trip would cost a quarter of an import and find nothing.
ALTER TABLE items
    DROP CONSTRAINT items_pkey,
    DROP CONSTRAINT items_trip_id_fkey,
    ADD PRIMARY KEY (trip_id, kind, parent_id, sort_key, created_rev, id);

ALTER TABLE links DROP CONSTRAINT links_trip_id_fkey;

-- What changed after a revision.
CREATE INDEX items_by_rev ON items (trip_id, rev);

-- Trips are listed by age, which no clock tells: a counter does. joined_rev: the group's revision
-- at which a member came. 0 for trips and members of before, whose ids tell their age.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

INSERT INTO counters (name, value) VALUES ('trips', 0);

ALTER TABLE trips ADD COLUMN age BIGINT NOT NULL DEFAULT 0;

DROP INDEX trips_by_group;

CREATE INDEX trips_by_group ON trips (group_id, age, id);

ALTER TABLE group_members ADD COLUMN joined_rev BIGINT NOT NULL DEFAULT 0;

CREATE INDEX group_members_by_age ON group_members (group_id, joined_rev, user_id);

-- The journal: one row for each committed write in a trip. via: api, web, import, undo, system.
-- summary: how many rows of which kind were created, updated, deleted, as JSON.
CREATE TABLE changesets (
    trip_id TEXT COLLATE "C" NOT NULL,
    rev BIGINT NOT NULL,
    at TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C",
    key_id TEXT COLLATE "C",
    session_id TEXT COLLATE "C",
    via TEXT NOT NULL,
    request_id TEXT,
    job_id TEXT COLLATE "C",
    undoes BIGINT,
    summary TEXT NOT NULL,
    PRIMARY KEY (trip_id, rev)
);

CREATE INDEX changesets_by_age ON changesets (at, trip_id, rev);

-- Rows as they were before the changeset of this revision updated or deleted them; was_rev: the
-- revision of their last change until then. A deleted one's is its tombstone.
CREATE TABLE prior_rows (
    trip_id TEXT COLLATE "C" NOT NULL,
    rev BIGINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    deleted INTEGER NOT NULL,
    parent_id TEXT COLLATE "C" NOT NULL,
    sort_key TEXT COLLATE "C" NOT NULL,
    created_rev BIGINT NOT NULL,
    client_ref TEXT COLLATE "C",
    was_rev BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (trip_id, rev, id)
);

CREATE INDEX prior_rows_by_id ON prior_rows (trip_id, id, rev);

CREATE INDEX prior_rows_deleted ON prior_rows (trip_id, rev) WHERE deleted = 1;

-- The revision that the remembered answer's entity tag tells.
ALTER TABLE idempotency ADD COLUMN rev BIGINT;
