"""The server's side of its embedded worker (see `carnet.worker_process`)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from carnet.messages import Message
from carnet.stop import Stop
from carnet.supervisor import SupervisedProcess
from runtime.settings import Settings
from runtime.signals import LocalSignals

_NOTIFIED_SECONDS = 3600.0


@contextlib.asynccontextmanager
async def running_worker(
    settings: Settings, signals: LocalSignals, stop: Stop
) -> AsyncIterator[SupervisedProcess]:
    """A worker as a supervised process inside the block, joined to the server's signals.

    At the block's end the worker finishes the job at hand.
    """

    async def receive(message: Message) -> None:
        if message.ready:
            # What the one before it had done, it may not have told.
            signals.notify_loss()
        if message.job_ended is not None:
            await signals.job_ended(message.job_ended)
        if message.trip is not None:
            signals.trip_changed(message.trip, message.rev)

    process = SupervisedProcess(["worker"], settings, stop, receive=receive)

    async def pass_on_work() -> None:
        while True:
            await signals.wait_for_work(_NOTIFIED_SECONDS)
            # Without a process it is lost; the next one looks for jobs when it starts.
            process.send(Message(work=True))

    process.start()
    passing_on = asyncio.create_task(pass_on_work())
    try:
        yield process
    finally:
        passing_on.cancel()
        await process.stop()
