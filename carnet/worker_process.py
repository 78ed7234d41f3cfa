"""The embedded worker, as the child that does the jobs: `carnet _run worker`.

It opens the server's own database file. See `carnet.embedded_worker` for the server's side.
"""

from carnet.child import Parent
from carnet.collector import spare_what_stays
from carnet.console import require_current
from carnet.measuring import measuring
from carnet.messages import Message
from runtime.signals import LocalSignals
from storage.store import Store
from workers.loops import WorkerLoops


class PipeSignals(LocalSignals):
    """Signals whose news goes to the parent, where requests wait for it."""

    def __init__(self, parent: Parent) -> None:
        super().__init__()
        self._parent = parent

    async def job_ended(self, job_id: str) -> None:
        """See `Signals.job_ended`."""
        self._parent.send(Message(job_ended=job_id))

    def trip_changed(self, trip_id: str, rev: int) -> None:
        """Tells the parent, whose listeners are told."""
        self._parent.send(Message(trip=trip_id, rev=rev))


async def do_jobs(store: Store, parent: Parent) -> None:
    """Does jobs until the parent ends this process; the job at hand is finished first."""
    # The files of the program may be newer than the parent.
    await require_current(store)
    signals = PipeSignals(parent)
    store.on_commit = signals.trip_changed
    loops = WorkerLoops(store, signals, parent.settings)
    spare_what_stays()
    loops.start()
    async with measuring(parent.settings, store):
        try:
            parent.send(Message(ready=True))
            async for message in parent.messages():
                if message.work:
                    signals.wake()
        finally:
            await loops.stop()
        parent.tell_measures()
