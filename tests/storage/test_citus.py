"""ops/citus.sql against the rules of Citus, which itself is in no registry.

`citus_rules.sql` has Citus' functions as far as they refuse, and `refusals` what is known of
statements: what passes here may still be refused by Citus, but what is refused here would be there.
"""

import asyncio
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from storage import journal, open_store, removal
from storage.migrate import is_current, migrate
from tests import servers
from tests.storage.distribution import (
    KEYS,
    ON_COORDINATOR,
    REFERENCE,
    TABLES,
    is_keyed,
    steps,
    tables_of,
)
from tests.storage.every_operation import fill, reads, writes
from tests.storage.home import Statement, watch
from tests.support import now

SCRIPT = Path(__file__).parents[2] / "ops" / "citus.sql"
RULES = Path(__file__).with_name("citus_rules.sql").read_text()

PLACED = (
    "SELECT logicalrelid::text, citus.kind_of(logicalrelid), a.attname::text, colocationid::text"
    " FROM citus.pg_dist_partition LEFT JOIN pg_attribute a"
    " ON attrelid = logicalrelid AND attnum = partkey"
)
FOREIGN_KEYS = "SELECT conname::text FROM pg_constraint WHERE contype = 'f'"


def psql(url: str) -> subprocess.CompletedProcess[str]:
    """Runs the script as its header says; Citus' functions are found as it has them."""
    return subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(SCRIPT), url],
        env={
            **os.environ,
            "PATH": servers.client_programs(),
            "PGOPTIONS": "-c search_path=public,citus",
        },
        capture_output=True,
        text=True,
    )


async def fetch(url: str, sql: str) -> list[tuple[str, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


@pytest.fixture
async def migrated(database):
    """The URL of a database as `carnet migrate` leaves it, where Citus' rules are."""
    store = await open_store(database)
    try:
        await migrate(store, now())
        assert await is_current(store)
    finally:
        await store.close()
    await servers.run_sql(database, RULES)
    return database


async def test_every_table_gets_its_place(migrated):
    before = await fetch(migrated, FOREIGN_KEYS)
    ran = await asyncio.to_thread(psql, migrated)
    assert (ran.returncode, ran.stderr) == (0, "")
    placed = await fetch(migrated, PLACED)
    distributed = {name: key for name, kind, key, _ in placed if kind == "distributed"}
    assert distributed == {name: key for name, key in KEYS.items() if name not in ON_COORDINATOR}
    assert {name for name, kind, *_ in placed if kind == "reference"} == REFERENCE
    # None that stays is drawn in by a foreign key.
    assert {name for name, *_ in placed} == TABLES - ON_COORDINATOR
    together = {name for name, *_, group in placed if group == "trips"}
    assert together == {"trips", "items", "links", "changesets", "prior_rows"}
    gone = {*before} - {*await fetch(migrated, FOREIGN_KEYS)}
    assert gone == {("jobs_user_id_fkey",), ("webhooks_user_id_fkey",)}


def test_the_script_names_every_table_once():
    script = SCRIPT.read_text()
    named = re.findall(r"create_(?:reference|distributed)_table\('(\w+)'", script)
    stay = re.search(r"stay CONSTANT text\[\] := ARRAY\[(.*?)\]", script, re.DOTALL)
    assert stay is not None
    named += re.findall(r"'(\w+)'", stay[1])
    assert Counter(named) == Counter([*TABLES, "schema_migrations"])


async def refused(url: str, why: str) -> None:
    """The script says why it does nothing, and does nothing."""
    before = await fetch(url, FOREIGN_KEYS)
    ran = await asyncio.to_thread(psql, url)
    assert ran.returncode == 3
    assert why in ran.stderr, ran.stderr
    assert await fetch(url, FOREIGN_KEYS) == before


async def test_a_second_time_it_refuses(migrated):
    assert (await asyncio.to_thread(psql, migrated)).returncode == 0
    placed = await fetch(migrated, PLACED)
    await refused(migrated, "the tables of this database are distributed already")
    assert await fetch(migrated, PLACED) == placed


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ("DROP SCHEMA citus CASCADE", "CREATE EXTENSION citus comes first"),
        ("DROP TABLE schema_migrations", "carnet migrate comes first"),
        ("DELETE FROM citus.pg_dist_node", "citus_set_coordinator_host comes first"),
        ("CREATE TABLE novel (id TEXT)", "it does not know of novel"),
        # As it was when Citus was tried.
        (
            "ALTER TABLE jobs ADD FOREIGN KEY (trip_id) REFERENCES trips (id)",
            "to distributed tables are not supported (jobs to trips)",
        ),
        (
            "ALTER TABLE shares ADD FOREIGN KEY (trip_id) REFERENCES trips (id)",
            "to distributed tables are not supported (shares to trips)",
        ),
        ("CREATE UNIQUE INDEX ON items (id)", 'cannot create constraint on "items"'),
        ("ALTER TABLE links ALTER trip_id TYPE VARCHAR", "cannot colocate tables trips and links"),
    ],
)
async def test_where_it_cannot_be_done_it_does_nothing(migrated, changed, why):
    await servers.run_sql(migrated, changed)
    await refused(migrated, why)


MADE_UP = (
    "CREATE TABLE small (id TEXT PRIMARY KEY, other TEXT UNIQUE);"
    "CREATE TABLE big (id TEXT PRIMARY KEY, other TEXT);"
    "CREATE TABLE part (id TEXT, big_id TEXT, n INT, UNIQUE (id, big_id), UNIQUE (big_id, id));"
    "CREATE TABLE mine (id TEXT PRIMARY KEY, other TEXT);"
    "SELECT citus.create_reference_table('small');"
    "SELECT citus.create_distributed_table('big', 'id')"
)


@pytest.mark.parametrize(
    ("then", "why"),
    [
        (
            "ALTER TABLE part ADD FOREIGN KEY (big_id) REFERENCES big;"
            "ALTER TABLE part ADD FOREIGN KEY (id) REFERENCES small;"
            "SELECT citus.create_distributed_table('part', 'big_id', 'big')",
            None,
        ),
        ("ALTER TABLE mine ADD FOREIGN KEY (other) REFERENCES small", None),
        ("ALTER TABLE mine ADD FOREIGN KEY (other) REFERENCES big", "are not supported (mine to"),
        ("ALTER TABLE small ADD FOREIGN KEY (other) REFERENCES big", "are not supported (small to"),
        ("ALTER TABLE small ADD FOREIGN KEY (other) REFERENCES mine", None),
        (
            "ALTER TABLE small ADD FOREIGN KEY (other) REFERENCES mine ON DELETE CASCADE",
            "with NO ACTION or RESTRICT",
        ),
        ("ALTER TABLE big ADD FOREIGN KEY (other) REFERENCES mine", '"mine" must be'),
        ("SELECT citus.create_distributed_table('mine', 'other')", 'constraint on "mine"'),
        ("SELECT citus.create_distributed_table('mine', 'none')", 'column "none"'),
        ("SELECT citus.create_distributed_table('part', 'big_id', 'mine')", "mine is not dist"),
        ("SELECT citus.create_distributed_table('part', 'big_id', 'small')", "small is not dist"),
        ("SELECT citus.create_reference_table('big')", '"big" is already distributed'),
        (
            "ALTER TABLE part ADD FOREIGN KEY (big_id) REFERENCES big;"
            "SELECT citus.create_distributed_table('part', 'big_id')",
            "relations are not colocated",
        ),
        (
            "ALTER TABLE part ADD FOREIGN KEY (big_id) REFERENCES big;"
            "SELECT citus.create_distributed_table('part', 'id', 'big')",
            "partition column in the same ordinal",
        ),
        (
            "ALTER TABLE part DROP CONSTRAINT part_id_big_id_key;"
            "ALTER TABLE part DROP CONSTRAINT part_big_id_id_key;"
            "SELECT citus.create_distributed_table('part', 'n', 'big')",
            "cannot colocate tables big and part",
        ),
    ],
)
async def test_the_rules_can_refuse(database, then, why):
    await servers.run_sql(database, RULES, MADE_UP)
    look = "SELECT citus.check_foreign_keys()"
    if why is None:
        await servers.run_sql(database, then, look)
    else:
        with pytest.raises(asyncpg.RaiseError, match=re.escape(why)):
            await servers.run_sql(database, then, look)


def refusals(sql: str) -> Iterator[str]:
    """Why Citus would refuse a statement, as far as its text tells."""
    for step in steps(sql):
        tables = {*tables_of(step).values()}
        split = tables & KEYS.keys() - ON_COORDINATOR
        if split and "FOR UPDATE" in step and not is_keyed(Statement("fetch", step, ())):
            yield f"it locks rows of several parts: {step}"
        if split and tables & ON_COORDINATOR and not step.startswith("INSERT INTO deliveries"):
            yield f"it joins what is split with what is not: {step}"
        changed = re.match(r"(?:UPDATE|DELETE FROM|INSERT INTO) (\w+)", step)
        if split and changed and changed[1] in REFERENCE:
            yield f"it changes copies by what is split: {step}"


@pytest.mark.parametrize("storage_url", ["postgres"], indirect=True)
async def test_no_statement_is_known_to_be_refused(home):
    await fill(home)
    operations = [
        *reads(home).values(),
        *writes(home).values(),
        lambda tx: journal.prune(tx, "9999", 9),
        lambda tx: removal.delete_group(tx, home.group_id),
        lambda tx: removal.delete_user(tx, home.user_id, now()),
    ]
    found = []
    for operation in operations:

        async def begun(tx, operation=operation):
            # A create that comes first would be the whole transaction.
            await tx.fetchval("SELECT 1")
            return await operation(tx)

        _, statements = await watch(home.store.write, begun)
        found += [why for each in statements for why in refusals(each.sql)]
    assert found == []


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT id FROM trips WHERE id = ANY ($1) FOR UPDATE SKIP LOCKED", "locks rows"),
        ("SELECT id FROM trips WHERE group_id = $1 ORDER BY id FOR UPDATE", "locks rows"),
        (
            "SELECT id, (SELECT c.request_id FROM changesets c WHERE c.trip_id = d.trip_id"
            " AND c.rev = d.rev) FROM deliveries d WHERE webhook_id = $1",
            "joins what is split",
        ),
        (
            "DELETE FROM jobs WHERE trip_id IN (SELECT id FROM trips WHERE group_id = $1)",
            "joins what is split",
        ),
        (
            "DELETE FROM shares WHERE trip_id IN (SELECT id FROM trips WHERE group_id = $1)",
            "changes copies",
        ),
    ],
)
def test_statements_of_before_would_be_refused(sql, why):
    (found,) = refusals(sql)
    assert why in found
