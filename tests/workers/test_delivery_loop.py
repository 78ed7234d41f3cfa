"""The loop that delivers to webhooks: its slots, its turns, how it stops."""

import asyncio
import itertools

import pytest

from domain.delivery import RETRY_SECONDS
from domain.errors import Unavailable
from runtime.settings import Settings, Webhooks
from storage import open_store, webhook_claims
from storage.webhook_claims import LEASE_SECONDS
from tests.receiver import Received, receiving
from tests.storage.home import leg, pin, soon
from tests.waiting import until
from tests.workers.desk import Desk
from tests.workers.work import queue, show
from workers import delivery_loop as module
from workers.delivery_loop import DeliveryLoop
from workers.loops import WorkerLoops


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


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Unavailable(), ["deliveries_wait", "deliveries_go_on"]),
        (ZeroDivisionError(), ["deliveries_stumbled"] * 2),
    ],
)
async def test_the_loop_outlives_whatever_happens(
    home, desk, fast, monkeypatch, logged, error, told
):
    real = webhook_claims.any_due
    calls: list[None] = []

    async def fail_twice(*arguments, **options):
        calls.append(None)
        if len(calls) <= 2:
            raise error
        return await real(*arguments, **options)

    monkeypatch.setattr(webhook_claims, "any_due", fail_twice)
    async with receiving() as receiver:
        await desk.hook("trip.changed", url=receiver.url)
        await home.create("mapPin", pin())
        loop = DeliveryLoop(home.store, PRIVATE)
        loop.start()
        await receiver.has(1)
        await soon(loop.stop())
    of_the_loop = ("deliveries_wait", "deliveries_go_on", "deliveries_stumbled")
    assert [line["event"] for line in logged if line["event"] in of_the_loop] == told


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
