"""Supervised processes: ready, messages, stopped, and started again."""

import asyncio
import os
import signal
import sys

import msgspec
import pytest
import structlog

from carnet import child_process, supervisor
from carnet.child_process import own_command
from carnet.messages import Message
from carnet.supervisor import (
    ATTEMPTS,
    LONG_LIFE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    START_ATTEMPTS,
    Restarts,
)
from runtime.settings import Settings
from tests.carnet.supervised import DEAF, ECHO, READY, SECONDS, pid_of, ready
from tests.faults.production import children as started
from tests.waiting import until

# When it is started again


def test_pauses_grow_up_to_a_bound_and_end_in_giving_up():
    restarts = Restarts()
    pauses = [restarts.pause(1.0) for _ in range(ATTEMPTS)]
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, None]
    assert LONGEST_PAUSE_SECONDS == 30


def test_a_child_that_was_never_ready_is_given_up_sooner():
    restarts = Restarts()
    assert [restarts.pause(None) for _ in range(START_ATTEMPTS)] == [0.5, 1, None]
    restarts = Restarts()
    assert restarts.pause(0.1) == 0.5
    assert [restarts.pause(None) for _ in range(ATTEMPTS - 1)][-2:] == [30, None]


def test_a_child_that_lived_long_resets_the_pauses():
    restarts = Restarts()
    for _ in range(ATTEMPTS - 1):
        restarts.pause(LONG_LIFE_SECONDS - 1)
    assert restarts.pause(LONG_LIFE_SECONDS) == 0.5
    assert restarts.pause(1.0) == 1


# How it is started


def test_the_program_starts_itself_without_the_current_folder():
    assert own_command("_run", "worker") == [
        *(sys.executable, "-P", "-m", "carnet"),
        *("_run", "worker"),
    ]


def test_a_frozen_program_starts_itself(monkeypatch):
    monkeypatch.setattr(child_process, "FROZEN", True)
    assert own_command("_run", "worker") == [sys.executable, "_run", "worker"]


# A child that runs


async def test_it_is_handed_the_settings_and_messages_both_ways(children):
    process = children.start(
        READY + 'print(\'{"job_ended": "%d"}\' % len(settings))\n' + ECHO.removeprefix(READY)
    )
    await ready(process)
    process.send(Message(trip="t", rev=7))
    await until(lambda: len(children.received) == 3)
    length = len(msgspec.json.encode(Settings())) + 1
    assert children.received == [
        Message(ready=True),
        Message(job_ended=f"{length}"),
        Message(trip="t", rev=7),
    ]


async def test_it_is_ready_only_once_it_says_so(children):
    process = children.start(f"import sys\nsys.stdin.readline()\nsys.stdin.readline()\n{ECHO}")
    await until(lambda: pid_of(process))
    # What is sent is lost while there is no child that could hear it; this one waits for it.
    await until(lambda: (process.send(Message(work=True)), process.ready.is_set())[1])
    assert children.received[0] == Message(ready=True)


async def test_one_that_dies_is_followed_by_another(children):
    process = children.start(ECHO)
    first = await ready(process)
    with structlog.testing.capture_logs() as lines:
        os.kill(first, signal.SIGKILL)
        await until(lambda: pid_of(process) not in (0, first))
    assert [line["event"] for line in lines] == ["process_ended"]
    assert lines[0]["code"] == -signal.SIGKILL
    assert await ready(process) != first
    assert not children.stop.requested.is_set()


@pytest.mark.parametrize("line", ["nonsense", '{"rev": "of another kind"}', "[]"])
async def test_one_that_cannot_be_understood_is_followed_by_another(children, line):
    process = children.start(f"{READY}\nprint('{line}', flush=True)\nsys.stdin.read()")
    with structlog.testing.capture_logs() as lines:
        await until(lambda: lines)
        children.become(ECHO)
        await until(lambda: len(lines) >= 2 and process.ready.is_set() and pid_of(process))
    assert [line["event"] for line in lines][:2] == ["process_failed", "process_ended"]


async def test_one_that_does_not_get_ready_in_time_is_killed(children, monkeypatch):
    monkeypatch.setattr(child_process, "READY_SECONDS", 0.1)
    with structlog.testing.capture_logs() as lines:
        process = children.start("import sys\nsys.stdin.read()")
        await until(lambda: lines)
    assert "TimeoutError" in lines[0]["reason"]
    assert not process.ready.is_set()


async def test_one_that_keeps_dying_asks_the_program_to_stop(children, monkeypatch):
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_SECONDS", 0.0)
    children.start("raise SystemExit(7)")
    async with asyncio.timeout(SECONDS):
        assert not await children.stop.unless_requested(asyncio.Event())
    assert str(children.stop.failure) == (
        f"the test process ended {START_ATTEMPTS} times in a row, the last time with code 7"
    )


async def test_one_that_cannot_be_started_asks_the_program_to_stop(children, monkeypatch):
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with structlog.testing.capture_logs() as lines:
        children.start(ECHO)
        async with asyncio.timeout(SECONDS):
            await children.stop.requested.wait()
    assert children.stop.failure is not None
    assert "/nowhere/python" in lines[0]["reason"]


async def test_stopping_lets_it_finish(children):
    process = children.start(ECHO + 'print(\'{"job_ended": "last"}\')')
    await ready(process)
    async with asyncio.timeout(SECONDS):
        await process.stop()
    assert pid_of(process) == 0
    assert children.received[-1] == Message(job_ended="last")


@pytest.mark.parametrize("how", ["stop", "replace"])
async def test_one_that_is_stuck_is_killed(children, monkeypatch, how):
    monkeypatch.setattr(child_process, "STOP_SECONDS", 0.1)
    process = children.start(DEAF)
    first = await ready(process)
    children.become(ECHO)
    with structlog.testing.capture_logs() as lines:
        async with asyncio.timeout(SECONDS):
            await getattr(process, how)()
    assert lines == [
        {"event": "process_stuck", "log_level": "error", "process": "test", "pid": first}
    ]
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)


async def test_stopping_during_a_pause_does_not_wait_for_its_end(children, monkeypatch):
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_SECONDS", 3600.0)
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE_SECONDS", 3600.0)
    with structlog.testing.capture_logs() as lines:
        process = children.start("raise SystemExit(7)")
        await until(lambda: lines)
    async with asyncio.timeout(SECONDS):
        await process.stop()
    assert pid_of(process) == 0


@pytest.mark.parametrize("turns", range(10))
async def test_stopping_right_after_the_start_leaves_no_child(children, monkeypatch, turns):
    monkeypatch.setattr(child_process, "STOP_SECONDS", 0.1)
    before = {*started(os.getpid())}
    # It does not end by itself when its stdin is closed.
    process = children.start("import signal\nwhile True:\n    signal.pause()")
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(SECONDS):
        await process.stop()
    await until(lambda: {*started(os.getpid())} <= before)


async def test_the_terminal_does_not_reach_it(children):
    pid = await ready(children.start(ECHO))
    assert os.getsid(pid) == pid != os.getsid(0)
