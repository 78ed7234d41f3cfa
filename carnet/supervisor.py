"""Supervised processes: the program's own children, started again when they end."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from carnet.child_process import ChildProcess, End, Receive, start_child
from carnet.failure import Failure
from carnet.messages import Message
from carnet.stop import Stop
from runtime import measured
from runtime.measured import FAMILIES
from runtime.metrics import Snapshot, added_up, lasting
from runtime.settings import Settings

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
LONG_LIFE_SECONDS: Final = 10.0
"""A child that worked for so long had nothing wrong with it when it was started."""
START_ATTEMPTS: Final = 3
"""Deaths in a row before a child was ever ready that end the program."""
ATTEMPTS: Final = 10
"""Deaths in a row later on; by their pauses it takes two minutes to have so many."""

_log = structlog.get_logger("carnet.processes")


class Restarts:
    """Decides when a child that has ended is started again, and when to give up."""

    def __init__(self) -> None:
        self.deaths = 0
        """Since the child last lived long."""
        self._ever_ready = False

    def replaced(self) -> None:
        """A child that worked was ended to be replaced."""
        self._ever_ready = True
        self.deaths = 0

    def pause(self, worked_seconds: float | None) -> float | None:
        """Seconds to wait after a death; None to give up.

        `worked_seconds`: how long the child lived since it was ready; None if it never was.
        """
        if worked_seconds is not None:
            self._ever_ready = True
            if worked_seconds >= LONG_LIFE_SECONDS:
                self.deaths = 0
        self.deaths += 1
        if self.deaths >= (ATTEMPTS if self._ever_ready else START_ATTEMPTS):
            return None
        return min(FIRST_PAUSE_SECONDS * 2.0 ** (self.deaths - 1), LONGEST_PAUSE_SECONDS)


async def _ignore(_message: Message) -> None:
    return None


class SupervisedProcess:
    """One child, `carnet _run ARGUMENTS`, kept running until it is stopped."""

    def __init__(
        self,
        arguments: Sequence[str],
        settings: Settings,
        stop: Stop,
        *,
        receive: Receive = _ignore,
        descriptors: Sequence[int] = (),
    ) -> None:
        """`receive` is given the child's messages; the child inherits the open `descriptors`.

        `stop` is told when the child cannot be kept running.
        """
        self.ready = asyncio.Event()
        """Set while a child is there that has said it is ready."""
        self._arguments = tuple(arguments)
        self._name = arguments[0]
        self._settings = settings
        self._stop = stop
        self._receive = receive
        self._descriptors = tuple(descriptors)
        self._restarts = Restarts()
        self._child: ChildProcess | None = None
        """The one that is sent messages, and is followed by another when it ends."""
        self._children: list[ChildProcess] = []
        """All there are or were, until what those that have ended have measured is kept."""
        self._changing = asyncio.Lock()
        """Held by whoever starts a child that is to be `_child`."""
        self._supervising: asyncio.Task[None] | None = None
        self._past: Snapshot = {}
        """What has happened in those that have ended."""
        stop.on_second_signal(self.kill)

    def start(self) -> None:
        """Starts the child, and starts it again whenever it ends."""
        self._followed = (
            measured.CHILDREN_READY.follow(self.ready.is_set, self._name),
            measured.CHILDREN_SILENT.follow(self._silent, self._name),
        )
        self._supervise_anew()

    def send(self, message: Message) -> None:
        """Sends a message; it is lost when there is no child or the child is just dying."""
        if self._child is not None:
            self._child.send(message)

    async def measured(self) -> Snapshot:
        """What its children have measured, those that have ended too: no counter ever falls."""
        await asyncio.gather(*(child.measure() for child in self._children))
        self._remember()
        return added_up(FAMILIES, [self._past, *(child.measured for child in self._children)])

    def _silent(self) -> int:
        return sum(child.is_silent for child in self._children if not child.has_ended)

    def _remember(self) -> None:
        """Keeps what has happened in children that have ended, as they told last."""
        ended = [child for child in self._children if child.has_ended]
        self._children = [child for child in self._children if not child.has_ended]
        parts = (lasting(FAMILIES, child.measured) for child in ended)
        self._past = added_up(FAMILIES, [self._past, *parts])

    async def replace(self) -> None:
        """Starts another child, and when that is ready, lets the one before finish.

        `Failure` where the other one does not get ready: then the one before goes on.
        """
        async with self._changing:
            successor = await self._start()
            if not await successor.until_ready():
                end = await successor.until_ended()
                ended = f"the new {self._name} process ended with code {end.code}"
                raise Failure(end.reason or f"{ended} before it was ready")
            before, self._child = self._child, successor
            self._restarts.replaced()
            self._supervise_anew()
        if before is not None:
            await before.finish()

    async def stop(self) -> None:
        """Lets the child finish, and returns when it has ended; nobody may be replacing it."""
        if self._supervising is None:
            return
        self._supervising.cancel()
        await asyncio.wait({self._supervising})
        await asyncio.gather(*(child.finish() for child in self._children))
        self._child = None
        self.ready.clear()
        for end in self._followed:
            end()

    def kill(self) -> None:
        """Ends the child where it stands."""
        for child in self._children:
            child.kill()

    async def _start(self) -> ChildProcess:
        """A new child; `Failure` where it cannot be started."""
        try:
            child = await start_child(
                self._arguments, self._settings, self._receive, self._descriptors
            )
        except OSError as error:
            raise Failure(f"the {self._name} process cannot be started: {error}") from error
        self._remember()
        self._children.append(child)
        return child

    def _supervise_anew(self) -> None:
        """Has the child that is there now supervised, in place of the one before."""
        if self._supervising is not None:
            self._supervising.cancel()
        self._supervising = asyncio.create_task(self._supervise())

    async def _supervise(self) -> None:
        while True:
            end = await self._run()
            told = {"reason": end.reason} if end.reason else {}
            _log.error("process_ended", process=self._name, code=end.code, **told)
            measured.CHILDREN_RESTARTED.add(self._name)
            pause = self._restarts.pause(end.worked_seconds)
            if pause is None:
                times = f"{self._restarts.deaths} times in a row, the last time with code"
                why = f"{times} {end.code}{f': {end.reason}' if end.reason else ''}"
                self._stop.fail(Failure(f"the {self._name} process ended {why}"))
                return
            await asyncio.sleep(pause)

    async def _run(self) -> End:
        """The child that is there, or else a new one, until its end."""
        if self._child is None:
            async with self._changing:
                try:
                    self._child = await self._start()
                except Failure as error:
                    _log.error("process_failed", process=self._name, reason=str(error))
                    return End(None)
        if await self._child.until_ready():
            self.ready.set()
        end = await self._child.until_ended()
        self.ready.clear()
        self._child = None
        return end
