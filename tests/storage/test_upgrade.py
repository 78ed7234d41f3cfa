"""What was released stays what it was, and a database of any release becomes a present one."""

import dataclasses
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import msgspec
import pytest

import storage
from domain.account import TripAccess
from domain.resources import ACTION_ITEM, COMMITMENT, LEG, MAP_PIN, STAY
from domain.scopes import Role
from storage import accounts, idempotency, items, jobs, open_store, shares, snapshots, trips
from storage.idempotency import Answer
from storage.migrate import Migration, is_current, migrate, migrations_in
from storage.store import Record, Store, Tx
from tests.support import now

MIGRATIONS = Path(storage.__file__).parent / "migrations"

RELEASED = {
    "sqlite/0001_first": "837403a082d2eb220fbd7ac0265badf751e78db12f3c7bedb3b59e29e432226b",
    "postgres/0001_first": "88332145b48185ad9a9cb1505c03015f9468b67176314b8a893a0770084e5e81",
}
"""The checksums of released migrations: each release adds its own."""

DATA = sorted((Path(__file__).parent / "released").glob("*.sql"))
"""One home's data in each released schema, by its number: each release that has one adds its own.

To read it again, the tests below know its key, its trip, and its Idempotency-Keys.
"""

KEY = "osk_lniJ4HlhYrSskdecbixbNErYddjpp8hgde0PTuWACc2"
TRIP = "1j10oopj5qgpn7ehotqcim20"
LATER = "2026-11-24T15:00:00.000Z"
LATER_UNIX = 1795532400.0
"""After all that is in the data, and before anything of it is forgotten."""


RESULT = "SELECT result FROM jobs WHERE id = $1"


class Table(NamedTuple):
    """A table's columns with their types, `?` where null is allowed, and all else it has."""

    columns: dict[str, str]
    parts: set[str]


def table(columns: str, *parts: str) -> Table:
    types = dict(column.split(" ", 1) for column in columns.split(", "))
    return Table(types, set(parts))


TABLES = {
    "users": table(
        "id text, email text, name text, phone text?, created_at text",
        "PRIMARY KEY (id)",
        "CREATE UNIQUE INDEX users_by_email ON users (lower(email))",
    ),
    "groups": table("id text, name text, created_at text", "PRIMARY KEY (id)"),
    "group_members": table(
        "group_id text, user_id text, role text, created_at text",
        "PRIMARY KEY (group_id, user_id)",
        "FOREIGN KEY (group_id) REFERENCES groups(id)",
        "FOREIGN KEY (user_id) REFERENCES users(id)",
        "CREATE INDEX group_members_by_user ON group_members (user_id, group_id)",
    ),
    "api_keys": table(
        "id text, hash text, user_id text, name text, scopes text, rate_limit integer?,"
        " expires_at text?, revoked_at text?, created_at text",
        "PRIMARY KEY (id)",
        "UNIQUE (hash)",
        "FOREIGN KEY (user_id) REFERENCES users(id)",
    ),
    "server_state": table("name text, value text", "PRIMARY KEY (name)"),
    "trips": table(
        "id text, group_id text, rev integer, doc text",
        "PRIMARY KEY (id)",
        "FOREIGN KEY (group_id) REFERENCES groups(id)",
        "CREATE INDEX trips_by_group ON trips (group_id, id)",
    ),
    "items": table(
        "trip_id text, kind text, parent_id text, sort_key text, id text, client_ref text?,"
        " rev integer, doc text",
        "PRIMARY KEY (trip_id, kind, parent_id, sort_key, id)",
        "FOREIGN KEY (trip_id) REFERENCES trips(id)",
        "CREATE UNIQUE INDEX items_by_id ON items (trip_id, id)",
        "CREATE UNIQUE INDEX items_by_client_ref ON items (trip_id, client_ref, kind, parent_id)"
        " WHERE client_ref IS NOT NULL",
    ),
    "links": table(
        "trip_id text, target_id text, source_id text",
        "PRIMARY KEY (trip_id, target_id, source_id)",
        "FOREIGN KEY (trip_id) REFERENCES trips(id)",
        "CREATE INDEX links_by_source ON links (trip_id, source_id)",
    ),
    "shares": table(
        "trip_id text, token text, created_at text",
        "PRIMARY KEY (trip_id)",
        "UNIQUE (token)",
        "FOREIGN KEY (trip_id) REFERENCES trips(id)",
    ),
    "jobs": table(
        "user_id text, id text, trip_id text?, kind text, params text, payload bytes?, status text,"
        " done integer = 0, total integer?, attempts integer = 0, due_at real, created_at text,"
        " started_at text?, finished_at text?, result_status integer?, result text?, error text?,"
        " packed_result bytes?, key_id text?, request_id text?",
        "PRIMARY KEY (user_id, id)",
        "FOREIGN KEY (user_id) REFERENCES users(id)",
        "FOREIGN KEY (trip_id) REFERENCES trips(id)",
        "CREATE INDEX jobs_due ON jobs (due_at) WHERE status IN ('queued', 'running')",
        "CREATE INDEX jobs_due_by_kind ON jobs (kind, due_at)"
        " WHERE status IN ('queued', 'running')",
        "CREATE INDEX jobs_by_end ON jobs (finished_at) WHERE status IN ('succeeded', 'failed')",
    ),
    "idempotency": table(
        "api_key_id text, idempotency_key text, fingerprint text, status integer?, headers text?,"
        " body bytes?, job_id text?, created_at real",
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


# What a database has

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


async def rows(store: Store, tables: dict[str, Table]) -> dict[str, list[Record]]:
    """All there is in these columns of these tables."""

    async def look(tx: Tx) -> dict[str, list[Record]]:
        return {
            name: sorted(await tx.fetch(f"SELECT {', '.join(columns)} FROM {name}"), key=repr)
            for name, (columns, _) in tables.items()
        }

    return await store.read(look)


# Databases of old


def first_migrations(backend: str, count: int, folder: Path) -> Path:
    """A folder with what a program of old had."""
    folder.mkdir()
    for path in sorted((MIGRATIONS / backend).glob("*.sql"))[:count]:
        shutil.copy(path, folder)
    return folder


BYTES = re.compile(r"BYTES'([^']*)'")


def statements(data: Path) -> Iterator[tuple[str, list[bytes]]]:
    """The statements of a file, with the bytes in them as parameters."""
    for text in Migration(0, data.name, data.read_text(encoding="utf-8")).statements():
        values = [value.encode() for value in BYTES.findall(text)]
        for number in range(1, len(values) + 1):
            text = BYTES.sub(f"${number}", text, count=1)
        yield text, values


@pytest.fixture(params=DATA, ids=lambda path: path.stem)
async def old(request, storage_url, tmp_path, monkeypatch):
    """A database as an old program left it, opened by the present one."""

    async def fill(tx: Tx) -> None:
        for statement, values in statements(request.param):
            await tx.execute(statement, *values)

    first = await open_store(storage_url)
    folder = first_migrations(first.dialect.name, int(request.param.stem), tmp_path / "old")
    monkeypatch.setattr(first, "dialect", dataclasses.replace(first.dialect, migrations=folder))
    try:
        await migrate(first, now())
        await first.write(fill)
    finally:
        await first.close()
    present = await open_store(storage_url, create=False)
    yield present
    await present.close()


@pytest.fixture
async def upgraded(old):
    """The same, brought to the present schema."""
    await migrate(old, now())
    return old


# What must hold


@pytest.mark.parametrize("name", RELEASED)
def test_a_released_migration_never_changes(name):
    folder, _, stem = name.partition("/")
    checksums = {found.name: found.checksum for found in migrations_in(MIGRATIONS / folder)}
    assert checksums.get(stem) == RELEASED[name], (
        f"{name}.sql was released: it never changes, since databases that have it are refused then."
        " Put the change into a new migration."
    )


def test_backends_have_the_same_migrations():
    sqlite, postgres = (migrations_in(MIGRATIONS / backend) for backend in CATALOGUES)
    assert [found.name for found in sqlite] == [found.name for found in postgres]


@pytest.mark.parametrize("backend", CATALOGUES)
def test_there_is_data_of_the_last_release(backend):
    released = max(name for name in RELEASED if name.startswith(f"{backend}/"))
    assert released.startswith(f"{backend}/{DATA[-1].stem}_")


async def test_a_new_database_has_the_shape_the_program_expects(store):
    tables, views = await shape(store)
    assert tables == TABLES
    assert views == VIEWS


async def test_an_upgraded_database_has_the_shape_of_a_new_one(upgraded):
    tables, views = await shape(upgraded)
    assert tables == TABLES
    assert views == VIEWS


async def test_an_upgrade_keeps_every_row(old):
    tables, _ = await shape(old)
    before = await rows(old, tables)
    assert all(before.values())
    assert not await is_current(old)
    assert await migrate(old, now())
    assert await is_current(old)
    assert await rows(old, tables) == before


async def test_an_upgraded_database_is_read(upgraded):
    async def look(tx: Tx) -> None:
        caller = await accounts.authenticate(tx, KEY, TRIP)
        assert caller is not None
        assert caller.trip == TripAccess(14, Role.OWNER)
        page = await trips.page(tx, caller.user_id, among=None, after=None, limit=1)
        assert msgspec.json.decode(page.documents[0])["_id"] == TRIP
        assert [key.revoked_at for key in await accounts.list_keys(tx)].count(None) == 4
        assert await shares.active(tx, TRIP)
        whole = await snapshots.of_trip(tx, TRIP, (LEG, STAY, MAP_PIN, ACTION_ITEM, COMMITMENT))
        assert all(whole.rows.values())
        assert len(whole.members) == 3

    await upgraded.read(look)


async def test_items_of_an_upgraded_database_are_listed(upgraded):
    async def look(tx: Tx) -> None:
        lists = defaultdict(list)
        stored = "SELECT kind, parent_id, id FROM items WHERE trip_id = $1 ORDER BY sort_key, id"
        for kind, parent_id, item_id in await tx.fetch(stored, TRIP):
            lists[kind, parent_id].append(item_id)
        assert len(lists) == 7
        for (kind, parent_id), ids in lists.items():
            page = await items.page(tx, TRIP, kind, parent_id, after=None, limit=100)
            assert [msgspec.json.decode(text)["_id"] for text in page.documents] == ids

    await upgraded.read(look)


async def test_jobs_of_an_upgraded_database_are_read_and_done(upgraded):
    async def look(tx: Tx) -> None:
        stored = await tx.fetch("SELECT user_id, id FROM jobs")
        found = [await jobs.get(tx, *ids) for ids in stored]
        assert {job.status for job in found if job} == set(get_args(jobs.Status))

    await upgraded.read(look)
    claim = await upgraded.write(lambda tx: jobs.claim_next(tx, "batch", LATER, LATER_UNIX))
    assert (claim.trip_id, claim.attempt) == (TRIP, 2)
    assert (claim.key_id, claim.request_id) == (None, None)
    assert msgspec.json.decode(claim.params)["resource"] == "stay"
    assert msgspec.json.decode(claim.payload)["items"][0]["name"] == "É"
    await upgraded.write(lambda tx: jobs.succeed(tx, claim, LATER, 200, b"{}"))
    # By a server of that release, too, which may still be waiting for it.
    assert await upgraded.read(lambda tx: tx.fetchval(RESULT, claim.job_id)) == "{}"


async def test_first_answers_of_an_upgraded_database_are_remembered(upgraded):
    caller = await upgraded.read(lambda tx: accounts.authenticate(tx, KEY, None))
    key_id = caller.key_id

    async def find(key: str) -> Any:
        return await upgraded.read(lambda tx: idempotency.find(tx, key_id, key, LATER_UNIX))

    settled = (await find("settled")).answer
    assert (settled.status, settled.headers) == (201, {"ETag": '"13"'})
    assert msgspec.json.decode(settled.body)["name"] == "Tower"
    assert (await find("no-body")).answer == Answer(204, {}, b"")
    assert (await find("job-result")).answer == Answer(200, {}, None)
    assert (await find("job-settled")).answer.status == 202
    pending = await find("job-open")
    assert (pending.answer, bool(pending.job_id)) == (None, True)

    def reserve(key: str):
        return lambda tx: idempotency.reserve(tx, key_id, key, "f", LATER_UNIX)

    assert not await upgraded.write(reserve("settled"))
    assert await upgraded.write(reserve("new"))
    await upgraded.write(lambda tx: idempotency.forget_job(tx, pending.job_id))
    assert await find("job-open") is None
