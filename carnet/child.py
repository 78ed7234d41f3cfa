"""A supervised process's own side: how it hears its parent, and speaks to it.

See `carnet.child_process` for the parent's side.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator

import msgspec

from carnet.failure import Failure
from carnet.messages import Message, parse
from runtime import logs, tracing
from runtime.measured import FAMILIES
from runtime.metrics import snapshot
from runtime.settings import Settings
from storage.migrate import MigrationError
from storage.store import DatabaseError


@contextlib.contextmanager
def supervised() -> Iterator["Parent"]:
    """The parent of this process, which is told why in place of a person where that fails."""
    parent = Parent()
    try:
        parent.take_settings()
        yield parent
    except (Failure, DatabaseError, MigrationError) as error:
        parent.send(Message(reason=str(error)))
        sys.exit(1)


class Parent:
    """The parent of this process, and the settings it has handed over."""

    settings: Settings

    def take_settings(self) -> None:
        """Waits for the settings; ends the process where the parent is gone before it sent them."""
        # The parent says by the end of stdin what a signal to the whole group means.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        # Unbuffered: the messages that follow are read from the same pipe by the event loop.
        with os.fdopen(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as stdin:
            line = stdin.readline()
        if not line:
            sys.exit(0)
        try:
            self.settings = msgspec.json.decode(line, type=Settings)
        except msgspec.DecodeError as error:
            raise Failure(
                f"the settings handed over are not those of this release: {error}"
            ) from error
        logs.configure(self.settings.log.level, self.settings.log.format)
        tracing.configure(self.settings.tracing)

    def send(self, message: Message) -> None:
        """Sends a message; lost when the parent was killed, of which the end of stdin tells."""
        with contextlib.suppress(BrokenPipeError):
            os.write(sys.stdout.fileno(), message.line())

    async def messages(self) -> AsyncIterator[Message]:
        """What the parent sends, until this process is to finish and leave."""
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        while line := await reader.readline():
            message = parse(line)
            if message.measure:
                self.tell_measures()
            yield message

    def tell_measures(self) -> None:
        """Sends what this process has measured; to be done last of all, too."""
        self.send(Message(measured=snapshot(FAMILIES)))

    async def finish_requested(self) -> None:
        """Returns when this process is to finish and leave."""
        async for _ in self.messages():
            pass
