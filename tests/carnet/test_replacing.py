"""Supervised processes that are replaced while they run."""

import asyncio
import os
import signal

import pytest
import structlog

from carnet import child_process
from carnet.failure import Failure
from carnet.messages import Message
from runtime import measured
from tests.carnet.supervised import ECHO, SECONDS, pid_of, ready
from tests.waiting import until


async def test_replacing_it_lets_it_finish_and_waits_for_the_next(children):
    process = children.start(ECHO)
    first = await ready(process)
    with structlog.testing.capture_logs() as lines:
        async with asyncio.timeout(SECONDS):
            await process.replace()
    assert process.ready.is_set()
    assert pid_of(process) not in (0, first)
    assert lines == [], "none was missed"


async def replaced_up_to_a_gate(process, children, tmp_path):
    """The replacing, and the gate that the next one has come to: it goes on when that is closed."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    children.become(f"open({str(gate)!r}).read()\n{ECHO}")
    replacing = asyncio.create_task(process.replace())
    return replacing, await asyncio.to_thread(gate.open, "w")


async def test_the_one_before_goes_on_until_the_next_is_ready(children, tmp_path):
    process = children.start(ECHO)
    first = await ready(process)
    replacing, opened = await replaced_up_to_a_gate(process, children, tmp_path)
    assert (process.ready.is_set(), pid_of(process)) == (True, first)
    process.send(Message(trip="before", rev=1))
    await until(lambda: children.received[-1] == Message(trip="before", rev=1))
    opened.close()
    async with asyncio.timeout(SECONDS):
        await replacing
    assert process.ready.is_set()
    assert pid_of(process) not in (0, first)


def restarted() -> float:
    """How many children the metrics have as started again."""
    return sum(row[0] for _, row in measured.CHILDREN_RESTARTED.rows())


async def test_a_successor_that_dies_is_followed_at_once_while_the_one_before_finishes(
    children, tmp_path
):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    process = children.start(f"{ECHO}\nopen({str(gate)!r}).read()")
    first = await ready(process)
    children.become(ECHO)
    replacing = asyncio.create_task(process.replace())
    opened = await asyncio.to_thread(gate.open, "w")
    second = await ready(process)
    restarts = restarted()
    with structlog.testing.capture_logs() as lines:
        os.kill(second, signal.SIGKILL)
        await until(lambda: pid_of(process) not in (0, second) and process.ready.is_set())
    os.kill(first, 0)
    assert not replacing.done()
    assert [line["event"] for line in lines] == ["process_ended"]
    assert restarted() == restarts + 1
    opened.close()
    async with asyncio.timeout(SECONDS):
        await replacing


@pytest.mark.parametrize(
    ("source", "seconds", "reason"),
    [
        ("raise SystemExit(7)", SECONDS, "the new test process ended with code 7 before it was"),
        ('print(\'{"reason": "it does not fit"}\', flush=True)', SECONDS, "it does not fit"),
        ("import sys\nsys.stdin.read()", 1.0, "ended with code None"),
    ],
)
async def test_the_one_before_stays_where_the_next_does_not_get_ready(
    children, monkeypatch, source, seconds, reason
):
    process = children.start(ECHO)
    first = await ready(process)
    with monkeypatch.context() as patched:
        patched.setattr(child_process, "READY_SECONDS", seconds)
        children.become(source)
        with pytest.raises(Failure, match=reason):
            await process.replace()
    assert (process.ready.is_set(), pid_of(process)) == (True, first)
    process.send(Message(trip="still", rev=1))
    await until(lambda: children.received[-1] == Message(trip="still", rev=1))
    children.become(ECHO)
    await process.replace()
    assert pid_of(process) not in (0, first)


async def test_one_that_dies_while_the_next_starts_is_not_followed_by_two(children, tmp_path):
    process = children.start(ECHO)
    first = await ready(process)
    replacing, opened = await replaced_up_to_a_gate(process, children, tmp_path)
    with structlog.testing.capture_logs() as lines:
        os.kill(first, signal.SIGKILL)
        await until(lambda: lines and not process.ready.is_set())
        opened.close()
        await replacing
        second = await ready(process)
    assert [line["event"] for line in lines] == ["process_ended"]
    children.become("raise SystemExit('a third one')")
    process.send(Message(trip="second", rev=1))
    await until(lambda: children.received[-1] == Message(trip="second", rev=1))
    assert pid_of(process) == second


async def test_stopping_ends_the_next_one_too(children, tmp_path):
    process = children.start(ECHO)
    first = await ready(process)
    children.become(f"open({str(tmp_path / 'next')!r}, 'w').close()\nimport sys\nsys.stdin.read()")
    replacing = asyncio.create_task(process.replace())
    await until((tmp_path / "next").exists)
    replacing.cancel()
    async with asyncio.timeout(SECONDS):
        await process.stop()
    pids = [child.pid for child in process._children]
    assert first in pids
    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
