"""Watches leases that end further ahead than any can, for who holds them may have died."""

import time
from collections.abc import Callable

from storage import leases
from storage.leases import Lease, Leases
from storage.store import Store


class Watch:
    """Ends those that have not changed for as long as a lease is.

    That is told by this process's own time, which no setting of clocks changes: a holder that lives
    keeps its lease, however far apart the clocks are.
    """

    def __init__(self, of: Leases, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._of = of
        self._monotonic = monotonic
        self._since: dict[Lease, float] = {}
        """Since when each was seen as it is."""

    async def look(self, store: Store, unix_now: float) -> None:
        """Looks at them once, and ends those whose time is over."""
        seen = await store.read(lambda tx: leases.put_off(tx, self._of, unix_now))
        now = self._monotonic()
        self._since = {lease: self._since.get(lease, now) for lease in seen}
        still = [each for each, at in self._since.items() if now - at >= self._of.seconds]
        # Nearly always there is none, and a read costs less than a write.
        if still:
            await store.write(lambda tx: leases.end(tx, self._of, still, unix_now))
