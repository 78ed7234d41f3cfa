"""Signals that ask the program to finish."""

import asyncio
import gc
import os
import signal

import pytest

from carnet.stop import Stop
from tests import servers
from tests.carnet.program import environment, run
from tests.faults.production import Program
from tests.waiting import until


@pytest.mark.parametrize("by_nohup", [False, True])
async def test_a_closed_terminal_ends_what_was_not_started_by_nohup(by_nohup):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if by_nohup else signal.SIG_DFL)
    loop, heard = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, heard.set)
    try:
        stop = Stop()
        os.kill(os.getpid(), signal.SIGHUP)
        # The loop hears it after the other.
        os.kill(os.getpid(), signal.SIGUSR1)
        await heard.wait()
        assert stop.requested.is_set() is not by_nohup
    finally:
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_a_worker_with_success(tmp_path, how):
    run(tmp_path, "init")
    with servers.redis() as url:
        variables = {"CARNET_QUEUE__URL": url, "CARNET_LOG__FORMAT": "json"}
        worker = Program(tmp_path, "worker", environment(variables))
        worker.start()
        await until(lambda: worker.events("started"))
        worker.signal(how)
        assert await worker.ended() == 0


async def test_a_stop_before_all_is_ready_is_no_error():
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    stop = Stop()
    waiting = asyncio.create_task(stop.unless_requested(asyncio.Event(), asyncio.Event()))
    await asyncio.sleep(0)
    stop.request()
    assert await waiting is False
    await asyncio.sleep(0)
    gc.collect()
    assert told == []
