"""Four times as many requests as a server can take: what it still serves, how late, and the rest.

What a server can take is measured right before and right after, by clients that wait for each
answer. What is offered in between does not wait: see `crowd.py`.
"""

import itertools
import resource
import statistics
from collections.abc import Iterator
from pathlib import Path

from bench.bare import READS
from bench.crowd import Offered, offer
from bench.figures import Figure, Scale, at_least
from bench.load import drive
from bench.overhead import PIN
from bench.servers import Carnet, bare, carnet

GOAL = 0.9
TIMES = 4
TRIPS = 32
CLOSED = 32
"""Connections by which it is found out what a server can take."""
OPEN = (256, 2_048)
"""Connections of those who want more: fewer than may wait in a server, and more."""
FILES = 4_096
"""That a process must be able to have open for these."""
NO_END = 200_000
"""Requests a second: more than the client can send."""


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    allow_files()
    async with carnet(folder / "carnet") as ours:
        trips = [await ours.new_trip() for _ in range(TRIPS)]
        posts = [ours.request("POST", f"{trip}/map-pins", PIN) for trip in trips]
        get = ours.request("GET", trips[0])
        made = await ours.caller.send(posts[0], expect=201)
        read = await ours.caller.send(get, expect=200)
        for name, body in (("made", made.body), *((name, read.body) for name in READS)):
            (folder / name).write_bytes(body)
        figures = []
        for kind, requests, expect in (("POST map-pin", posts, 201), ("GET trip", [get], 200)):
            of_kind = _Kind(kind, ours, itertools.cycle(requests), expect, scale)
            figures += [await of_kind.limit(folder), *await of_kind.overloads()]
        return figures


def allow_files() -> None:
    """Lets this process, and those it starts, open as many files as are needed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))


class _Kind:
    """One kind of request to a server."""

    def __init__(
        self, name: str, ours: Carnet, requests: Iterator[bytes], expect: int, scale: Scale
    ) -> None:
        self._name = name
        self._ours = ours
        self._requests = requests
        self._expect = expect
        self._scale = scale

    async def limit(self, folder: Path) -> Figure:
        """What the client itself can send, to a server without HTTP."""
        with bare("raw", folder, core=None) as (_, port):
            offered = await self._offer(port, min(OPEN), NO_END, self._scale.round_seconds)
        claim = f"{self._name}, at a fixed rate, no HTTP at all (the client's limit)"
        return Figure(claim, f"{offered.goodput:,.0f}/s")

    async def overloads(self) -> list[Figure]:
        """What a server serves when four times as much is offered, between looks at what it can."""
        figures = []
        before = await self._capacity()
        for connections in OPEN:
            memory = self._ours.server.resident_bytes()
            seconds = self._scale.overload_seconds
            offered = await self._offer(self._ours.port, connections, TIMES * before, seconds)
            grown = self._ours.server.resident_bytes()
            after = await self._capacity()
            ratio = offered.goodput / statistics.mean((before, after))
            what = f"{self._name} at {TIMES} times the capacity on {connections:,} connections"
            figures += [
                at_least(
                    f"{what}: goodput / capacity",
                    ratio,
                    GOAL,
                    f"{ratio:.2f}: {offered.goodput:,.0f}/s; capacity {before:,.0f}/s before,"
                    f" {after:,.0f}/s after",
                ),
                Figure(f"  of {offered.due:,} requests", str(offered)),
                Figure("  latency of those served", _latencies(offered)),
                Figure("  resident memory", f"{_mebibytes(grown)}, {_mebibytes(memory)} before"),
                Figure(
                    "  the client",
                    f"{_p99(offered.late) * 1000:.1f} ms late in sending at p99,"
                    f" {offered.cores:.2f} cores busy",
                ),
            ]
            before = after
        return figures

    async def _capacity(self) -> float:
        load = await drive(
            self._ours.port,
            self._requests,
            expect=self._expect,
            connections=CLOSED,
            seconds=self._scale.round_seconds,
        )
        return load.rate

    async def _offer(self, port: int, connections: int, rate: float, seconds: float) -> Offered:
        return await offer(
            port,
            self._requests,
            expect=self._expect,
            connections=connections,
            rate=rate,
            seconds=seconds,
        )


def _latencies(offered: Offered) -> str:
    middle, p99 = statistics.median(offered.served), _p99(offered.served)
    return f"p50 {middle * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms"


def _p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98]


def _mebibytes(size: int | None) -> str:
    return "not known" if size is None else f"{size / 2**20:,.0f} MiB"
