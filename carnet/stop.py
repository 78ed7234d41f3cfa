"""The end of the program: asked for by a signal, or because it cannot go on."""

import asyncio
import signal
from collections.abc import Callable, Sequence

from carnet import frozen
from carnet.failure import Failure


class Stop:
    """One for each program; it must be made in the running event loop.

    The first SIGTERM or SIGINT asks the program to finish. A second one ends it at once, as that
    signal does by default, after the children were killed. SIGHUP asks it to finish too; who has
    processes to replace takes that signal over.
    """

    def __init__(self) -> None:
        self.requested = asyncio.Event()
        self.failure: Failure | None = None
        self._kill_children: list[Callable[[], None]] = []
        frozen.leave_group()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._received, number)
        # A closed terminal, unless the program was started by nohup(1).
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            loop.add_signal_handler(signal.SIGHUP, self.request)

    def request(self) -> None:
        """Asks the program to finish, without a failure."""
        self.requested.set()

    def fail(self, failure: Failure) -> None:
        """Asks the program to finish, and to tell why; the first failure is the one told."""
        self.failure = self.failure or failure
        self.requested.set()

    def raise_failure(self) -> None:
        """Raises what was given to `fail`, if anything was."""
        if self.failure is not None:
            raise self.failure

    def on_second_signal(self, kill: Callable[[], None]) -> None:
        """Has a child killed when the program ends at once."""
        self._kill_children.append(kill)

    async def unless_requested(self, *events: asyncio.Event) -> bool:
        """Waits until all events are set; False when the program is to finish before that."""
        all_set = asyncio.create_task(_all_set(events))
        requested = asyncio.create_task(self.requested.wait())
        await asyncio.wait({all_set, requested}, return_when=asyncio.FIRST_COMPLETED)
        all_set.cancel()
        requested.cancel()
        return not self.requested.is_set()

    def _received(self, number: signal.Signals) -> None:
        if not self.requested.is_set():
            self.requested.set()
            return
        for kill in self._kill_children:
            kill()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)


async def _all_set(events: Sequence[asyncio.Event]) -> None:
    for event in events:
        await event.wait()
