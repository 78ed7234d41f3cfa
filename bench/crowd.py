"""Requests at a fixed rate, whatever became of those before: as many clients together send them.

They go out on a number of connections; one that finds none free is not sent, as by a proxy whose
pool is used up. Latencies count from when a request was due.
"""

import asyncio
import collections
import dataclasses
import os
import time
from collections.abc import Iterator

from bench.load import Connection, Response
from bench.servers import cpu_seconds

RAMP = 0.25
"""The part of the time that does not count for the goodput, being the first."""
AT_ONCE = 64
"""Connections that are opened together; their number is a multiple of it."""
TICK = 0.001
"""Seconds between the moments at which all that is due is sent."""
PATIENCE = 30.0
"""Seconds after which what was not answered will not be."""


@dataclasses.dataclass
class Offered:
    """What came of requests at a fixed rate. Times in seconds."""

    rate: float
    """Requests that were due a second."""
    seconds: float
    cores: float = 0.0
    """What the client used of the processors."""
    late: list[float] = dataclasses.field(default_factory=list)
    """How long after they were due requests were sent: the client's own part."""
    served: list[float] = dataclasses.field(default_factory=list)
    """Latencies of those that got what they asked for."""
    counted: int = 0
    """Of these, those that got it while requests were sent, and not in the ramp."""
    others: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    """What became of the others."""

    @property
    def due(self) -> int:
        """How many requests that makes."""
        return round(self.rate * self.seconds)

    @property
    def goodput(self) -> float:
        """Requests a second that got what they asked for."""
        return self.counted / (self.seconds * (1 - RAMP))

    def __str__(self) -> str:
        rest = "".join(f", {count:,} {what}" for what, count in self.others.most_common())
        return f"{len(self.served):,} served{rest}"


class _Asking(Connection):
    """A connection that knows since when its request is due."""

    def __init__(self, crowd: "_Crowd") -> None:
        super().__init__(lambda response: crowd.answered(self, response), keep_body=False)
        self.lost = lambda: crowd.lost(self)
        self.due = 0.0


class _Crowd:
    """Connections, and what came of the requests on them so far."""

    def __init__(self, port: int, expect: int, offered: Offered) -> None:
        self.idle: list[_Asking] = []
        self.busy: set[_Asking] = set()
        self.started = 0.0
        self._port = port
        self._expect = expect
        self._offered = offered
        self._opening: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Opens one more connection."""
        made = _Asking(self)
        await asyncio.get_running_loop().create_connection(lambda: made, "127.0.0.1", self._port)
        self.idle.append(made)

    def send(self, due: float, requests: Iterator[bytes]) -> None:
        """Sends the next request, if a connection is free."""
        if not self.idle:
            self._offered.others["not sent"] += 1
            return
        connection = self.idle.pop()
        self.busy.add(connection)
        connection.due = due
        connection.send(next(requests))
        self._offered.late.append(time.perf_counter() - due)

    def answered(self, connection: _Asking, response: Response) -> None:
        """Takes a response."""
        now = time.perf_counter()
        self.busy.remove(connection)
        self.idle.append(connection)
        if response.status == self._expect:
            self._offered.served.append(now - connection.due)
            self._offered.counted += RAMP < (now - self.started) / self._offered.seconds < 1
        else:
            when = "with" if response.header("retry-after") else "without"
            self._offered.others[f"{response.status} {when} Retry-After"] += 1

    def lost(self, connection: _Asking) -> None:
        """Replaces a connection that the server closed."""
        if connection in self.busy:
            self.busy.remove(connection)
            self._offered.others["cut off"] += 1
        else:
            self.idle.remove(connection)
        opening = asyncio.create_task(self.open())
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)

    def close(self) -> None:
        """Closes all connections; what is not answered yet counts as never answered."""
        if self.busy:
            self._offered.others["never answered"] = len(self.busy)
        for connection in (*self.idle, *self.busy):
            connection.lost = lambda: None
            connection.transport.close()


async def offer(
    port: int,
    requests: Iterator[bytes],
    *,
    expect: int,
    connections: int,
    rate: float,
    seconds: float,
) -> Offered:
    """Sends at a rate for some seconds; returns when all are answered, or never will be."""
    offered = Offered(rate, seconds)
    crowd = _Crowd(port, expect, offered)
    for _ in range(connections // AT_ONCE):
        await asyncio.gather(*(crowd.open() for _ in range(AT_ONCE)))
    used = cpu_seconds([os.getpid()])
    crowd.started = started = time.perf_counter()
    number = 0
    while number < offered.due:
        now = time.perf_counter()
        while number < offered.due and (due := started + number / rate) <= now:
            crowd.send(due, requests)
            number += 1
        await asyncio.sleep(TICK)
    ended = time.perf_counter()
    offered.cores = (cpu_seconds([os.getpid()]) - used) / (ended - started)
    while crowd.busy and time.perf_counter() < ended + PATIENCE:  # noqa: ASYNC110 - a tick will do
        await asyncio.sleep(TICK)
    crowd.close()
    return offered
