"""The parent of several server processes: how it ends, with children that are none."""

import asyncio
import os
import signal
import socket
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from carnet import child_process, serve
from carnet.failure import Failure
from carnet.stop import Stop
from carnet.supervisor import SupervisedProcess
from runtime.settings import Http, Settings
from tests.carnet.supervised import READY, SECONDS
from tests.waiting import until

SETTINGS = Settings(http=Http(processes=2))


@pytest.fixture
def finished(monkeypatch, tmp_path):
    """A folder with a file of each child that was let finish."""
    source = f"{READY}\nimport os\nsys.stdin.read()\nopen(f'{tmp_path}/{{os.getpid()}}', 'w')"
    monkeypatch.setattr(
        child_process, "own_command", lambda *_arguments: [sys.executable, "-c", source]
    )
    return tmp_path


async def by_children(sock: socket.socket, stop: Stop, ready) -> None:
    scrapes: Any = SimpleNamespace(children=[])
    async with asyncio.timeout(SECONDS):
        await serve._serve_by_children(SETTINGS, sock, scrapes, stop, ready)


async def test_children_finish_where_the_person_cannot_be_told(finished):
    async def ready() -> None:
        raise Failure("the disk is full")

    with socket.socket() as sock, pytest.raises(Failure, match="the disk is full"):
        await by_children(sock, Stop(), ready)
    assert len(list(finished.iterdir())) == 2


async def test_a_reload_of_one_that_was_told_to_stop_does_nothing(finished, monkeypatch):
    replaced, stop, told = [], Stop(), asyncio.Event()
    stop_child = SupervisedProcess.stop

    async def replace(process: SupervisedProcess) -> None:
        replaced.append(process)

    async def stop_later(process: SupervisedProcess) -> None:
        await told.wait()
        await stop_child(process)

    monkeypatch.setattr(SupervisedProcess, "replace", replace)
    monkeypatch.setattr(SupervisedProcess, "stop", stop_later)

    async def ready() -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: len(replaced) == 2)
        stop.request()

    with socket.socket() as sock:
        serving = asyncio.create_task(by_children(sock, stop, ready))
        await until(lambda: sock.fileno() == -1)
        os.kill(os.getpid(), signal.SIGHUP)
        # A signal of the same kind that the loop hears after it.
        heard = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, heard.set)
        os.kill(os.getpid(), signal.SIGUSR1)
        await heard.wait()
        told.set()
        await serving
    assert len(replaced) == 2
    assert len(list(finished.iterdir())) == 2
