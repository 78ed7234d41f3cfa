"""The doorbell, and word of a job's end, within one process."""

import asyncio

from runtime.signals import LocalSignals
from tests.storage.home import soon

LONG = 60.0


async def test_a_ring_wakes_who_waits():
    signals = LocalSignals()
    waiting = asyncio.create_task(signals.wait_rung(LONG))
    await asyncio.sleep(0)
    await signals.ring("j")
    await soon(waiting)


async def test_a_ring_before_the_wait_is_not_lost():
    signals = LocalSignals()
    await signals.ring("j")
    await soon(signals.wait_rung(LONG))


async def test_a_ring_is_heard_once():
    signals = LocalSignals()
    await signals.ring("j")
    await signals.ring("k")
    await soon(signals.wait_rung(LONG))
    waiting = asyncio.create_task(signals.wait_rung(LONG))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    await signals.ring("l")
    await soon(waiting)


async def test_nobody_waits_longer_than_told():
    signals = LocalSignals()
    await soon(signals.wait_rung(0.001))
    with signals.watch("j") as watch:
        await soon(watch.wait(0.001))


async def test_an_end_is_told_to_all_who_watch_that_job():
    signals = LocalSignals()
    with signals.watch("j") as one, signals.watch("j") as two, signals.watch("k") as other:
        waiting = [asyncio.create_task(watch.wait(LONG)) for watch in (one, two)]
        elsewhere = asyncio.create_task(other.wait(LONG))
        await asyncio.sleep(0)
        await signals.ended("j")
        await soon(asyncio.gather(*waiting))
        assert not elsewhere.done()
        await signals.ended("k")
        await soon(elsewhere)


async def test_an_end_between_the_watch_and_the_wait_is_not_missed():
    signals = LocalSignals()
    with signals.watch("j") as watch:
        await signals.ended("j")
        await soon(watch.wait(LONG))


async def test_nothing_is_kept_of_those_who_have_left():
    signals = LocalSignals()
    await signals.ended("j")
    with signals.watch("j"), signals.watch("j"):
        pass
    assert signals._watches == {}
