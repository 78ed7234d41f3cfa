"""What Carnet costs beside a bare aiohttp handler, in processor time a request.

Requests per second depend on who else uses the machine; processor time far less so. Servers
are bound to one core, the load generator to another, and rounds take turns.
"""

import itertools
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.figures import Figure, Scale, at_least, spread
from bench.load import drive
from bench.servers import TICKS, Carnet, bare, carnet, cpu_seconds, on_core, pins

GOAL = 0.25
CONNECTIONS = 24
EXPORT_PINS = 205
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

    def __str__(self) -> str:
        return f"{spread(self.microseconds, '.0f')} µs, {spread(self.rates, ',.0f')}/s"


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    async with carnet(folder / "carnet", core=SERVERS_CORE) as ours:
        trip, other = await ours.new_trip(), await ours.new_trip()
        await ours.sync(trip, pins(EXPORT_PINS))
        exported = await ours.caller.send(ours.request("GET", f"{trip}/export"), expect=200)
        made = await ours.caller.send(
            ours.request("POST", f"{other}/map-pins", PIN, Idempotency_Key="first"), expect=201
        )
        (folder / "export").write_bytes(exported.body)
        (folder / "made").write_bytes(made.body)
        with (
            bare("aiohttp", folder, core=SERVERS_CORE) as (bare_pid, bare_port),
            bare("raw", folder, core=SERVERS_CORE) as (raw_pid, raw_port),
            on_core(LOAD_CORE),
        ):
            rounds: dict[str, dict[str, Contender]] = defaultdict(dict)
            for name, (requests, expect) in _kinds(ours, trip, other).items():
                for who, port, pids in (
                    ("raw", raw_port, lambda: [raw_pid]),
                    ("bare", bare_port, lambda: [bare_pid]),
                    ("carnet", ours.port, ours.server.pids),
                ):
                    rounds[name][who] = Contender(port, pids, requests(), expect)
            contenders = [c for of_kind in rounds.values() for c in of_kind.values()]
            for contender in contenders:
                await contender.round(scale.round_seconds / 4)  # to warm up
                contender.rates.clear()
                contender.microseconds.clear()
            for _ in range(scale.rounds):
                for contender in contenders:
                    await contender.round(scale.round_seconds)
    return [figure for name, of_kind in rounds.items() for figure in _figures(name, of_kind)]


def _kinds(
    ours: Carnet, trip: str, other: str
) -> dict[str, tuple[Callable[[], Iterator[bytes]], int]]:
    """The requests of each kind, and the status they have."""
    head, _, body = ours.request(
        "POST", f"{other}/map-pins", PIN, Idempotency_Key="<key>"
    ).partition(b"<key>")
    numbers = itertools.count()
    return {
        "GET export": (lambda: itertools.repeat(ours.request("GET", f"{trip}/export")), 200),
        "POST map-pin": (
            lambda: (head + b"bench-%d" % next(numbers) + body for _ in itertools.repeat(0)),
            201,
        ),
    }


def _figures(name: str, of_kind: dict[str, Contender]) -> list[Figure]:
    raw, plain, ours = of_kind["raw"], of_kind["bare"], of_kind["carnet"]
    ratios = [a / b for a, b in zip(plain.microseconds, ours.microseconds, strict=True)]
    middle = statistics.median(ratios)
    return [
        at_least(f"{name}: CPU of bare aiohttp / Carnet's", middle, GOAL, spread(ratios)),
        Figure(f"{name}: Carnet, CPU a request, rate", str(ours)),
        Figure(f"{name}: bare aiohttp", str(plain)),
        Figure(f"{name}: no HTTP at all (the load generator's limit)", str(raw)),
    ]
