"""Event streams: what a thousand of them cost, and how soon after a commit an event comes.

Delays are counted from when the request that changes something is sent, so they include the request
itself with its commit: an upper bound. Of a change that a worker makes they are counted from its
line in the log, which it writes right after the commit.
"""

import asyncio
import datetime
import functools
import math
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from bench.figures import Figure, Scale, at_most, quartiles
from bench.overhead import PIN
from bench.overload import allow_files
from bench.servers import Carnet, Client, carnet, cpu_seconds
from bench.services import Services, Worker, events, server, services, set_up, worker
from examples.local_server import LocalServer
from tests.waiting import until

MEMORY_GOAL_MB = 40
SPREAD_GOAL_MS = 250
CPU_GOAL_US = 40
HERE_GOAL_MS = 10
ACROSS_GOAL_MS = 30
PLACES = "10000"
WARM_UP = 30
"""Changes after which caches are full and statements prepared."""
CHANGE = b"event: change"


MAKE = functools.partial(LocalServer, EVENTS__PER_KEY=PLACES, EVENTS__MAX_STREAMS=PLACES)


class _Stream(asyncio.Protocol):
    """An open stream, which counts its changes."""

    def __init__(self, crowd: "_Crowd") -> None:
        self._crowd = crowd
        self._tail = b""
        self.begun = asyncio.Event()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by class

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        data = self._tail + data
        if b"event: hello" in data:
            self.begun.set()
        for _ in range(data.count(CHANGE)):
            self._crowd.came(time.perf_counter())
        self._tail = data[1 - len(CHANGE) :]


class _Crowd:
    """Streams of one trip."""

    def __init__(self) -> None:
        self._streams: list[_Stream] = []
        self._seconds: list[float] = []
        self._all = asyncio.Event()

    @classmethod
    async def open(cls, client: Client, trip: str, number: int) -> "_Crowd":
        """So many streams, all of which have begun."""
        crowd, loop = cls(), asyncio.get_running_loop()
        for _ in range(number):
            stream = _Stream(crowd)
            await loop.create_connection(functools.partial(_same, stream), "127.0.0.1", client.port)
            stream.transport.write(client.request("GET", f"{trip}/events"))
            crowd._streams.append(stream)
            await stream.begun.wait()
        return crowd

    def came(self, now: float) -> None:
        """Counts an event."""
        self._seconds.append(now)
        if len(self._seconds) >= len(self._streams):
            self._all.set()

    async def next(self) -> list[float]:
        """When the next change came, on each stream."""
        await self._all.wait()
        self._all.clear()
        seconds, self._seconds = self._seconds, []
        return seconds

    def close(self) -> None:
        """Closes the connections."""
        for stream in self._streams:
            stream.transport.close()


def _same(stream: _Stream) -> _Stream:
    return stream


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    allow_files()
    figures = []
    async with carnet(folder / "one", make=MAKE) as ours:
        figures += await _many(ours, scale)
        delays = await _delays(ours, ours, await ours.new_trip(), scale.repetitions)
        figures.append(_soon("in one process, SQLite", delays, HERE_GOAL_MS))
    async with services() as there:
        key = set_up(folder, there)
        figures += await _across(folder, there, key, scale)
    return figures


async def _many(ours: Carnet, scale: Scale) -> list[Figure]:
    """What many streams of one trip cost."""
    trip, pid = await ours.new_trip(), [ours.server.pid]
    post = ours.request("POST", f"{trip}/map-pins", PIN)
    for _ in range(WARM_UP):
        await ours.caller.send(post, expect=201)
    before = _resident(ours)
    crowd = await _Crowd.open(ours, trip, scale.watchers)
    grown = (_resident(ours) - before) / 1e6
    spreads, with_streams = [], 0.0
    for _ in range(scale.repetitions):
        started, used = time.perf_counter(), cpu_seconds(pid)
        _, seconds = await asyncio.gather(ours.caller.send(post, expect=201), crowd.next())
        spreads.append(max(seconds) - started)
        with_streams += cpu_seconds(pid) - used
    crowd.close()
    used = cpu_seconds(pid)
    for _ in range(scale.repetitions):
        await ours.caller.send(post, expect=201)
    own = cpu_seconds(pid) - used
    cost = (with_streams - own) / scale.repetitions / scale.watchers * 1e6
    many = f"{scale.watchers:,} streams of one trip"
    return [
        at_most(
            f"{many}: resident memory in MB",
            grown,
            MEMORY_GOAL_MB,
            f"{grown:.1f} MB, {grown / scale.watchers * 1000:.1f} kB each",
        ),
        at_most(
            f"{many}: from a request to the last one's event, median in ms",
            statistics.median(spreads) * 1000,
            SPREAD_GOAL_MS,
            quartiles(spreads),
        ),
        at_most(
            f"{many}: processor time of a changeset, per stream in µs",
            cost,
            CPU_GOAL_US,
            f"{cost:.1f} µs",
        ),
    ]


def _resident(ours: Carnet) -> int:
    found = ours.server.resident_bytes()
    return 0 if found is None else found


async def _across(folder: Path, there: Services, key: str, scale: Scale) -> list[Figure]:
    """How soon a stream tells what another process has done."""
    with worker(folder, there) as working:
        async with (
            server(folder / "reads", there, key) as one,
            server(folder / "writes", there, key, IMPORTS__INLINE_ITEMS="0") as two,
        ):
            trip = await one.new_trip()
            delays = await _delays(one, two, trip, scale.repetitions)
            jobs = await _job_delays(one, two, trip, working, scale.queued)
    return [
        _soon("in another process, Postgres and Redis", delays, ACROSS_GOAL_MS),
        _soon("of a worker's, from its log line", jobs, ACROSS_GOAL_MS),
    ]


async def _delays(reads: Client, writes: Client, trip: str, number: int) -> list[float]:
    """From requests to one server until their events come from another, in seconds."""
    crowd = await _Crowd.open(reads, trip, 1)
    post = writes.request("POST", f"{trip}/map-pins", PIN)
    delays = []
    for _ in range(WARM_UP + number):
        started = time.perf_counter()
        _, (came,) = await asyncio.gather(writes.caller.send(post, expect=201), crowd.next())
        delays.append(came - started)
    crowd.close()
    return delays[WARM_UP:]


async def _job_delays(
    reads: Client, writes: Client, trip: str, working: Worker, number: int
) -> list[float]:
    """From the ends of jobs, by the worker's log, until their events come, in seconds."""
    crowd = await _Crowd.open(reads, trip, 1)
    sync = writes.request("POST", f"{trip}/sync", {"mapPins": [PIN]})
    offset = time.time() - time.perf_counter()
    came = []
    for _ in range(number):
        _, (event,) = await asyncio.gather(writes.caller.send(sync, expect=200), crowd.next())
        came.append(event + offset)
    crowd.close()
    await until(lambda: len(events(working.log, "job_succeeded")) >= number)
    ended = [_unix(each["time"]) for each in events(working.log, "job_succeeded")]
    return [event - end for event, end in zip(came, ended, strict=True)]


def _unix(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()


def _soon(what: str, delays: Sequence[float], goal_ms: float) -> Figure:
    middle = statistics.median(delays) * 1000
    rare = sorted(delays)[math.ceil(0.99 * len(delays)) - 1] * 1000
    told = f"{quartiles(delays)}, p99 {rare:.1f} ms"
    return at_most(f"from a change to its event {what}: p50 in ms", middle, goal_ms, told)
