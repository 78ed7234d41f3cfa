-- What changed after a revision, a page at a time: an import has thousands of rows of one revision.
-- On SQLite the ends of these indexes are the primary key's columns anyway; they are named so that
-- both databases have the same.
DROP INDEX items_by_rev;

CREATE INDEX items_by_rev ON items (trip_id, rev, id);

DROP INDEX prior_rows_deleted;

CREATE INDEX prior_rows_deleted ON prior_rows (trip_id, rev, id) WHERE deleted = 1;

-- Rows as a changeset wrote them, where a later one has changed them again.
CREATE INDEX prior_rows_by_version ON prior_rows (trip_id, was_rev, id);

-- What takes back what.
CREATE INDEX changesets_undoing ON changesets (trip_id, rev) WHERE undoes IS NOT NULL;
