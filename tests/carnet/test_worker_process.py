"""The process beside a server: surveys of large bodies, and what becomes of them when it dies."""

import asyncio
import errno
import os
import signal
from pathlib import Path

import msgspec
import pytest
import structlog

from carnet.worker_process import WorkerProcess
from domain.errors import ValidationFailed
from runtime.settings import Settings
from server.survey import LocalSurveyor, survey
from tests.faults.polling import until

BODY = msgspec.json.encode({"mapPins": [{"name": "é", "lat": 1, "lng": 2}] * 20_000})
BODIES = {"good": BODY, "broken": BODY[:-1], "wrong": BODY.replace(b"mapPins", b"pins", 1)}


class Nobody(LocalSurveyor):
    """This process, which is not to be asked."""

    async def survey(self, raw, kind):
        raise AssertionError("the other process was there to ask")


@pytest.fixture
async def beside():
    made = WorkerProcess(Settings())
    yield made
    async with asyncio.timeout(20):
        await made.stop()


async def started(beside: WorkerProcess) -> int:
    """Its pid, once it runs."""
    await beside.survey(b"{}", "sync")
    await until(lambda: beside._process._process is not None)
    process = beside._process._process
    assert process is not None
    return process.pid


@pytest.mark.parametrize("name", BODIES)
async def test_it_tells_what_this_process_would(beside, name, monkeypatch):
    await started(beside)
    monkeypatch.setattr(beside, "_local", Nobody())
    assert await beside.survey(BODIES[name], "sync") == survey(BODIES[name], "sync")


async def test_many_at_once_each_get_their_own(beside, monkeypatch):
    await started(beside)
    monkeypatch.setattr(beside, "_local", Nobody())
    bodies = [msgspec.json.encode({"legs": [{}] * count}) for count in range(30)]
    found = await asyncio.gather(*(beside.survey(body, "sync") for body in bodies))
    assert [each.count() for each in found] == list(range(30))


async def test_it_is_not_started_before_it_is_needed(beside):
    assert beside._process._process is None
    assert (await beside.survey(BODY, "sync")).count() == 20_000


async def test_while_it_is_away_this_process_does_its_work(beside):
    pid = await started(beside)
    asked = [asyncio.create_task(beside.survey(BODY, "sync")) for _ in range(3)]
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    assert [each.count() for each in await asyncio.gather(*asked)] == [20_000] * 3
    # And a new one takes over.
    await until(lambda: _pid(beside) not in (0, pid))
    with pytest.raises(ValidationFailed):
        (await beside.survey(BODIES["broken"], "sync")).count()


def _pid(beside: WorkerProcess) -> int:
    process = beside._process._process
    return process.pid if process else 0


async def test_one_who_no_longer_waits_is_forgotten(beside):
    await started(beside)
    asked = asyncio.create_task(beside.survey(BODY, "sync"))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.wait({asked})
    assert asked.cancelled()
    assert (await beside.survey(b'{"legs": [{}]}', "sync")).count() == 1
    assert beside._asked == {}


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_one_who_leaves_at_any_moment_leaves_no_file_open(beside):
    await started(beside)
    before = open_files()
    for turns in range(30):
        asked = asyncio.create_task(beside.survey(BODY, "sync"))
        for _ in range(turns):
            await asyncio.sleep(0)
        asked.cancel()
        await asyncio.wait({asked})
    assert (await beside.survey(BODY, "sync")).count() == 20_000
    await until(lambda: open_files() <= before)


async def test_without_a_file_in_memory_this_process_does_it(beside, monkeypatch):
    await started(beside)

    def none_left(_name: str) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "memfd_create", none_left)
    assert (await beside.survey(BODY, "sync")).count() == 20_000


async def test_one_that_does_not_answer_is_not_waited_for(beside, monkeypatch):
    pid = await started(beside)
    monkeypatch.setattr("carnet.worker_process._SURVEY_SECONDS", 0.2)
    os.kill(pid, signal.SIGSTOP)
    try:
        assert (await beside.survey(BODY, "sync")).count() == 20_000
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_what_cannot_be_understood_is_followed_by_another_process(beside, monkeypatch):
    pid = await started(beside)
    with structlog.testing.capture_logs() as lines:
        await beside._process._hear(b'{"ended": "job"}\n')

        async def stumble(_line: bytes) -> None:
            raise ValueError("of another release")

        monkeypatch.setattr(beside._process, "_hear", stumble)
        assert (await beside.survey(BODY, "sync")).count() == 20_000
        monkeypatch.setattr(beside._process, "_hear", beside._hear)
        await until(lambda: _pid(beside) not in (0, pid))
    assert [line["event"] for line in lines][:2] == ["process_failed", "process_ended"]
    monkeypatch.setattr(beside, "_local", Nobody())
    assert (await beside.survey(BODY, "sync")).count() == 20_000
