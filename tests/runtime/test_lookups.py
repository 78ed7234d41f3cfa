"""Names looked up by the system."""

import asyncio
import socket
import threading

import pytest

from runtime.lookups import look_up
from tests.waiting import until


async def test_a_name_has_all_its_addresses():
    assert set(await look_up("localhost")) & {"127.0.0.1", "::1"}


async def test_numbers_are_the_addresses_they_mean():
    assert await look_up("0x7f.1") == ["127.0.0.1"]


async def test_a_name_that_is_not_there(monkeypatch):
    def fail(*_arguments, **_options):
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(OSError, match="no such name"):
        await look_up("nowhere.example")


async def test_many_that_hang_take_no_thread_from_other_work(monkeypatch):
    go_on = threading.Event()

    def hang(*_arguments, **_options):
        go_on.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    waiting = [asyncio.create_task(look_up(f"n{number}.example")) for number in range(64)]
    assert await asyncio.to_thread(lambda: "done") == "done"
    for task in waiting[1:]:
        task.cancel()
    go_on.set()
    assert await waiting[0] == []
    await until(lambda: not any(t.name == "look-up" for t in threading.enumerate()))
