"""What requests cost every process that has a part in them: server, Postgres, Valkey, client."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from bench.figures import spread
from bench.load import drive
from bench.servers import Carnet, cpu_seconds
from bench.services import Services

CONNECTIONS = 24
APART = 0.005
"""Seconds between connections: of those opened at once, a server process can get more than half."""

Pids = Callable[[], Sequence[int]]


def tree(pid: int) -> list[int]:
    """A process and all that came of it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        children = []
    return [pid, *(each for child in children for each in tree(int(child)))]


def parts(ours: Carnet, there: Services) -> dict[str, Pids]:
    """Who has a part in a request."""
    return {
        "server": ours.server.pids,
        "Postgres": lambda: tree(there.postgres_pid),
        "Valkey": lambda: [there.valkey_pid],
        "client": lambda: [os.getpid()],
    }


class Costs:
    """One kind of request to one server, round after round."""

    def __init__(
        self, port: int, parts: Mapping[str, Pids], requests: Iterator[bytes], expect: int
    ) -> None:
        self._port = port
        self._parts = parts
        self._requests = requests
        self._expect = expect
        self.rates: list[float] = []
        self._sent = 0
        self._seconds = 0.0
        self._used: dict[str, float] = defaultdict(float)

    async def round(self, seconds: float) -> None:
        """Measures for some seconds."""
        before = self._read()
        load = await drive(
            self._port,
            self._requests,
            expect=self._expect,
            connections=CONNECTIONS,
            seconds=seconds,
            apart=APART,
        )
        for name, now in self._read().items():
            self._used[name] += now - before[name]
        self.rates.append(load.rate)
        self._sent += load.requests
        self._seconds += load.seconds

    async def warm_up(self, seconds: float) -> None:
        """A round that does not count."""
        await self.round(seconds)
        self.rates.clear()
        self._used.clear()
        self._sent, self._seconds = 0, 0.0

    def _read(self) -> dict[str, float]:
        return {name: cpu_seconds(pids()) for name, pids in self._parts.items()}

    def __str__(self) -> str:
        each = [f"{name} {s / self._sent * 1e6:.0f} µs" for name, s in self._used.items()]
        cores = sum(self._used.values()) / self._seconds
        return f"{', '.join(each)}; {spread(self.rates, ',.0f')}/s; {cores:.2f} cores busy"
