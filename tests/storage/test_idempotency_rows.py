"""First answers at rest (contract section 4)."""

import asyncio

import pytest

from domain.account import key_hash
from storage import idempotency, jobs, keys, open_store
from storage.idempotency import Answer, KeyTaken, Protection
from tests.storage.home import soon
from tests.support import now

T0 = 1_000_000.0
REMEMBERED_SECONDS = 86_400
MADE = Answer(201, {"Location": "/x", "ETag": '"é"'}, '{"_id":"é"}'.encode())


@pytest.fixture
async def key_id(home) -> str:
    found = await home.store.read(lambda tx: keys.authenticate(tx, key_hash(home.key), ""))
    assert found is not None
    scope: str = found.actor.idempotency_scope
    return scope


async def remember(home, key_id, key="i", at=T0, fingerprint="f", answer=MADE, job_id=None):
    protection = Protection(key_id, key, fingerprint, at, at - REMEMBERED_SECONDS)
    await home.store.write(lambda tx: idempotency.remember(tx, protection, answer, job_id))


async def is_taken(home, key_id, at=T0) -> bool:
    """Whether another request that is recorded with the key comes too late."""
    try:
        await remember(home, key_id, at=at, fingerprint="g")
    except KeyTaken:
        return True
    return False


async def find(home, key_id, key="i", at=T0):
    return await home.store.read(
        lambda tx: idempotency.find(tx, key_id, key, at - REMEMBERED_SECONDS)
    )


async def test_what_is_remembered_comes_back_to_the_letter(home, key_id):
    assert await find(home, key_id) is None
    await remember(home, key_id)
    record = await find(home, key_id)
    assert (record.fingerprint, record.job_id) == ("f", None)
    assert (record.answer.status, record.answer.headers) == (201, MADE.headers)
    assert bytes(record.answer.body) == MADE.body


async def test_an_empty_body_is_not_a_missing_one(home, key_id):
    await remember(home, key_id, answer=Answer(204, {}, b""))
    assert (await find(home, key_id)).answer == Answer(204, {}, b"")


@pytest.mark.parametrize("key", ["I", "i ", "", "ii", "é"])
async def test_a_key_is_compared_to_the_letter(home, key_id, key):
    await remember(home, key_id)
    assert await find(home, key_id, key) is None


async def test_records_belong_to_an_api_key(home, key_id):
    other, _ = await home.store.write(
        lambda tx: keys.create(tx, user_id=home.user_id, name="x", now=now())
    )
    await remember(home, key_id)
    assert await find(home, other) is None
    await remember(home, other, fingerprint="g")
    assert (await find(home, key_id)).fingerprint == "f"
    assert (await find(home, other)).fingerprint == "g"


async def test_records_last_for_their_time(home, key_id):
    await remember(home, key_id)
    assert await find(home, key_id, at=T0 + REMEMBERED_SECONDS - 0.001)
    assert await find(home, key_id, at=T0 + REMEMBERED_SECONDS) is None


async def test_a_key_whose_record_is_too_old_can_be_used_anew(home, key_id):
    await remember(home, key_id)
    later = T0 + REMEMBERED_SECONDS + 1
    await remember(home, key_id, at=later, fingerprint="g")
    assert (await find(home, key_id, at=later)).fingerprint == "g"


async def test_a_key_with_a_live_record_is_not_free(home, key_id):
    await remember(home, key_id)
    for at in (T0, T0 + REMEMBERED_SECONDS - 0.001):
        assert await is_taken(home, key_id, at=at)
        record = await find(home, key_id, at=at)
        assert (record.fingerprint, record.answer) == ("f", MADE)
    assert not await is_taken(home, key_id, at=T0 + REMEMBERED_SECONDS)


async def test_nothing_of_an_old_record_is_left_in_the_new_one(home, key_id, job_id):
    await remember(home, key_id, answer=Answer(201, {"x": "y"}, b"{}", rev=7), job_id=job_id)
    later = T0 + REMEMBERED_SECONDS
    await remember(home, key_id, at=later, fingerprint="g", answer=None)
    record = await find(home, key_id, at=later)
    assert record == idempotency.IdempotencyRecord("g", None, None)


async def test_of_many_with_a_key_at_once_one_is_recorded(home, key_id, storage_url):
    other = await open_store(storage_url, create=False)

    def remembering(store, number: int):
        protection = Protection(key_id, "i", f"f{number}", T0, 0.0)
        return store.write(lambda tx: idempotency.remember(tx, protection, MADE))

    stores = (home.store, other) * 10
    outcomes = await soon(
        asyncio.gather(
            *(remembering(store, number) for number, store in enumerate(stores)),
            return_exceptions=True,
        )
    )
    await other.close()
    (first,) = (number for number, outcome in enumerate(outcomes) if outcome is None)
    assert {type(outcome) for number, outcome in enumerate(outcomes) if number != first} == {
        KeyTaken
    }
    assert (await find(home, key_id)).fingerprint == f"f{first}"


async def test_old_records_are_dropped(home, key_id):
    for number in range(5):
        await remember(home, key_id, key=f"k{number}", at=T0 + number)
    dropped = await home.store.write(lambda tx: idempotency.prune(tx, T0 + 2, 9))
    assert dropped == 3
    found = [await find(home, key_id, f"k{n}", T0) is not None for n in range(5)]
    assert found == [False, False, False, True, True]


async def test_no_more_records_are_dropped_than_asked_for_and_the_oldest_first(home, key_id):
    for number in range(5):
        await remember(home, key_id, key=f"k{number}", at=T0 + number)

    def prune(limit: int):
        return lambda tx: idempotency.prune(tx, T0 + 3, limit)

    dropped = [await home.store.write(prune(limit)) for limit in (1, 2, 0, 9, 9)]
    assert dropped == [1, 2, 0, 1, 0]
    assert await find(home, key_id, "k4", T0) is not None


async def test_no_record_that_is_dropped_could_still_be_found(home, key_id):
    await remember(home, key_id)
    for at in (T0 + REMEMBERED_SECONDS - 0.5, T0 + REMEMBERED_SECONDS):
        findable = await find(home, key_id, at=at) is not None
        since = at - REMEMBERED_SECONDS
        dropped = await home.store.write(lambda tx, since=since: idempotency.prune(tx, since, 9))
        assert dropped == (0 if findable else 1)


@pytest.fixture
async def job_id(home) -> str:
    await home.store.write(
        lambda tx: jobs.insert(
            tx,
            job_id="job1",
            user_id=home.user_id,
            trip_id=home.trip_id,
            kind="sync",
            params="{}",
            payload=b"{}",
            total=0,
            now=now(),
            due_at=0.0,
        )
    )
    return "job1"


async def test_an_answer_that_is_a_jobs_is_open_until_it_is_completed(home, key_id, job_id):
    await remember(home, key_id, answer=None, job_id=job_id)
    record = await find(home, key_id)
    assert (record.answer, record.job_id) == (None, job_id)
    await complete(home, key_id, Answer(202, {"Location": "/jobs/job1"}, b"{}"))
    record = await find(home, key_id)
    assert (record.answer.status, record.job_id) == (202, job_id)


async def complete(home, key_id, answer):
    await home.store.write(lambda tx: idempotency.complete(tx, key_id, "i", answer))


async def test_the_first_to_complete_it_wins(home, key_id, job_id):
    await remember(home, key_id, answer=None, job_id=job_id)
    await complete(home, key_id, Answer(200, {}, None))
    await complete(home, key_id, Answer(202, {}, b"{}"))
    assert (await find(home, key_id)).answer == Answer(200, {}, None)


async def test_completing_does_not_touch_an_answer_that_was_given(home, key_id):
    await remember(home, key_id)
    await complete(home, key_id, Answer(200, {}, b"other"))
    assert (await find(home, key_id)).answer.status == 201


async def test_a_failed_job_is_not_remembered(home, key_id, job_id):
    await remember(home, key_id, answer=None, job_id=job_id)
    await remember(home, key_id, key="other")
    await home.store.write(lambda tx: idempotency.forget_job(tx, job_id))
    assert await find(home, key_id) is None
    assert await find(home, key_id, "other")


async def test_an_answer_that_was_given_is_not_forgotten_with_its_job(home, key_id, job_id):
    await remember(home, key_id, answer=None, job_id=job_id)
    await complete(home, key_id, Answer(202, {}, b"{}"))
    await home.store.write(lambda tx: idempotency.forget_job(tx, job_id))
    assert (await find(home, key_id)).answer.status == 202


async def test_the_record_and_the_change_it_protects_stand_or_fall_together(home, key_id):
    async def change_and_fail(tx):
        await idempotency.remember(tx, Protection(key_id, "i", "f", T0, 0.0), MADE)
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        await home.store.write(change_and_fail)
    assert await find(home, key_id) is None


async def test_what_comes_too_late_is_undone_with_its_change(home, key_id):
    await remember(home, key_id)

    async def change(tx):
        await tx.execute("INSERT INTO server_state (name, value) VALUES ('change', 'x')")
        await idempotency.remember(tx, Protection(key_id, "i", "f", T0, 0.0), MADE)

    with pytest.raises(KeyTaken):
        await home.store.write(change)
    stored = "SELECT value FROM server_state WHERE name = 'change'"
    assert await home.store.read(lambda tx: tx.fetchval(stored)) is None


async def test_the_revision_of_an_answer_is_remembered(home, key_id):
    await remember(home, key_id, answer=Answer(200, {}, b"{}", rev=2**40))
    assert (await find(home, key_id)).answer.rev == 2**40
