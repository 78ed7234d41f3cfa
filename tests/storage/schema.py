"""The tables the program expects, and those a database has."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from storage.store import Record, Store, Tx


class Table(NamedTuple):
    """A table's columns with their types, `?` where null is allowed, and all else it has."""

    columns: dict[str, str]
    parts: set[str]


def table(columns: str, *parts: str) -> Table:
    types = dict(column.split(" ", 1) for column in columns.split(", "))
    return Table(types, set(parts))


TABLES = {
    "users": table(
        "id text, email text, name text, phone text?, created_at text, password text?,"
        " deleted_at text?",
        "PRIMARY KEY (id)",
        "CREATE UNIQUE INDEX users_by_email ON users (lower(email))",
    ),
    "groups": table(
        "id text, name text, created_at text, rev integer = 0",
        "PRIMARY KEY (id)",
    ),
    "group_members": table(
        "group_id text, user_id text, role text, created_at text, joined_rev integer = 0",
        "PRIMARY KEY (group_id, user_id)",
        "FOREIGN KEY (group_id) REFERENCES groups(id)",
        "FOREIGN KEY (user_id) REFERENCES users(id)",
        "CREATE INDEX group_members_by_user ON group_members (user_id, group_id)",
        "CREATE INDEX group_members_by_age ON group_members (group_id, joined_rev, user_id)",
    ),
    "api_keys": table(
        "id text, hash text, user_id text, name text, scopes text, rate_limit integer?,"
        " expires_at text?, revoked_at text?, created_at text, last_four text?, last_used_at text?,"
        " last_used_from text?",
        "PRIMARY KEY (id)",
        "UNIQUE (hash)",
        "FOREIGN KEY (user_id) REFERENCES users(id)",
        "CREATE INDEX api_keys_by_user ON api_keys (user_id, id)",
    ),
    "sessions": table(
        "user_id text, id text, hash text, created_at text, last_used_at text,"
        " last_used_from text?",
        "PRIMARY KEY (user_id, id)",
        "UNIQUE (hash)",
        "FOREIGN KEY (user_id) REFERENCES users(id)",
        "CREATE INDEX sessions_by_age ON sessions (last_used_at)",
    ),
    "passkeys": table(
        "user_id text, id text, credential_id text, public_key bytes, sign_count integer,"
        " name text, created_at text, last_used_at text?",
        "PRIMARY KEY (user_id, id)",
        "UNIQUE (credential_id)",
        "FOREIGN KEY (user_id) REFERENCES users(id)",
    ),
    "identities": table(
        "user_id text, issuer text, subject text, created_at text",
        "PRIMARY KEY (issuer, subject)",
        "FOREIGN KEY (user_id) REFERENCES users(id)",
        "CREATE INDEX identities_by_user ON identities (user_id)",
    ),
    "challenges": table(
        "id text, purpose text, data text, expires_at real",
        "PRIMARY KEY (id)",
        "CREATE INDEX challenges_by_end ON challenges (expires_at)",
    ),
    "invites": table(
        "group_id text, id text, hash text, role text, created_by text, created_at text,"
        " expires_at text",
        "PRIMARY KEY (group_id, id)",
        "UNIQUE (hash)",
        "FOREIGN KEY (created_by) REFERENCES users(id)",
        "FOREIGN KEY (group_id) REFERENCES groups(id)",
    ),
    "resets": table(
        "user_id text, hash text, created_at text, expires_at text",
        "PRIMARY KEY (user_id)",
        "UNIQUE (hash)",
        "FOREIGN KEY (user_id) REFERENCES users(id)",
    ),
    "sign_in_failures": table(
        "address text, account text, id text, at real",
        "PRIMARY KEY (address, account, id)",
        "CREATE INDEX sign_in_failures_by_age ON sign_in_failures (at)",
    ),
    "server_state": table("name text, value text", "PRIMARY KEY (name)"),
    "trips": table(
        "id text, group_id text, rev integer, doc text, content_rev integer = 0,"
        " message_rev integer = 0, doc_rev integer = 0, pruned_rev integer = 0, age integer = 0",
        "PRIMARY KEY (id)",
        "FOREIGN KEY (group_id) REFERENCES groups(id)",
        "CREATE INDEX trips_by_group ON trips (group_id, age, id)",
    ),
    "items": table(
        "trip_id text, kind text, parent_id text, sort_key text, id text, client_ref text?,"
        " rev integer, doc text, created_rev integer = 0",
        "PRIMARY KEY (trip_id, kind, parent_id, sort_key, created_rev, id)",
        "CREATE UNIQUE INDEX items_by_id ON items (trip_id, id)",
        "CREATE UNIQUE INDEX items_by_client_ref ON items (trip_id, client_ref, kind, parent_id)"
        " WHERE client_ref IS NOT NULL",
        "CREATE INDEX items_by_rev ON items (trip_id, rev, id)",
    ),
    "links": table(
        "trip_id text, target_id text, source_id text",
        "PRIMARY KEY (trip_id, target_id, source_id)",
        "CREATE INDEX links_by_source ON links (trip_id, source_id)",
    ),
    "counters": table("name text, value integer", "PRIMARY KEY (name)"),
    "changesets": table(
        "trip_id text, rev integer, at text, user_id text?, key_id text?, session_id text?,"
        " via text, request_id text?, job_id text?, undoes integer?, summary text",
        "PRIMARY KEY (trip_id, rev)",
        "CREATE INDEX changesets_by_age ON changesets (at, trip_id, rev)",
        "CREATE INDEX changesets_undoing ON changesets (trip_id, rev) WHERE undoes IS NOT NULL",
    ),
    "prior_rows": table(
        "trip_id text, rev integer, id text, kind text, deleted integer, parent_id text,"
        " sort_key text, created_rev integer, client_ref text?, was_rev integer, doc text",
        "PRIMARY KEY (trip_id, rev, id)",
        "CREATE INDEX prior_rows_by_id ON prior_rows (trip_id, id, rev)",
        "CREATE INDEX prior_rows_deleted ON prior_rows (trip_id, rev, id) WHERE deleted = 1",
        "CREATE INDEX prior_rows_by_version ON prior_rows (trip_id, was_rev, id)",
    ),
    "shares": table(
        "trip_id text, hash text, sealed text, created_at text",
        "PRIMARY KEY (trip_id)",
        "UNIQUE (hash)",
    ),
    "calendar_tokens": table(
        "user_id text, hash text, sealed text, created_at text",
        "PRIMARY KEY (user_id)",
        "UNIQUE (hash)",
        "FOREIGN KEY (user_id) REFERENCES users(id)",
    ),
    "jobs": table(
        "user_id text, id text, trip_id text?, kind text, params text, payload bytes?, status text,"
        " done integer = 0, total integer?, attempts integer = 0, due_at real, created_at text,"
        " started_at text?, finished_at text?, result_status integer?, result text?, error text?,"
        " packed_result bytes?, key_id text?, request_id text?, traceparent text?",
        "PRIMARY KEY (user_id, id)",
        "FOREIGN KEY (user_id) REFERENCES users(id)",
        "CREATE INDEX jobs_due ON jobs (due_at) WHERE status IN ('queued', 'running')",
        "CREATE INDEX jobs_due_by_kind ON jobs (kind, due_at)"
        " WHERE status IN ('queued', 'running')",
        "CREATE INDEX jobs_by_end ON jobs (finished_at) WHERE status IN ('succeeded', 'failed')",
    ),
    "webhooks": table(
        "user_id text, id text, age integer, key_id text?, trip_id text?, url text, events text,"
        " description text?, secret text, enabled integer, disabled_reason text?,"
        " disabled_at text?, lease integer = 0, leased_until real = 0, slow integer = 0,"
        " created_at text, updated_at text, deleted_at text?",
        "PRIMARY KEY (user_id, id)",
        "FOREIGN KEY (user_id) REFERENCES users(id)",
        "CREATE INDEX webhooks_free ON webhooks (leased_until) WHERE enabled = 1",
        "CREATE INDEX webhooks_deleted ON webhooks (deleted_at) WHERE deleted_at IS NOT NULL",
    ),
    "deliveries": table(
        "webhook_id text, id text, event text, trip_id text?, rev integer?, payload text?,"
        " status text, attempts integer = 0, due_at real = 0, response_status integer?,"
        " duration_ms integer?, response text?, created_at text, finished_at text?",
        "PRIMARY KEY (webhook_id, id)",
        "CREATE INDEX deliveries_due ON deliveries (webhook_id, due_at, trip_id, rev, id)"
        " WHERE status = 'pending'",
        "CREATE INDEX deliveries_by_end ON deliveries (finished_at)"
        " WHERE status IN ('succeeded', 'failed')",
    ),
    "idempotency": table(
        "api_key_id text, idempotency_key text, fingerprint text, status integer?, headers text?,"
        " body bytes?, job_id text?, created_at real, rev integer?",
        "PRIMARY KEY (api_key_id, idempotency_key)",
        "CREATE INDEX idempotency_by_job ON idempotency (job_id) WHERE job_id IS NOT NULL",
        "CREATE INDEX idempotency_by_age ON idempotency (created_at)",
    ),
}
"""What the program expects of every backend."""

VIEWS = {
    "legs": "trip_id id order title destination start_date end_date client_ref doc",
    "stays": "trip_id leg_id id name client_ref doc",
    "map_pins": "trip_id id name lat lng client_ref doc",
    "action_items": "trip_id id text urgency client_ref doc",
    "commitments": "trip_id id title start_date client_ref doc",
}

Catalogue = tuple[Sequence[Record], Sequence[Record]]
"""Table or view, column, type, null, default; table, constraint or index in the words of SQL."""


async def sqlite_catalogue(tx: Tx) -> Catalogue:
    columns = await tx.fetch(
        'SELECT m.name, c.name, lower(c.type), NOT c."notnull", c.dflt_value'
        " FROM sqlite_schema m, pragma_table_xinfo(m.name) c ORDER BY m.name, c.cid"
    )
    parts = await tx.fetch(
        "SELECT tbl_name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
        " UNION ALL SELECT m.name, 'FOREIGN KEY (' || f.\"from\" || ') REFERENCES ' || f.\"table\""
        " || '(' || f.\"to\" || ')' FROM sqlite_schema m, pragma_foreign_key_list(m.name) f"
        " UNION ALL SELECT m.name, CASE i.origin WHEN 'pk' THEN 'PRIMARY KEY (' ELSE 'UNIQUE (' END"
        " || (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(i.name)"
        "  ORDER BY seqno)) || ')'"
        " FROM sqlite_schema m, pragma_index_list(m.name) i WHERE i.origin <> 'c'"
    )
    return columns, [(name, " ".join(sql.split())) for name, sql in parts]


async def postgres_catalogue(tx: Tx) -> Catalogue:
    columns = await tx.fetch(
        "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES',"
        " column_default::text FROM information_schema.columns WHERE table_schema = 'public'"
        " ORDER BY table_name, ordinal_position"
    )
    parts = await tx.fetch(
        "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f')"
        " UNION ALL SELECT tablename::text, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint WHERE contype IN ('p', 'u'))"
    )
    told = []
    for name, text in parts:
        text = re.sub(r" ON public\.(\w+) USING btree ", r" ON \1 ", text.replace("::text", ""))
        text = re.sub(r"= ANY \(ARRAY\[(.*)\]\)", r"IN (\1)", text)
        told.append((name, re.sub(r" WHERE \((.*)\)$", r" WHERE \1", text)))
    return columns, told


CATALOGUES = {"sqlite": sqlite_catalogue, "postgres": postgres_catalogue}

TYPES = {"blob": "bytes", "bytea": "bytes", "bigint": "integer", "double precision": "real"}


async def shape(store: Store) -> tuple[dict[str, Table], dict[str, str]]:
    """Tables and views, but for the table of migrations, which is no migration's."""
    columns, parts = await store.read(CATALOGUES[store.dialect.name])
    found: dict[str, Table] = defaultdict(lambda: Table({}, set()))
    for name, column, kind, null, default in columns:
        may_be = "?" * bool(null) + (f" = {default}" if default is not None else "")
        found[name].columns[column] = f"{TYPES.get(kind, kind)}{may_be}"
    for name, part in parts:
        found[name].parts.add(part)
    del found["schema_migrations"]
    # All tables have a key, and no view has.
    views = {name: " ".join(columns) for name, (columns, parts) in found.items() if not parts}
    return {name: table for name, table in found.items() if table.parts}, views
