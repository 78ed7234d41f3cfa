"""One row stored at one stroke: the same as the long way, or nothing at all."""

import asyncio
import itertools
from typing import Any

import pytest

from domain.plan import Plan
from domain.resources import BY_KIND
from domain.row import Row
from storage import accounts, creation, idempotency, items
from storage.creation import REVISION, FirstAnswer
from storage.idempotency import Answer
from storage.store import Tx
from tests.storage.home import Home, pin, watch
from tests.support import SAMPLES, now

T0 = 1_000_000.0
_numbers = itertools.count()


@pytest.fixture
async def key_id(home: Home) -> str:
    found = await home.store.read(lambda tx: accounts.authenticate(tx, home.key, None))
    assert found is not None
    return found.key_id


def new_row(home: Home, body: dict[str, Any], kind: str = "mapPin") -> Row:
    plan = Plan(home.trip_id, now=now(), new_id=lambda: f"row{next(_numbers)}")
    return plan.upsert(BY_KIND[kind], body)[1]


def first_answer(key_id: str, key: str = "i", fingerprint: str = "f") -> FirstAnswer:
    answer = Answer(201, {"ETag": f'"{REVISION}"'}, b'{"_id":"row"}')
    return FirstAnswer(key_id, key, fingerprint, answer, T0)


async def create(home: Home, row: Row, first: FirstAnswer | None = None) -> int | None:
    """The revision; None where it is left to the long way, which does nothing here."""

    async def long_way(_tx: Tx) -> int:
        return -1

    rev = await home.store.write_at_once(
        lambda tx: creation.store(tx, home.trip_id, row, first), long_way
    )
    return None if rev == -1 else rev


@pytest.mark.parametrize("ref", [None, "r"])
@pytest.mark.parametrize("kind", ["mapPin", "leg", "actionItem", "commitment"])
async def test_a_row_is_stored_as_the_long_way_would(home, kind, ref):
    body = SAMPLES[kind] | ({"clientRef": ref} if ref else {})
    row = new_row(home, body, kind)
    rev = await home.rev() + 1
    assert await create(home, row) == rev
    at_once = await home.store.read(lambda tx: items.get(tx, home.trip_id, kind, row.id))
    other = await home.new_trip()
    row.rev = 0
    await home.store.write(lambda tx: items.insert(tx, other, row, rev))
    long_way = await home.store.read(lambda tx: items.get(tx, other, kind, row.id))
    assert at_once is not None
    assert long_way is not None
    for name in ("kind", "id", "parent_id", "document", "sort_key", "rev", "client_ref"):
        assert getattr(at_once, name) == getattr(long_way, name), name


async def test_each_row_raises_the_revision_by_one(home):
    before = await home.rev()
    revisions = [await create(home, new_row(home, pin())) for _ in range(3)]
    assert revisions == [before + 1, before + 2, before + 3]


async def test_the_answer_is_remembered_with_the_new_revision(home, key_id):
    rev = await create(home, new_row(home, pin()), first_answer(key_id))
    record = await home.store.read(lambda tx: idempotency.find(tx, key_id, "i", T0))
    assert record.fingerprint == "f"
    assert record.job_id is None
    assert (record.answer.status, record.answer.headers) == (201, {"ETag": f'"{rev}"'})
    assert bytes(record.answer.body) == b'{"_id":"row"}'


async def test_a_client_ref_that_is_taken_stores_nothing(home, key_id):
    await create(home, new_row(home, pin(clientRef="r")))
    before, rows = await home.rev(), await home.rows("mapPins")
    assert await create(home, new_row(home, pin(clientRef="r")), first_answer(key_id)) is None
    assert await home.rev() == before
    assert await home.rows("mapPins") == rows
    assert await home.store.read(lambda tx: idempotency.find(tx, key_id, "i", T0)) is None


async def test_a_client_ref_of_another_kind_or_trip_is_not_taken(home):
    await create(home, new_row(home, pin(clientRef="r")))
    action = SAMPLES["actionItem"] | {"clientRef": "r"}
    assert await create(home, new_row(home, action, "actionItem")) is not None


async def test_an_idempotency_key_that_was_used_stores_nothing(home, key_id):
    await create(home, new_row(home, pin()), first_answer(key_id))
    before = await home.rev()
    for fingerprint in ("f", "g"):
        first = first_answer(key_id, fingerprint=fingerprint)
        assert await create(home, new_row(home, pin()), first) is None
    assert await home.rev() == before
    assert await create(home, new_row(home, pin()), first_answer(key_id, "j")) is not None


@pytest.mark.parametrize("same", ["clientRef", "Idempotency-Key"])
async def test_of_many_at_once_exactly_one_is_stored(home, key_id, same):
    def contender(number: int) -> Any:
        ref = "r" if same == "clientRef" else f"r{number}"
        key = f"k{number}" if same == "clientRef" else "k"
        return create(home, new_row(home, pin(clientRef=ref)), first_answer(key_id, key))

    before = await home.rev()
    revisions = await asyncio.gather(*(contender(number) for number in range(12)))
    assert sorted(rev for rev in revisions if rev is not None) == [before + 1]
    assert await home.rev() == before + 1
    assert len(await home.rows("mapPins")) == 1


async def test_what_fails_half_way_leaves_nothing(home, key_id):
    """The row's id is taken, which shows in the third of four steps."""
    row = new_row(home, pin())
    await create(home, row)
    before = await home.rev()
    with pytest.raises(Exception, match=r"(?i)unique"):
        await create(home, row, first_answer(key_id))
    assert await home.rev() == before
    assert await home.store.read(lambda tx: idempotency.find(tx, key_id, "i", T0)) is None


async def test_a_chain_ends_where_a_step_gives_no_row(home):
    steps = (
        ("one", "SELECT rev AS first FROM trips WHERE id = $1"),
        ("two", "UPDATE trips SET rev = rev + 1 WHERE id = $1 AND rev = $2 RETURNING rev"),
        ("three", "SELECT first, rev, CAST($3 AS TEXT) AS word FROM one, two"),
    )
    rev = await home.rev()
    chain = ("chain", home.trip_id, rev, "x")
    done = await home.store.write(lambda tx: tx.chain(steps, *chain[1:]))
    assert tuple(done) == (rev, rev + 1, "x")
    assert await home.store.write(lambda tx: tx.chain(steps, *chain[1:])) is None
    assert await home.rev() == rev + 1


async def test_it_is_one_chain(home, key_id):
    row = new_row(home, pin(clientRef="r"))
    _, statements = await watch(
        home.store.write,
        lambda tx: creation.store(tx, home.trip_id, row, first_answer(key_id)),
    )
    assert {each.verb for each in statements} == {"chain"}
    assert len(statements) == 4


async def test_what_is_done_otherwise_is_a_transaction_too(home):
    """And it is done only where the attempt gives nothing."""

    async def nothing(_tx: Tx) -> None:
        return None

    async def fail(tx: Tx) -> int:
        await tx.execute("UPDATE trips SET rev = rev + 1 WHERE id = $1", home.trip_id)
        raise LookupError

    before = await home.rev()
    with pytest.raises(LookupError):
        await home.store.write_at_once(nothing, fail)
    assert await home.rev() == before
    assert await create(home, new_row(home, pin())) == before + 1
