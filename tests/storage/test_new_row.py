"""A new row at one stroke: the same as the longer way, or nothing at all."""

import asyncio
import dataclasses
import itertools
from typing import Any

import msgspec
import pytest

from domain.changes import Cause
from domain.plan import Plan
from domain.resources import BY_KIND
from domain.row import Row
from operations import rows
from operations.rows import Collection
from storage import changes, idempotency, open_store
from storage.idempotency import Answer, Protection
from storage.migrate import migrate
from storage.postgres_tx import PostgresTx
from storage.store import Tx
from tests.storage.home import Home, new_home, pin, soon
from tests.storage.journal import changesets, everything
from tests.support import SAMPLES, now

T0 = 1_000_000.0
_numbers = itertools.count()


@pytest.fixture
async def scope(home: Home) -> str:
    """Whose Idempotency-Keys those of the home's key are."""
    return await scope_of(home)


async def scope_of(home: Home) -> str:
    key_id: str = await home.store.read(lambda tx: tx.fetchval("SELECT id FROM api_keys"))
    return key_id


def new_row(home: Home, body: dict[str, Any], kind: str = "mapPin") -> Row:
    plan = Plan(home.trip_id, now=now(), new_id=lambda: f"row{next(_numbers)}")
    return plan.upsert(BY_KIND[kind], body)[1]


async def create(home: Home, body: dict[str, Any], protection: Protection | None = None) -> Row:
    """What a server does with a create, and with its Idempotency-Key."""
    where, by = Collection(BY_KIND["mapPin"], home.trip_id), home.cause
    return await home.store.write(lambda tx: create_in(tx, by, where, body, protection))


async def create_in(
    tx: Tx, by: Cause, where: Collection, body: Any, protection: Protection | None
) -> Row:
    status, row = await rows.create(tx, by, where, body, protection=protection)
    assert status == "created"
    if protection is not None and not protection.recorded:
        answer = Answer(201, {}, row.json.encode(), row.rev)
        await idempotency.remember(tx, protection, answer)
    return row


# On Postgres, by one statement and by several

BODIES = {
    **{kind: SAMPLES[kind] for kind in ("mapPin", "leg", "actionItem", "commitment")},
    "mapPin with a clientRef": pin(clientRef="é"),
    "mapPin with awkward text": pin(name="it's $1 \\ \"", notes="\n"),
}


@pytest.fixture
async def on_postgres(database):
    """A home on a Postgres."""
    store = await open_store(database)
    await migrate(store, now())
    yield await new_home(store)
    await store.close()


@pytest.mark.parametrize("older", [False, True], ids=["known", "raised by an older server"])
@pytest.mark.parametrize("protected", [False, True], ids=["no key", "Idempotency-Key"])
@pytest.mark.parametrize("name", BODIES)
async def test_one_statement_writes_what_several_do(
    on_postgres, monkeypatch, name, protected, older
):
    home, by = on_postgres, msgspec.structs.replace(on_postgres.cause, request_id="req_1")
    scope = await scope_of(home)
    await home.send("Hello")
    if older:
        await home.store.write(lambda tx: tx.execute("UPDATE trips SET rev = rev + 1"))
    monkeypatch.setattr(rows, "new_id", lambda: "therow")
    where = Collection(BY_KIND[name.partition(" ")[0]], home.trip_id)

    class Undone(Exception):
        """Carries what was written."""

    async def write(tx: Tx) -> None:
        # A transaction that has begun: so both can be undone.
        before = await everything(tx)
        protection = Protection(scope, "k", "f", T0, 0.0) if protected else None
        await create_in(tx, by, where, BODIES[name], protection)
        assert protection is None or protection.recorded == tx.dialect.one_statement
        after = await everything(tx)
        changed = {table for table in after if after[table] != before[table]}
        assert changed == {"trips", "items", "changesets"} | ({"idempotency"} & protected_tables)
        raise Undone(after)

    protected_tables = {"idempotency"} if protected else set()

    async def written() -> Any:
        with pytest.raises(Undone) as caught:
            await home.store.write(write)
        return caught.value.args[0]

    at_once = await written()
    several = dataclasses.replace(PostgresTx.dialect, one_statement=False)
    monkeypatch.setattr(PostgresTx, "dialect", several)
    assert await written() == at_once


# On every backend


async def test_each_row_raises_the_revision_by_one(home):
    before = await home.rev()
    made = [await create(home, pin()) for _ in range(3)]
    assert [row.rev for row in made] == [before + 1, before + 2, before + 3]
    assert [each["rev"] for each in await changesets(home.store, home.trip_id)] == [1, 2, 3, 4]


async def test_the_answer_is_remembered_with_the_new_revision(home, scope):
    row = await create(home, pin(), Protection(scope, "i", "f", T0, 0.0))
    record = await home.store.read(lambda tx: idempotency.find(tx, scope, "i", 0.0))
    assert (record.fingerprint, record.job_id) == ("f", None)
    assert record.answer == Answer(201, {}, row.json.encode(), row.rev)


async def commit_new_row(home: Home, row: Row, protection: Protection | None = None) -> int | None:
    """The revision; None where stored rows decide what becomes of it."""
    return await home.store.write(
        lambda tx: changes.commit_new_row(tx, home.trip_id, row, home.cause, protection)
    )


async def test_a_client_ref_that_is_taken_stores_nothing(home, scope):
    assert await commit_new_row(home, new_row(home, pin(clientRef="r")))
    before = await home.store.read(everything)
    taken, protection = new_row(home, pin(clientRef="r")), Protection(scope, "i", "f", T0, 0.0)
    assert await commit_new_row(home, taken, protection) is None
    assert not protection.recorded
    assert await home.store.read(everything) == before


async def test_a_client_ref_of_another_kind_or_trip_is_not_taken(home):
    assert await commit_new_row(home, new_row(home, pin(clientRef="r")))
    action = SAMPLES["actionItem"] | {"clientRef": "r"}
    assert await commit_new_row(home, new_row(home, action, "actionItem"))
    other = dataclasses.replace(home, trip_id=await home.new_trip())
    assert await commit_new_row(other, new_row(other, pin(clientRef="r")))


async def test_a_key_that_was_used_leaves_nothing(home, scope):
    await create(home, pin(), Protection(scope, "i", "f", T0, 0.0))
    before = await home.store.read(everything)
    for fingerprint in ("f", "g"):
        with pytest.raises(idempotency.KeyTaken):
            await create(home, pin(), Protection(scope, "i", fingerprint, T0, 0.0))
    assert await home.store.read(everything) == before
    await create(home, pin(), Protection(scope, "j", "f", T0, 0.0))


async def test_a_key_past_its_time_can_be_used_anew(home, scope):
    await create(home, pin(), Protection(scope, "i", "f", T0, 0.0))
    later = T0 + 1
    row = await create(home, pin(), Protection(scope, "i", "g", later, T0))
    record = await home.store.read(lambda tx: idempotency.find(tx, scope, "i", T0))
    assert (record.fingerprint, record.answer.rev) == ("g", row.rev)


async def test_of_many_with_one_key_at_once_exactly_one_is_stored(home, scope):
    def contender(number: int) -> Any:
        return create(home, pin(clientRef=f"r{number}"), Protection(scope, "k", "f", T0, 0.0))

    before = await home.rev()
    outcomes = await soon(
        asyncio.gather(*(contender(number) for number in range(12)), return_exceptions=True)
    )
    stored = [outcome for outcome in outcomes if isinstance(outcome, Row)]
    assert [row.rev for row in stored] == [before + 1]
    assert {type(outcome) for outcome in outcomes} == {Row, idempotency.KeyTaken}
    assert await home.rev() == before + 1
    assert len(await home.rows("mapPins")) == 1


async def test_of_many_with_one_client_ref_at_once_exactly_one_is_created(home):
    where, by = Collection(BY_KIND["mapPin"], home.trip_id), home.cause
    bodies = [pin(clientRef="r", lat=number) for number in range(12)]
    outcomes = await soon(
        asyncio.gather(
            *(home.store.write(lambda tx, b=body: rows.create(tx, by, where, b)) for body in bodies)
        )
    )
    assert [status for status, _ in outcomes].count("created") == 1
    assert len({row.id for _, row in outcomes}) == 1
    assert len(await home.rows("mapPins")) == 1
    found = [each["rev"] for each in await changesets(home.store, home.trip_id)]
    assert found == list(range(1, await home.rev() + 1))


async def test_what_fails_half_way_leaves_nothing(home, scope):
    """The row's id is taken, which shows once the revision has been raised."""
    row = new_row(home, pin())
    assert await commit_new_row(home, row)
    before = await home.store.read(everything)
    row.created_rev = 0
    with pytest.raises(Exception, match=r"(?i)unique"):
        await commit_new_row(home, row, Protection(scope, "i", "f", T0, 0.0))
    assert await home.store.read(everything) == before
