"""The program is told to stop while it still starts."""

import asyncio
import gc

from carnet.stop import Stop


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
