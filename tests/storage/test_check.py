"""`operations.check`: each kind of damage is found, what can be mended is, and nothing else is."""

import asyncio
import contextlib
import sqlite3
import time

import msgspec
import pytest

from operations.check import check
from operations.findings import Finding
from storage import inspection, jobs, open_store
from storage.backups import back_up, copier_of
from storage.sqlite import path_of
from storage.store import DatabaseError, Store
from tests.carnet.program import run
from tests.storage.home import Home, event, leg, pin, stay
from tests.support import now

LATER = "2030-01-01T00:00:00.000Z"


async def found_in(store: Store) -> list[Finding]:
    return await store.snapshot(lambda tx: check(tx, time.time(), now()))


async def damage(store: Store, sql: str, *arguments: object) -> None:
    """Changes exactly one row, or some, behind the program's back."""
    assert await store.write(lambda tx: tx.execute(sql, *arguments)) > 0


@pytest.fixture
async def full(home: Home) -> Home:
    """A trip with some of everything: links, parents, refs, deleted and changed rows, jobs."""
    (leg_id,) = await home.make("legs", leg(clientRef="tokyo"))
    (pin_id,) = await home.make("mapPins", pin(clientRef="sensoji"))
    await home.create("stay", stay(clientRef="ryokan"), leg_id)
    await home.create("commitment", event(legId=leg_id, mapPinId=pin_id))
    await home.change("leg", leg_id, {"order": 3, "title": "Kyoto"})
    (other,) = await home.make("mapPins", pin(name="Gone"))
    await home.delete("mapPin", other)
    await home.send("Hello")
    await home.store.write(
        lambda tx: jobs.insert(
            tx,
            job_id="job1",
            user_id=home.user_id,
            trip_id=home.trip_id,
            kind="sync",
            params="{}",
            payload=jobs.pack(b"{}"),
            now=now(),
            due_at=time.time(),
        )
    )
    return home


async def test_nothing_is_found_in_what_the_program_writes(full):
    assert await found_in(full.store) == []


async def test_nothing_is_found_in_what_programs_of_old_wrote(upgraded):
    assert await found_in(upgraded) == []


async def test_nothing_is_found_after_the_oldest_of_the_journal_is_dropped(full):
    from storage import journal

    for limit in (1, 2, 100):
        await full.store.write(lambda tx, limit=limit: journal.prune(tx, LATER, limit))
        assert await found_in(full.store) == []


MENDED = {
    "a link too many": (
        "link",
        "INSERT INTO links (trip_id, target_id, source_id) SELECT trip_id, 'nobody', id FROM items"
        " WHERE kind = 'commitment'",
    ),
    "a link of a kind that has none": (
        "link",
        "INSERT INTO links (trip_id, target_id, source_id) SELECT trip_id, 'nobody', id FROM items"
        " WHERE kind = 'leg'",
    ),
    "links that are missing": ("link", "DELETE FROM links"),
    "a link of no row": (
        "link",
        "INSERT INTO links (trip_id, target_id, source_id) SELECT trip_id, id, 'nobody' FROM items"
        " WHERE kind = 'leg'",
    ),
    "another place": ("row", "UPDATE items SET sort_key = '0000' WHERE kind = 'leg'"),
    "another clientRef": ("row", "UPDATE items SET client_ref = 'x' WHERE client_ref = 'tokyo'"),
    "no clientRef": ("row", "UPDATE items SET client_ref = NULL WHERE client_ref = 'ryokan'"),
    "no changeset": ("history", "DELETE FROM changesets WHERE rev = 3"),
    "no first changeset": ("history", "DELETE FROM changesets WHERE rev = 1"),
    "a row that went without a changeset": ("history", "DELETE FROM items WHERE kind = 'stay'"),
    "a tombstone that is missing": ("history", "DELETE FROM prior_rows WHERE deleted = 1"),
    "a summary that is none": ("history", "UPDATE changesets SET summary = '{' WHERE rev = 2"),
    "an undo of the future": ("history", "UPDATE changesets SET undoes = 99 WHERE rev = 2"),
    "a counter that is behind": ("counter", "UPDATE counters SET value = 0 WHERE name = 'trips'"),
    "no counter": ("counter", "DELETE FROM counters WHERE name = 'sign-ins'"),
    "a lease that never ends": (
        "job",
        "UPDATE jobs SET status = 'running', attempts = 1, started_at = 'x',"
        " due_at = due_at + 100000",
    ),
}


@pytest.mark.parametrize("name", MENDED)
async def test_what_is_found_is_mended(full, name):
    kind, sql = MENDED[name]
    documents = await stored_documents(full.store)
    await damage(full.store, sql)
    left = await stored_documents(full.store)
    found = await found_in(full.store)
    assert {each.kind for each in found} == {kind}
    for each in found:
        assert each.repair is not None
        await full.store.write(each.repair)
    assert await found_in(full.store) == []
    # Nothing that people wrote was changed by it.
    assert await stored_documents(full.store) == left
    if "went" not in name:
        assert left == documents


async def stored_documents(store: Store) -> set[str]:
    return {doc for (doc,) in await store.read(lambda tx: tx.fetch("SELECT doc FROM items"))}


TOLD = {
    "a document that is no JSON": ("row", "UPDATE items SET doc = '{\"_id\":' WHERE kind = 'leg'"),
    "a document that is no object": ("row", "UPDATE items SET doc = '[]' WHERE kind = 'leg'"),
    "a field of another type": (
        "row",
        "UPDATE items SET doc = replace(doc, '\"order\":3', '\"order\":\"x\"') WHERE kind = 'leg'",
    ),
    "a field that is missing": (
        "row",
        "UPDATE items SET doc = replace(doc, '\"title\"', '\"titel\"') WHERE kind = 'leg'",
    ),
    "another id": ("row", 'UPDATE items SET doc = replace(doc, \'"_id":"\', \'"_id":"x\')'),
    "a kind that is none": ("row", "UPDATE items SET kind = 'boat' WHERE kind = 'message'"),
    "a revision of the future": ("row", "UPDATE items SET rev = 99, created_rev = 99"),
    "a parent that is gone": ("row", "DELETE FROM items WHERE kind = 'leg'"),
    "the end of a link that is gone": ("row", "DELETE FROM items WHERE kind = 'mapPin'"),
    "a trip's document": ("trip", "UPDATE trips SET doc = replace(doc, '\"title\"', '\"titel\"')"),
    "a trip's revisions": ("trip", "UPDATE trips SET doc_rev = 99"),
    "a journal of the future": (
        "history",
        "UPDATE trips SET rev = 3, content_rev = 3, doc_rev = 1, message_rev = 0, pruned_rev = 3",
    ),
    "a job that has failed for nothing": (
        "job",
        "UPDATE jobs SET status = 'failed', payload = NULL, finished_at = 'x', result_status = 500",
    ),
    "a job that ended at no time": (
        "job",
        "UPDATE jobs SET status = 'succeeded', result_status = 200, payload = NULL",
    ),
    "a job that was not begun": ("job", "UPDATE jobs SET status = 'running'"),
    "a job whose result is no JSON": (
        "job",
        "UPDATE jobs SET status = 'succeeded', result_status = 200, payload = NULL,"
        " finished_at = 'now', result = '{'",
    ),
}


@pytest.mark.parametrize("name", TOLD)
async def test_what_cannot_be_mended_is_told_with_what_to_do(full, name):
    kind, sql = TOLD[name]
    await damage(full.store, sql)
    found = await found_in(full.store)
    told = [each for each in found if each.repair is None]
    assert kind in {each.kind for each in told}
    for each in told:
        assert each.advice
        assert each.line(repaired=False).count("\n") == 0
    before = await stored_documents(full.store)
    for each in found:
        if each.repair is not None:
            await full.store.write(each.repair)
    assert await stored_documents(full.store) == before
    assert [each for each in await found_in(full.store) if each.kind == kind]


async def test_a_queued_job_that_a_clock_put_off_is_taken_anyway(full):
    await damage(full.store, "UPDATE jobs SET due_at = due_at + 100000")
    assert await found_in(full.store) == []


async def test_a_job_whose_bodies_are_damaged_is_found(full):
    for column in ("payload", "packed_result"):
        await damage(full.store, f"UPDATE jobs SET {column} = $1", b"x-not-packed")
    what = {each.what for each in await found_in(full.store)}
    assert what == {"its payload cannot be read", "its packed_result cannot be read"}


@pytest.mark.parametrize("table", ["items", "links", "changesets", "prior_rows"])
async def test_rows_of_no_trip_are_found(full, table):
    await damage(full.store, f"UPDATE {table} SET trip_id = 'nowhere'")
    told = [each for each in await found_in(full.store) if each.kind == "reference"]
    assert [each.id for each in told] == [f"{table}.trip_id=nowhere"]
    assert told[0].repair is None


async def test_a_clientref_that_another_row_has_stays_told(full, storage_url, tmp_path):
    await damage(full.store, "UPDATE items SET client_ref = NULL WHERE client_ref = $1", "sensoji")
    await full.make("mapPins", pin(name="Another", clientRef="sensoji"))
    (found,) = await found_in(full.store)
    assert found.repair is not None
    rev = await full.rev()
    told = await asyncio.to_thread(
        run, tmp_path, "check", "--repair", CARNET_STORAGE__URL=storage_url
    )
    assert told.code == 1
    assert "change it by the API" in told.out
    assert [each.told for each in await found_in(full.store)] == [found.told]
    # What mends nothing is no change.
    assert await full.rev() == rev


async def test_a_repair_is_in_the_history(full):
    await damage(full.store, "DELETE FROM links")
    rev = await full.rev()
    for each in await found_in(full.store):
        assert each.repair is not None
        await full.store.write(each.repair)
    told = await full.store.read(
        lambda tx: tx.fetch("SELECT via, summary FROM changesets WHERE rev > $1", rev)
    )
    ((via, summary),) = told
    assert via == "system"
    assert msgspec.json.decode(summary)["commitments"]["updated"] == 1


async def test_more_rows_than_one_batch_are_looked_through(full):
    count = 1_203
    await full.make("mapPins", *(pin(name=f"pin {n}") for n in range(count)))
    assert await found_in(full.store) == []
    await damage(full.store, "UPDATE items SET sort_key = 'x' WHERE kind = 'mapPin'")
    found = await found_in(full.store)
    assert len({each.id for each in found}) == len(found) == count + 1


async def test_more_changesets_than_one_batch_are_looked_through(full):
    for n in range(520):
        await full.create("mapPin", pin(name=f"pin {n}"))
    assert await found_in(full.store) == []
    await damage(full.store, "DELETE FROM changesets WHERE rev IN (12, 515)")
    (found,) = await found_in(full.store)
    assert "2 changesets" in found.what
    assert "up to 515" in found.what


async def test_what_servers_write_meanwhile_is_not_seen(full):
    """A row that comes and goes between two statements would be found to be missing."""

    async def look(tx):
        before = await check(tx, time.time(), now())
        return before, await check(tx, time.time(), now())

    assert await full.store.snapshot(look) == ([], [])


@pytest.mark.parametrize("storage_url", ["sqlite"], indirect=True)
class TestSQLite:
    """Whose file may be edited by hand, without its foreign keys."""

    @pytest.mark.parametrize(
        ("table", "column", "other"), inspection.REFERENCES, ids=lambda name: name
    )
    async def test_each_reference_is_looked_at(self, full, storage_url, table, column, other):
        with contextlib.closing(sqlite3.connect(path_of(storage_url))) as hand, hand:
            columns = [
                (name, kind)
                for _, name, kind, needed, default, _ in hand.execute(f"PRAGMA table_info({table})")
                if name == column or (needed and default is None)
            ]
            values = {
                name: {"INTEGER": 1, "REAL": 1.0, "BLOB": b""}.get(kind, "owner")
                for name, kind in columns
            }
            status = {"jobs": {"status": "queued"}, "deliveries": {"status": "pending"}}
            values |= {column: "nobody"} | status.get(table, {})
            marks = ", ".join("?" * len(values))
            hand.execute(
                f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", [*values.values()]
            )
        found = await found_in(full.store)
        assert f"{table}.{column}=nobody" in {each.id for each in found}

    async def test_each_foreign_key_is_a_reference(self, full):
        async def foreign(tx):
            return await tx.fetch(
                'SELECT s.name, k."from", k."table" FROM sqlite_schema s,'
                " pragma_foreign_key_list(s.name) k WHERE s.type = 'table'"
            )

        keys = {tuple(row) for row in await full.store.read(foreign)}
        assert keys <= {*inspection.REFERENCES}

    async def test_what_sqlite_finds_is_told_and_nothing_else(self, full, storage_url):
        with contextlib.closing(sqlite3.connect(path_of(storage_url))) as hand, hand:
            hand.execute("PRAGMA ignore_check_constraints = ON")
            hand.execute("UPDATE jobs SET status = 'nothing'")
        (found,) = await found_in(full.store)
        assert (found.kind, "jobs" in found.what) == ("database", True)

    async def test_a_file_that_cannot_be_read_is_refused(self, full, storage_url, tmp_path):
        copy = tmp_path / "copy.db"
        await back_up(copier_of(storage_url), copy)
        with copy.open("r+b") as file:
            file.seek(copy.stat().st_size // 2 // 4096 * 4096)
            file.write(b"\xff" * 4096)
        damaged = await open_store(f"sqlite:///{copy}", create=False)
        try:
            with pytest.raises(DatabaseError, match="damaged"):
                await found_in(damaged)
        finally:
            await damaged.close()
