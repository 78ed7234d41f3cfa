"""What a webhook is told, in which order, how often, and what becomes of it."""

import asyncio
import itertools
from typing import Any

import pytest
from standardwebhooks import Webhook

from domain.delivery import RETRY_SECONDS
from domain.history import EVENT_ROWS
from operations import webhooks
from runtime.settings import Settings, Webhooks
from storage import accounts, deliveries, open_store
from storage.deliveries import LEASE_SECONDS, Answer, Claim, LeaseLost
from storage.store import Tx
from tests.receiver import Received, receiving
from tests.storage.home import leg, pin, soon
from tests.support import add_key, now
from tests.waiting import until
from tests.workers.desk import URL, Desk, actor_of
from tests.workers.work import queue, show
from workers import deliveries as module
from workers.deliveries import KEY_GONE, NO_MESSAGES, TRIP_GONE, DeliveryLoop
from workers.loops import WorkerLoops


@pytest.fixture
async def desk(home) -> Desk:
    return await Desk.of(home)


def revs(sent) -> list[int]:
    return [each.json["data"]["rev"] for each in sent]


# What is sent.


async def test_a_change_is_told_with_its_rows(home, desk):
    hook = await desk.hook("trip.changed", url=f"{URL}?a=b")
    made = await home.create("mapPin", pin(name="Senso-ji"))
    (sent,) = await desk.work()
    (listed,) = await desk.listed(hook.id)
    assert sent.url == f"{URL}?a=b"
    assert sent.json == {
        "type": "trip.changed",
        "timestamp": listed["createdAt"],
        "data": {
            "tripId": home.trip_id,
            "rev": 2,
            "by": {"userId": home.user_id, "name": "Olga"},
            "via": "api",
            "items": [{"rev": 2, "kind": "mapPin", "_id": made.id, "document": made.document}],
        },
    }
    assert Webhook(hook.secret).verify(sent.raw, dict(sent.headers))
    assert sent.id == listed["_id"]
    assert int(sent.headers["webhook-timestamp"]) == int(desk.moment)


async def test_a_deletion_is_told(home, desk):
    made = await home.create("mapPin", pin())
    await desk.hook("trip.changed")
    await home.delete("mapPin", made.id)
    (sent,) = await desk.work()
    (item,) = sent.json["data"]["items"]
    assert item == {"rev": 3, "kind": "mapPin", "_id": made.id, "deleted": True}


async def test_what_is_told_is_what_the_change_left(home, desk):
    await desk.hook("trip.changed")
    made = await home.create("mapPin", pin(notes="first"))
    await home.change("mapPin", made.id, {"notes": "second"})
    sent = await desk.work()
    notes = [each.json["data"]["items"][0]["document"]["notes"] for each in sent]
    assert (revs(sent), notes) == ([2, 3], ["first", "second"])


async def test_of_many_rows_it_is_told_that_there_are_more(home, desk):
    await desk.hook("trip.changed")
    await home.sync({"mapPins": [pin() for _ in range(EVENT_ROWS)]})
    await home.sync({"mapPins": [pin() for _ in range(EVENT_ROWS + 1)]})
    few, many = await desk.work()
    assert len(few.json["data"]["items"]) == EVENT_ROWS
    assert "items" not in many.json["data"]
    assert many.json["data"]["more"] is True


async def test_a_new_trip_and_a_message_are_told(home, desk):
    await desk.hook()
    trip_id = await home.new_trip()
    message_id = await home.send("Hello")
    told = {each.json["type"]: each.json["data"] for each in await desk.work()}
    assert [item["kind"] for item in told["trip.created"]["items"]].count("trip") == 1
    assert told["trip.created"]["tripId"] == trip_id
    (message,) = told["message.created"]["items"]
    assert (message["_id"], message["document"]["content"]) == (message_id, "Hello")


async def test_a_channel_is_not_told_to_who_may_not_read_messages(home, desk):
    key = await add_key(home.store, home.user_id, "trips:read")
    desk.actor = await actor_of(home.store, key)
    await desk.hook("trip.created", "trip.changed")
    await home.new_trip()
    (sent,) = await desk.work()
    assert [item["kind"] for item in sent.json["data"]["items"]] == ["trip"]


async def test_what_the_journal_has_not_kept_is_told_as_more(home, desk):
    await desk.hook("trip.changed")
    await home.create("mapPin", pin())
    await home.store.write(lambda tx: tx.execute("UPDATE trips SET pruned_rev = 2"))
    (sent,) = await desk.work()
    assert sent.json["data"] == {"tripId": home.trip_id, "rev": 2, "more": True}


async def test_a_test_tells_nothing(home, desk):
    hook = await desk.hook("job.finished")
    made = await home.store.write(lambda tx: webhooks.test(tx, desk.actor, hook.id, now()))
    (sent,) = await desk.work()
    assert sent.json == {"type": "test", "timestamp": made.created_at, "data": {}}
    assert sent.id == made.id


# In which order.


async def test_changes_of_a_trip_come_in_their_order(home, desk):
    await desk.hook("trip.changed")
    for number in range(9):
        await home.create("mapPin", pin(lat=number))
    assert revs(await desk.work()) == list(range(2, 11))


async def test_the_order_is_that_of_revisions_and_not_of_ids(home, desk):
    """Ids are made before a write has its turn."""
    hook = await desk.hook("trip.changed")
    for _ in range(3):
        await home.create("mapPin", pin())
    rows = await desk.listed(hook.id)

    async def swap(tx: Tx) -> None:
        for number, row in enumerate(rows):
            await tx.execute(
                "UPDATE deliveries SET id = $2 WHERE id = $1", row["_id"], f"x{number}"
            )

    await home.store.write(swap)
    sent = await desk.work()
    assert revs(sent) == [2, 3, 4]
    assert [each.id for each in sent] == ["x2", "x1", "x0"]


async def test_two_workers_tell_one_webhook_one_after_the_other(home, desk, storage_url):
    await desk.hook("trip.changed")
    for _ in range(20):
        await home.create("mapPin", pin())
    other = await open_store(storage_url, create=False)
    mine = await desk.claim()
    assert mine is not None
    assert await desk.claim(other) is None, "it is taken"
    assert await desk.next(mine)
    desk.moment += LEASE_SECONDS + 1
    theirs = await desk.claim(other)
    assert theirs is not None
    assert theirs.lease == mine.lease + 1
    with pytest.raises(LeaseLost):
        await desk.release(mine)
    assert not await desk.next(mine), "it is another's now"
    while await desk.next(theirs, other):
        pass
    assert revs(desk.sent) == list(range(2, 22))
    await other.close()


async def test_who_loses_the_lease_while_sending_records_nothing(home, desk):
    hook = await desk.hook("trip.changed")
    await home.create("mapPin", pin())
    late = await desk.claim()
    assert late is not None

    async def taken_over() -> None:
        desk.moment += LEASE_SECONDS + 1
        again = await desk.claim()
        assert again is not None
        desk.answer = lambda _sent: 200
        assert await desk.next(again)
        assert (await desk.listed(hook.id))[0]["status"] == "succeeded"

    send = desk.send

    async def slow(*arguments):
        desk.send = send
        await taken_over()
        return deliveries.Answer(500, "too late", 9)

    desk.send = slow
    with pytest.raises(LeaseLost):
        await desk.next(late)
    (listed,) = await desk.listed(hook.id)
    assert (listed["status"], listed["attempts"], listed["responseStatus"]) == ("succeeded", 1, 200)


async def test_the_lease_lasts_while_there_is_something_to_tell(home, desk):
    await desk.hook("trip.changed")
    for _ in range(4):
        await home.create("mapPin", pin())
    claim = await desk.claim()
    assert claim is not None
    for _ in range(4):
        assert await desk.next(claim)
        desk.moment += LEASE_SECONDS - 1
        assert await desk.claim() is None
    assert not await desk.next(claim)


async def test_one_that_fails_does_not_hold_later_ones_back(home, desk):
    hook = await desk.hook("trip.changed")
    for _ in range(3):
        await home.create("mapPin", pin())
    desk.answer = lambda sent: 500 if sent.json["data"]["rev"] == 2 else 200
    assert revs(await desk.work()) == [2, 3, 4]
    assert [each["status"] for each in await desk.listed(hook.id)] == [
        *("succeeded", "succeeded", "pending"),
    ]
    desk.moment += RETRY_SECONDS[0]
    assert revs(await desk.work()) == [2]


async def test_nor_do_ever_new_ones_hold_back_one_that_has_failed(home, desk):
    hook = await desk.hook("trip.changed")
    desk.answer = lambda _sent: None
    for _ in range(10):
        await home.create("mapPin", pin())
        claim = await desk.claim()
        assert claim is not None
        assert await desk.next(claim)
        await desk.release(claim)
        desk.moment += RETRY_SECONDS[0] * 2
    attempts = [each["attempts"] for each in await desk.listed(hook.id)]
    assert sorted(attempts) == [0, 0, 0, 0, 0, 2, 2, 2, 2, 2]


# How often.


async def test_it_is_tried_again_after_the_times_of_the_contract(home, desk, logged):
    hook = await desk.hook("trip.changed", url=f"{URL}?token=secret")
    await home.create("mapPin", pin())
    desk.answer = lambda _sent: 500
    attempts = await desk.work()
    for number, seconds in enumerate(RETRY_SECONDS, start=1):
        (listed,) = await desk.listed(hook.id)
        assert (listed["status"], listed["attempts"]) == ("pending", number)
        assert (listed["responseStatus"], listed["durationMs"]) == (500, 1)
        assert listed["nextAttemptAt"] == module._text(desk.moment + seconds)
        desk.moment += seconds - 0.01
        assert await desk.work() == []
        desk.moment += 0.02
        attempts += await desk.work()
    assert len(attempts) == 1 + len(RETRY_SECONDS)
    assert len({each.id for each in attempts}) == 1
    assert len({each.raw for each in attempts}) == 1
    timestamps = [int(each.headers["webhook-timestamp"]) for each in attempts]
    assert all(later > earlier for earlier, later in itertools.pairwise(timestamps))
    (listed,) = await desk.listed(hook.id)
    assert (listed["status"], listed["attempts"]) == ("failed", 8)
    assert "nextAttemptAt" not in listed
    shown = await desk.shown(hook.id)
    assert shown["enabled"] is False
    assert shown["disabledReason"] == f"Delivery {listed['_id']} has failed 8 times"
    assert shown["disabledAt"] == module._text(desk.moment)
    told = [line["event"] for line in logged]
    assert (told.count("delivery_failed"), told.count("webhook_disabled")) == (8, 1)
    assert "secret" not in str(logged)
    assert hook.secret not in str(logged)


async def test_a_disabled_webhook_is_told_nothing_until_it_is_enabled(home, desk):
    hook = await desk.hook("trip.changed")
    await home.create("mapPin", pin())
    await desk.change(hook.id, enabled=False)
    await home.create("mapPin", pin())
    assert await desk.work() == []
    enabled = await desk.change(hook.id, enabled=True)
    assert enabled.disabled_reason is enabled.disabled_at
    await home.create("mapPin", pin())
    assert revs(await desk.work()) == [2, 4], "what was recorded before, and what came after"


async def test_a_response_is_kept_and_a_failure_without_one_explained(home, desk):
    hook = await desk.hook("trip.changed")
    await home.create("mapPin", pin())
    desk.answer = lambda _sent: None
    await desk.work()
    (listed,) = await desk.listed(hook.id)
    assert "responseStatus" not in listed
    assert listed["response"] == "nobody there"
    desk.answer = lambda _sent: 204
    desk.moment += 5
    await desk.work()
    (listed,) = await desk.listed(hook.id)
    assert (listed["status"], listed["responseStatus"], listed["attempts"]) == ("succeeded", 204, 2)


async def test_what_was_delivered_can_be_delivered_again(home, desk):
    hook = await desk.hook("trip.changed")
    await home.create("mapPin", pin())
    (first,) = await desk.work()
    again = await home.store.write(lambda tx: webhooks.redeliver(tx, desk.actor, hook.id, first.id))
    assert (again.id, again.status, again.attempts) == (first.id, "pending", 0)
    (second,) = await desk.work()
    assert (second.id, second.raw) == (first.id, first.raw)


async def test_what_has_failed_for_good_begins_anew_when_it_is_delivered_again(home, desk):
    hook = await desk.hook("trip.changed")
    await home.create("mapPin", pin())
    desk.answer = lambda _sent: 500
    await desk.work()
    for seconds in RETRY_SECONDS:
        desk.moment += seconds
        await desk.work()
    (listed,) = await desk.listed(hook.id)
    await desk.change(hook.id, enabled=True)
    assert await desk.work() == []
    await home.store.write(lambda tx: webhooks.redeliver(tx, desk.actor, hook.id, listed["_id"]))
    assert len(await desk.work()) == 1
    (listed,) = await desk.listed(hook.id)
    assert (listed["status"], listed["attempts"]) == ("pending", 1)
    assert (await desk.shown(hook.id))["enabled"]


async def test_a_deleted_webhook_is_told_nothing(home, desk):
    hook = await desk.hook()
    await home.create("mapPin", pin())
    claim = await desk.claim()
    assert claim is not None
    await home.store.write(lambda tx: webhooks.delete(tx, desk.actor, hook.id, now()))
    assert not await desk.next(claim)
    assert await desk.work() == []


# By which right.


async def test_a_revoked_key_disables_its_webhooks(home, desk):
    key = await add_key(home.store, home.user_id)
    owner, desk.actor = desk.actor, await actor_of(home.store, key)
    hook = await desk.hook()
    await home.create("mapPin", pin())
    key_id = desk.actor.key_id or ""
    await home.store.write(lambda tx: accounts.revoke_key(tx, key_id, now()))
    assert await desk.work() == []
    desk.actor = owner
    shown = await desk.shown(hook.id)
    assert (shown["enabled"], shown["disabledReason"]) == (False, KEY_GONE)
    (listed,) = await desk.listed(hook.id)
    assert (listed["status"], listed["attempts"]) == ("pending", 0)
    # Another key of the user's takes it over.
    await desk.change(hook.id, enabled=True)
    assert len(await desk.work()) == 1


async def test_so_does_a_key_that_expires(home, desk):
    key = await add_key(home.store, home.user_id, expires_at="2999-01-01T00:00:00.000Z")
    owner, desk.actor = desk.actor, await actor_of(home.store, key)
    hook = await desk.hook()
    await home.create("mapPin", pin())
    assert len(await desk.work()) == 1
    await home.store.write(
        lambda tx: tx.execute(
            "UPDATE api_keys SET expires_at = $1 WHERE id = $2", now(), desk.actor.key_id
        )
    )
    await home.create("mapPin", pin())
    desk.moment += 60
    assert await desk.work() == []
    desk.actor = owner
    assert (await desk.shown(hook.id))["disabledReason"] == KEY_GONE


async def test_who_has_left_is_not_told_what_was_recorded_before(home, desk):
    member = await home.join("member")
    key = await add_key(home.store, member)
    other = Desk(home, await actor_of(home.store, key))
    hook = await other.hook("trip.changed")
    await home.create("mapPin", pin())

    async def leave(tx: Tx) -> None:
        await accounts.remove_member(tx, group_id=home.group_id, user_id=member)

    await home.store.write(leave)
    await home.create("mapPin", pin())
    assert await other.work() == []
    (listed,) = await other.listed(hook.id)
    assert (listed["status"], listed["attempts"], listed["response"]) == ("failed", 0, TRIP_GONE)
    assert (await other.shown(hook.id))["enabled"]


async def test_a_key_that_may_not_read_messages_any_more_is_not_told_them(home, desk):
    hook = await desk.hook("trip.changed", "message.created")
    await home.send("Hello")
    await home.create("mapPin", pin())
    await home.store.write(lambda tx: tx.execute("UPDATE api_keys SET scopes = '[\"trips:read\"]'"))
    (sent,) = await desk.work()
    assert sent.json["type"] == "trip.changed"
    _, message = await desk.listed(hook.id)
    assert (message["status"], message["response"]) == ("failed", NO_MESSAGES)


async def test_a_webhook_made_without_a_key_is_told_what_its_user_may_read(home, desk):
    await desk.hook()
    await home.store.write(lambda tx: tx.execute("UPDATE webhooks SET key_id = NULL"))
    await home.send("Hello")
    (sent,) = await desk.work()
    assert sent.json["type"] == "message.created"


# The loop.


@pytest.fixture
def fast(monkeypatch) -> None:
    monkeypatch.setattr(module, "SWEEP_SECONDS", 0.01)


PRIVATE = Settings(webhooks=Webhooks(allow_private=True))


async def test_the_loop_delivers_what_is_due(home, desk, fast):
    async with receiving() as receiver:
        hook = await desk.hook("trip.changed", url=receiver.url)
        loop = DeliveryLoop(home.store, PRIVATE)
        loop.start()
        for _ in range(5):
            await home.create("mapPin", pin())
        received = await receiver.has(5)
        await soon(loop.stop())
    assert [each.rev for each in received] == [2, 3, 4, 5, 6]
    for each in received:
        each.check(hook.secret)
    assert {each["status"] for each in await desk.listed(hook.id)} == {"succeeded"}


async def test_a_receiver_that_answers_500_then_200_gets_it_twice(home, desk, fast):
    answers = iter([500, 200])
    async with receiving(lambda _received: next(answers)) as receiver:
        hook = await desk.hook("trip.changed", url=receiver.url)
        loop = DeliveryLoop(home.store, PRIVATE, clock=lambda: desk.moment)
        loop.start()
        await home.create("mapPin", pin())
        await receiver.has(1)
        await until(lambda: has_failed_once(desk, hook.id))
        desk.moment += RETRY_SECONDS[0]
        first, second = await receiver.has(2)
        await soon(loop.stop())
    assert (first.id, first.raw) == (second.id, second.raw)


async def has_failed_once(desk: Desk, hook_id: str) -> bool:
    (listed,) = await desk.listed(hook_id)
    return bool(listed["attempts"] == 1)


async def test_two_loops_keep_the_order(home, desk, fast, storage_url):
    other = await open_store(storage_url, create=False)
    async with receiving() as receiver:
        await desk.hook("trip.changed", url=receiver.url)
        loops = [DeliveryLoop(store, PRIVATE) for store in (home.store, other)]
        for loop in loops:
            loop.start()
        for number in range(30):
            await home.create("mapPin", pin(lat=number))
        received = await receiver.has(30)
        for loop in loops:
            await soon(loop.stop())
    await other.close()
    assert [each.rev for each in received] == list(range(2, 32))


async def test_a_slow_receiver_delays_neither_a_job_nor_another_webhook(home, desk, fast, signals):
    go_on = asyncio.Event()

    async def hang() -> int:
        await go_on.wait()
        return 200

    async with receiving(lambda _received: hang()) as slow, receiving() as quick:
        await desk.hook("trip.changed", "job.finished", url=slow.url)
        await desk.hook("trip.changed", "job.finished", url=quick.url)
        worker = WorkerLoops(home.store, signals, PRIVATE)
        worker.start()
        await home.create("mapPin", pin())
        await slow.has(1)
        await quick.has(1)
        job_id = await queue(home, {"legs": [leg()]})
        await signals.job_queued(job_id)
        await until(lambda: job_succeeded(home, job_id))
        await quick.has(3)
        assert len(slow.received) == 1
        go_on.set()
        await slow.has(3)
        await soon(worker.stop())
    assert sorted(quick.types) == ["job.finished", "trip.changed", "trip.changed"]


async def job_succeeded(home, job_id: str) -> bool:
    return bool((await show(home, job_id))["status"] == "succeeded")


async def test_those_that_wait_for_a_slot_get_their_turn(home, desk, fast, monkeypatch):
    """Though the one before them has more to be told."""
    monkeypatch.setattr(module, "AT_ONCE", 1)
    monkeypatch.setattr(module, "SWEEP_SECONDS", 3600)
    async with receiving() as first, receiving() as second:
        for receiver in (first, second):
            await desk.hook("trip.changed", url=receiver.url)
        for _ in range(3):
            await home.create("mapPin", pin())
        monkeypatch.setattr(module, "TURN_SECONDS", 0.0)
        order: list[str] = []

        def answer(received: Received) -> int:
            order.append(received.headers["host"])
            return 200

        first.answer = second.answer = answer
        loop = DeliveryLoop(home.store, PRIVATE, clock=itertools.count(desk.moment).__next__)
        loop.start()
        await first.has(3)
        await second.has(3)
        await soon(loop.stop())
    assert len({*order[:2]}) == len({*order[2:4]}) == 2


async def test_receivers_that_fail_or_are_slow_leave_slots_to_others(home, desk):
    answers = {"fails": 500, "slow": 200, "good": 200}

    async def send(url: str, _headers: Any, _body: bytes) -> Answer:
        name = url.rpartition("/")[2]
        return Answer(answers[name], "", 9_000 if name == "slow" else 1)

    desk.send = send
    hooks = {
        name: (await desk.hook("trip.changed", url=f"https://hooks.example.org/{name}")).id
        for name in answers
    }
    await home.create("mapPin", pin())
    await desk.work()
    await home.create("mapPin", pin())

    async def claimed(*, slow: bool) -> list[Claim]:
        found = []
        while claim := await home.store.write(
            lambda tx: deliveries.claim_next(tx, desk.moment, slow=slow)
        ):
            found.append(claim)
        return found

    assert [claim.hook_id for claim in await claimed(slow=False)] == [hooks["good"]]
    assert not await home.store.read(lambda tx: deliveries.any_due(tx, desk.moment, slow=False))
    others = await claimed(slow=True)
    assert {claim.hook_id for claim in others} == {hooks["fails"], hooks["slow"]}
    assert all(claim.slow for claim in others)


async def test_no_more_slow_ones_are_taken_than_there_are_slots_for_them(
    home, desk, fast, monkeypatch
):
    monkeypatch.setattr(module, "SLOW_AT_ONCE", 1)
    go_on = asyncio.Event()

    async def refuse() -> int:
        await go_on.wait()
        return 500

    async with receiving(lambda _: 500) as first, receiving(lambda _: 500) as second:
        for receiver in (first, second):
            await desk.hook("trip.changed", url=receiver.url)
        await home.create("mapPin", pin())
        loop = DeliveryLoop(home.store, PRIVATE)
        loop.start()
        await first.has(1)
        await second.has(1)
        first.answer = second.answer = lambda _received: refuse()
        await until(lambda: all_slow(home))
        async with receiving() as quick:
            await home.create("mapPin", pin())
            await until(lambda: len(first.received) + len(second.received) == 3)
            await desk.hook("trip.changed", url=quick.url)
            await home.create("mapPin", pin())
            await quick.has(1)
            assert len(first.received) + len(second.received) == 3
            go_on.set()
            await soon(loop.stop())


async def all_slow(home) -> bool:
    rows = await home.store.read(lambda tx: tx.fetch("SELECT slow FROM webhooks"))
    return all(slow for (slow,) in rows)


async def test_enabled_again_what_waited_begins_anew(home, desk):
    hook = await desk.hook("trip.changed")
    await home.create("mapPin", pin())
    desk.answer = lambda _sent: 500
    await desk.work()
    assert [each["attempts"] for each in await desk.listed(hook.id)] == [1]
    await desk.change(hook.id, enabled=False)
    await desk.change(hook.id, enabled=True)
    (waiting,) = await desk.listed(hook.id)
    assert (waiting["attempts"], waiting["status"]) == (0, "pending")
    assert len(await desk.work()) == 1


async def test_stopping_finishes_the_delivery_at_hand_and_leaves_the_rest(home, desk, fast):
    go_on = asyncio.Event()

    async def hang() -> int:
        await go_on.wait()
        return 200

    async with receiving(lambda _received: hang()) as receiver:
        hook = await desk.hook("trip.changed", url=receiver.url)
        for _ in range(3):
            await home.create("mapPin", pin())
        loop = DeliveryLoop(home.store, PRIVATE, clock=lambda: desk.moment)
        loop.start()
        await receiver.has(1)
        stopping = asyncio.create_task(loop.stop())
        await asyncio.wait([stopping], timeout=0.05)
        assert not stopping.done()
        go_on.set()
        await soon(stopping)
    states = [each["status"] for each in await desk.listed(hook.id)]
    assert states == ["pending", "pending", "succeeded"]
    assert await desk.claim() is not None, "the lease was given back"


async def test_a_worker_that_was_killed_leaves_its_webhooks_to_others(home, desk, fast):
    """Its lease runs out."""
    async with receiving() as receiver:
        await desk.hook("trip.changed", url=receiver.url)
        await home.create("mapPin", pin())
        assert await desk.claim() is not None
        loop = DeliveryLoop(home.store, PRIVATE, clock=lambda: desk.moment)
        loop.start()
        for _ in range(3):
            assert await desk.claim() is None
        assert receiver.received == []
        desk.moment += LEASE_SECONDS + 1
        await receiver.has(1)
        await soon(loop.stop())


async def test_the_loop_outlives_whatever_happens(home, desk, fast, monkeypatch, logged):
    real = deliveries.any_due
    calls: list[None] = []

    async def fail_twice(*arguments, **options):
        calls.append(None)
        if len(calls) <= 2:
            raise ZeroDivisionError
        return await real(*arguments, **options)

    monkeypatch.setattr(deliveries, "any_due", fail_twice)
    async with receiving() as receiver:
        await desk.hook("trip.changed", url=receiver.url)
        await home.create("mapPin", pin())
        loop = DeliveryLoop(home.store, PRIVATE)
        loop.start()
        await receiver.has(1)
        await soon(loop.stop())
    assert [line["event"] for line in logged].count("deliveries_stumbled") == 2


async def test_a_loop_that_was_never_started_can_be_stopped(home):
    await soon(DeliveryLoop(home.store, Settings()).stop())


async def test_what_may_not_be_reached_is_not_by_default(home, desk, fast):
    async with receiving() as receiver:
        hook = await desk.hook("trip.changed", url=receiver.url)
        await home.create("mapPin", pin())
        loop = DeliveryLoop(home.store, Settings())
        loop.start()
        await until(lambda: has_failed_once(desk, hook.id))
        await soon(loop.stop())
        assert receiver.received == []
    (listed,) = await desk.listed(hook.id)
    assert "not public" in listed["response"]
