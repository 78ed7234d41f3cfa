"""Supervised processes: ready, messages, replaced, stopped, and started again."""

import asyncio
import os
import signal
import sys

import msgspec
import pytest
import structlog

from carnet import child_process, supervisor
from carnet.child_process import own_command
from carnet.failure import Failure
from carnet.messages import Message
from carnet.stop import Stop
from carnet.supervisor import (
    ATTEMPTS,
    LONG_LIFE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    START_ATTEMPTS,
    Restarts,
    SupervisedProcess,
)
from runtime.settings import Settings
from tests.waiting import until

SECONDS = 30.0

READY = """
import sys
settings = sys.stdin.readline()
print('{"ready": true}', flush=True)
"""
"""The beginning of a child that behaves."""

ECHO = f"""{READY}
for line in sys.stdin:
    print(line, end="", flush=True)
"""

DEAF = f"""{READY}
import signal
while True:
    signal.pause()
"""


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


class Children:
    """Makes supervised processes of given sources, and keeps what they send."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stop = Stop()
        self.received: list[Message] = []
        self._monkeypatch = monkeypatch
        self._made: list[SupervisedProcess] = []

    def become(self, source: str) -> None:
        """What is started from now on."""
        self._monkeypatch.setattr(
            child_process, "own_command", lambda *_arguments: [sys.executable, "-c", source]
        )

    def start(self, source: str) -> SupervisedProcess:
        self.become(source)
        made = SupervisedProcess(["test"], Settings(), self.stop, receive=self._receive)
        made.start()
        self._made.append(made)
        return made

    async def _receive(self, message: Message) -> None:
        self.received.append(message)

    async def end(self) -> None:
        for process in self._made:
            process.kill()
            await process.stop()


@pytest.fixture
async def children(monkeypatch):
    made = Children(monkeypatch)
    yield made
    async with asyncio.timeout(SECONDS):
        await made.end()


def pid_of(process: SupervisedProcess) -> int:
    return process._child.pid if process._child else 0


async def ready(process: SupervisedProcess) -> int:
    """The pid of a child that is ready."""
    async with asyncio.timeout(SECONDS):
        await process.ready.wait()
    return pid_of(process)


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


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise SystemExit(7)", "the new test process ended with code 7 before it was ready"),
        ('print(\'{"reason": "it does not fit"}\', flush=True)', "it does not fit"),
        ("import sys\nsys.stdin.read()", "ended with code None"),
    ],
)
async def test_the_one_before_stays_where_the_next_does_not_get_ready(
    children, monkeypatch, source, reason
):
    process = children.start(ECHO)
    first = await ready(process)
    monkeypatch.setattr(child_process, "READY_SECONDS", 1.0)
    children.become(source)
    with pytest.raises(Failure, match=reason):
        await process.replace()
    assert (process.ready.is_set(), pid_of(process)) == (True, first)
    process.send(Message(trip="still", rev=1))
    await until(lambda: children.received[-1] == Message(trip="still", rev=1))
    children.become(ECHO)
    monkeypatch.undo()
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
    assert process._other is not None
    for pid in (first, process._other.pid):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_one_that_is_being_stopped_is_not_replaced(children):
    process = children.start(ECHO)
    await ready(process)
    # Another replacement is under way when it is asked for.
    async with process._changing:
        replacing = asyncio.create_task(process.replace())
        async with asyncio.timeout(SECONDS):
            await process.stop()
    with pytest.raises(Failure, match="the test process is being stopped"):
        await replacing
    assert pid_of(process) == 0


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


async def test_stopping_right_after_the_start_leaves_no_child(children):
    process = children.start(ECHO)
    async with asyncio.timeout(SECONDS):
        await process.stop()
    assert pid_of(process) == 0


async def test_the_terminal_does_not_reach_it(children):
    pid = await ready(children.start(ECHO))
    assert os.getsid(pid) == pid != os.getsid(0)
