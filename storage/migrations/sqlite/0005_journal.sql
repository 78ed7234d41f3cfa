-- Memberships, names and roles raise no trip's revision: what shows them is told by the group's.
ALTER TABLE groups ADD COLUMN rev INTEGER NOT NULL DEFAULT 0;

-- content_rev, message_rev, doc_rev: the revision of the last write that touched what the trip
-- holds but for messages, its messages, its own document. A server of before raises rev alone:
-- then rev is above all three, and counts for each of them.
-- pruned_rev: of changesets up to here nothing is known, or not any more.
ALTER TABLE trips ADD COLUMN content_rev INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trips ADD COLUMN message_rev INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trips ADD COLUMN doc_rev INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trips ADD COLUMN pruned_rev INTEGER NOT NULL DEFAULT 0;

UPDATE trips SET content_rev = rev, message_rev = rev, doc_rev = rev, pruned_rev = rev;

-- Views of a table stand in the way of its renaming; they come again below.
DROP VIEW legs;
DROP VIEW stays;
DROP VIEW map_pins;
DROP VIEW action_items;
DROP VIEW commitments;

ALTER TABLE items RENAME TO items_before;

-- created_rev: the revision that made the row, which is its age; 0 for rows of before, whose ids
-- tell their age. Without the foreign key to trips: rows are written in a transaction that has read
-- their trip, and trips stay.
CREATE TABLE items (
    trip_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    parent_id TEXT NOT NULL,
    sort_key TEXT NOT NULL,
    created_rev INTEGER NOT NULL DEFAULT 0,
    id TEXT NOT NULL,
    client_ref TEXT,
    rev INTEGER NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (trip_id, kind, parent_id, sort_key, created_rev, id)
) STRICT, WITHOUT ROWID;

INSERT INTO items (trip_id, kind, parent_id, sort_key, created_rev, id, client_ref, rev, doc)
SELECT trip_id, kind, parent_id, sort_key, 0, id, client_ref, rev, doc FROM items_before
ORDER BY trip_id, kind, parent_id, sort_key, id;

DROP TABLE items_before;

CREATE UNIQUE INDEX items_by_id ON items (trip_id, id);

CREATE UNIQUE INDEX items_by_client_ref ON items (trip_id, client_ref, kind, parent_id)
WHERE client_ref IS NOT NULL;

-- What changed after a revision.
CREATE INDEX items_by_rev ON items (trip_id, rev);

ALTER TABLE links RENAME TO links_before;

CREATE TABLE links (
    trip_id TEXT NOT NULL,
    target_id TEXT NOT NULL,
    source_id TEXT NOT NULL,
    PRIMARY KEY (trip_id, target_id, source_id)
) STRICT, WITHOUT ROWID;

INSERT INTO links SELECT trip_id, target_id, source_id FROM links_before;

DROP TABLE links_before;

CREATE INDEX links_by_source ON links (trip_id, source_id);

-- Trips are listed by age, which no clock tells: a counter does. joined_rev: the group's revision
-- at which a member came. 0 for trips and members of before, whose ids tell their age.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO counters (name, value) VALUES ('trips', 0);

ALTER TABLE trips ADD COLUMN age INTEGER NOT NULL DEFAULT 0;

DROP INDEX trips_by_group;

CREATE INDEX trips_by_group ON trips (group_id, age, id);

ALTER TABLE group_members ADD COLUMN joined_rev INTEGER NOT NULL DEFAULT 0;

CREATE INDEX group_members_by_age ON group_members (group_id, joined_rev, user_id);

-- The journal: one row for each committed write in a trip. via: api, web, import, undo, system.
-- summary: how many rows of which kind were created, updated, deleted, as JSON.
CREATE TABLE changesets (
    trip_id TEXT NOT NULL,
    rev INTEGER NOT NULL,
    at TEXT NOT NULL,
    user_id TEXT,
    key_id TEXT,
    session_id TEXT,
    via TEXT NOT NULL,
    request_id TEXT,
    job_id TEXT,
    undoes INTEGER,
    summary TEXT NOT NULL,
    PRIMARY KEY (trip_id, rev)
) STRICT, WITHOUT ROWID;

CREATE INDEX changesets_by_age ON changesets (at, trip_id, rev);

-- Rows as they were before the changeset of this revision updated or deleted them; was_rev: the
-- revision of their last change until then. A deleted one's is its tombstone.
CREATE TABLE prior_rows (
    trip_id TEXT NOT NULL,
    rev INTEGER NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    parent_id TEXT NOT NULL,
    sort_key TEXT NOT NULL,
    created_rev INTEGER NOT NULL,
    client_ref TEXT,
    was_rev INTEGER NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (trip_id, rev, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX prior_rows_by_id ON prior_rows (trip_id, id, rev);

CREATE INDEX prior_rows_deleted ON prior_rows (trip_id, rev) WHERE deleted = 1;

-- The revision that the remembered answer's entity tag tells.
ALTER TABLE idempotency ADD COLUMN rev INTEGER;

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
