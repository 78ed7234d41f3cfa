"""Signals within one process."""

import asyncio

import structlog

from runtime.signals import LocalSignals
from tests.storage.home import soon

LONG = 60.0


async def test_a_queued_job_wakes_a_worker_that_waits():
    signals = LocalSignals()
    waiting = asyncio.create_task(signals.wait_for_work(LONG))
    await asyncio.sleep(0)
    await signals.job_queued("j")
    await soon(waiting)


async def test_a_job_queued_before_the_wait_is_not_missed():
    signals = LocalSignals()
    await signals.job_queued("j")
    await soon(signals.wait_for_work(LONG))


async def test_a_worker_is_woken_once():
    signals = LocalSignals()
    await signals.job_queued("j")
    await signals.job_queued("k")
    await soon(signals.wait_for_work(LONG))
    waiting = asyncio.create_task(signals.wait_for_work(LONG))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    await signals.job_queued("l")
    await soon(waiting)


async def test_a_wait_is_no_longer_than_its_time_out():
    signals = LocalSignals()
    await soon(signals.wait_for_work(0.001))
    with signals.watch_job("j") as watch:
        await soon(watch.wait(0.001))


async def test_an_end_is_told_to_all_watches_of_that_job():
    signals = LocalSignals()
    with (
        signals.watch_job("j") as one,
        signals.watch_job("j") as two,
        signals.watch_job("k") as other,
    ):
        waiting = [asyncio.create_task(watch.wait(LONG)) for watch in (one, two)]
        elsewhere = asyncio.create_task(other.wait(LONG))
        await asyncio.sleep(0)
        await signals.job_ended("j")
        await soon(asyncio.gather(*waiting))
        assert not elsewhere.done()
        await signals.job_ended("k")
        await soon(elsewhere)


async def test_an_end_between_the_watch_and_the_wait_is_not_missed():
    signals = LocalSignals()
    with signals.watch_job("j") as watch:
        await signals.job_ended("j")
        await soon(watch.wait(LONG))


async def test_nothing_is_left_of_watches_that_have_ended():
    signals = LocalSignals()
    await signals.job_ended("j")
    with signals.watch_job("j"), signals.watch_job("j"):
        pass
    assert signals._watches == {}


async def test_a_changed_trip_is_told_to_every_listener_at_once():
    signals, heard, also = LocalSignals(), [], []
    signals.on_trip_change(lambda trip_id, rev: heard.append((trip_id, rev)))
    leave = signals.on_trip_change(lambda trip_id, rev: also.append((trip_id, rev)))
    signals.trip_changed("t", 1)
    leave()
    leave()
    signals.trip_changed("t", 2)
    assert heard == [("t", 1), ("t", 2)]
    assert also == [("t", 1)]


async def test_that_changes_may_have_been_missed_is_told_to_those_who_ask():
    signals, told, also = LocalSignals(), [], []
    signals.on_loss(lambda: told.append(True))
    leave = signals.on_loss(lambda: also.append(True))
    assert told == []
    signals.notify_loss()
    leave()
    leave()
    signals.notify_loss()
    assert (told, also) == ([True, True], [True])


async def test_the_same_listener_can_be_added_twice_and_removed_once():
    signals, heard = LocalSignals(), []

    def listener(_trip_id: str, rev: int) -> None:
        heard.append(rev)

    leave = signals.on_trip_change(listener)
    signals.on_trip_change(listener)
    leave()
    signals.trip_changed("t", 1)
    assert heard == [1]


async def test_a_listener_may_leave_while_it_is_told():
    signals, heard = LocalSignals(), []

    def once(_trip_id: str, rev: int) -> None:
        heard.append(rev)
        leave()

    leave = signals.on_trip_change(once)
    signals.on_trip_change(lambda _trip_id, rev: heard.append(rev))
    signals.trip_changed("t", 1)
    signals.trip_changed("t", 2)
    assert heard == [1, 1, 2]


async def test_a_listener_that_raises_does_no_harm():
    signals, heard = LocalSignals(), []

    def fail(_trip_id: str, _rev: int) -> None:
        raise ZeroDivisionError

    signals.on_trip_change(fail)
    signals.on_trip_change(lambda _trip_id, rev: heard.append(rev))
    with structlog.testing.capture_logs() as lines:
        signals.trip_changed("t", 1)
    assert heard == [1]
    assert [line["event"] for line in lines] == ["trip_listener_failed"]
