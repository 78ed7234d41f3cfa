"""What Carnet costs beside a bare aiohttp handler, in processor time a request.

Requests per second depend on who else uses the machine; processor time far less so. Servers
are bound to one core, the load generator to another, and rounds take turns.
"""

import dataclasses
import itertools
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.figures import Figure, Scale, at_least, spread
from bench.load import drive
from bench.servers import TICKS, Carnet, bare, carnet, cpu_seconds, on_core, pin

CONNECTIONS = 24
TRIPS = 1_000
"""Of exports of 60 kB, or 12 kB packed: more than a server keeps either way."""
EXPORT_PINS = 200
"""Pins of a trip whose export is about 60 kB."""
SERVERS_CORE, LOAD_CORE = 0, 1

PIN = {"name": "Senso-ji", "lat": 35.7148, "lng": 139.7967, "category": "temple"}


class Contender:
    """A server under one kind of request, round after round."""

    def __init__(
        self, port: int, pids: Callable[[], Sequence[int]], requests: Iterator[bytes], expect: int
    ) -> None:
        self._port = port
        self._pids = pids
        self._requests = requests
        self._expect = expect
        self.rates: list[float] = []
        self.microseconds: list[float] = []

    async def round(self, seconds: float) -> None:
        """Measures for some seconds."""
        before = cpu_seconds(self._pids())
        load = await drive(
            self._port,
            self._requests,
            expect=self._expect,
            connections=CONNECTIONS,
            seconds=seconds,
        )
        used = max(cpu_seconds(self._pids()) - before, 1 / TICKS)
        self.rates.append(load.rate)
        self.microseconds.append(used / load.requests * 1e6)

    async def warm_up(self, seconds: float) -> None:
        """A round that does not count."""
        await self.round(seconds)
        self.rates.clear()
        self.microseconds.clear()

    def __str__(self) -> str:
        return f"{spread(self.microseconds, '.0f')} µs, {spread(self.rates, ',.0f')}/s"


@dataclasses.dataclass
class Kind:
    """One kind of request, and who answers it."""

    name: str
    requests: Iterator[bytes]
    expect: int = 200
    goal: float | None = None
    """Of the processor time of bare aiohttp by Carnet's."""
    limit: bool = False
    """Whether the load generator's own limit is measured with it."""
    contenders: dict[str, Contender] = dataclasses.field(default_factory=dict)

    def figures(self) -> list[Figure]:
        """What its rounds came to."""
        plain, ours = self.contenders["bare"], self.contenders["carnet"]
        ratios = [a / b for a, b in zip(plain.microseconds, ours.microseconds, strict=True)]
        claim, told = f"{self.name}: CPU of bare aiohttp / Carnet's", spread(ratios)
        middle = statistics.median(ratios)
        first = (
            Figure(claim, told) if self.goal is None else at_least(claim, middle, self.goal, told)
        )
        figures = [
            first,
            Figure(f"{self.name}: Carnet, CPU a request, rate", str(ours)),
            Figure(f"{self.name}: bare aiohttp", str(plain)),
        ]
        if self.limit:
            claim = f"{self.name}: no HTTP at all (the load generator's limit)"
            figures.append(Figure(claim, str(self.contenders["raw"])))
        return figures


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    async with carnet(folder / "carnet", core=SERVERS_CORE) as ours:
        kinds = await kinds_of(ours, folder)
        with (
            bare("aiohttp", folder, core=SERVERS_CORE) as (bare_pid, bare_port),
            bare("raw", folder, core=SERVERS_CORE) as (raw_pid, raw_port),
            on_core(LOAD_CORE),
        ):
            for kind in kinds:
                for who, port, pids in (
                    ("raw", raw_port, lambda: [raw_pid]),
                    ("bare", bare_port, lambda: [bare_pid]),
                    ("carnet", ours.port, ours.server.pids),
                ):
                    if who != "raw" or kind.limit:
                        made = Contender(port, pids, kind.requests, kind.expect)
                        kind.contenders[who] = made
            await _take_turns([c for k in kinds for c in k.contenders.values()], scale)
    return [figure for kind in kinds for figure in kind.figures()]


async def _take_turns(contenders: Sequence[Contender], scale: Scale) -> None:
    for contender in contenders:
        await contender.warm_up(scale.round_seconds / 4)
    for _ in range(scale.rounds):
        for contender in contenders:
            await contender.round(scale.round_seconds)


async def kinds_of(ours: Carnet, folder: Path) -> list[Kind]:
    """The kinds of requests; what bare aiohttp is to answer is put into the folder."""
    trips = [await ours.new_trip() for _ in range(TRIPS)]
    dice = random.Random(1)
    for each in trips:
        # Notes of their own: the same again and again would be packed to next to nothing.
        await ours.sync(each, [pin(n, dice.randbytes(20).hex()) for n in range(EXPORT_PINS)])
    trip, other = trips[0], await ours.new_trip()
    export = ours.request("GET", f"{trip}/export")
    page = ours.request("GET", f"{trip}/map-pins?limit=100")
    one = ours.request("GET", trip)
    post = ours.request("POST", f"{other}/map-pins", PIN, Idempotency_Key="<key>")
    for name, request in {"export": export, "page": page, "trip": one, "made": post}.items():
        reply = await ours.caller.send(request, expect=201 if name == "made" else 200)
        (folder / name).write_bytes(reply.body)
    etag = (await ours.caller.send(export)).header("etag")
    known = ours.request("GET", f"{trip}/export", If_None_Match=etag)
    anew = itertools.cycle([ours.request("GET", f"{each}/export") for each in trips])
    # Each a reply of its own: more of them than a server caches.
    pages = itertools.cycle(
        [
            ours.request("GET", f"{each}/map-pins?limit={limit}")
            for limit in range(100, 97, -1)
            for each in trips
        ]
    )
    return [
        Kind("GET export, cached", itertools.repeat(export), goal=0.65, limit=True),
        Kind("GET export, not cached", anew, goal=0.26),
        Kind("GET export, 304", itertools.repeat(known), 304, goal=0.65),
        Kind("GET page of 100, cached", itertools.repeat(page)),
        Kind("GET page of 100, not cached", pages),
        Kind("GET trip", itertools.repeat(one)),
        Kind("POST map-pin", numbered(post), 201, goal=0.33, limit=True),
    ]


def numbered(request: bytes) -> Iterator[bytes]:
    """A request again and again, each time under another Idempotency-Key."""
    head, _, rest = request.partition(b"<key>")
    return (head + b"bench-%d" % number + rest for number in itertools.count())
