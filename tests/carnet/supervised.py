"""Supervised processes of any source, in place of the program's own."""

import asyncio
import sys

import pytest

from carnet import child_process
from carnet.messages import Message
from carnet.stop import Stop
from carnet.supervisor import SupervisedProcess
from runtime.settings import Settings

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


def pid_of(process: SupervisedProcess) -> int:
    return process._child.pid if process._child else 0


async def ready(process: SupervisedProcess) -> int:
    """The pid of a child that is ready."""
    async with asyncio.timeout(SECONDS):
        await process.ready.wait()
    return pid_of(process)
