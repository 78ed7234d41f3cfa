"""Carnet on Postgres and Valkey: imports through the queue, requests, and a second process."""

import itertools
import statistics
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bench import processes, queue, waiting
from bench.costs import CONNECTIONS, Costs, parts
from bench.figures import Figure, Scale, at_most, spread
from bench.overhead import EXPORT_PINS, PIN
from bench.roundtrips import Wire, wire
from bench.servers import Carnet, pins
from bench.services import Services, server, services, set_up, worker

ROUND_TRIPS_GOAL = 2
WARM_UP = 200
"""Requests after which all statements are prepared."""

Kinds = dict[str, tuple[Iterator[bytes], int]]
"""Requests, and the status they have, by name."""


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    async with services() as there:
        key = set_up(folder, there)
        with worker(folder, there) as working:
            async with server(folder / "one", there, key) as ours:
                figures = await queue.large(ours, there, working, scale)
                figures.append(await queue.small(ours, scale))
                figures += await waiting.compare(ours, scale, "Postgres")
                figures += await _costs(ours, there, scale)
                async with server(folder / "two", there, key, HTTP__PROCESSES="2") as two:
                    trip = await _trip_with_pins(ours)
                    figures += await processes.compare(ours, two, trip, there, scale)
            async with wire(there.postgres_port) as counted:
                behind = there.dsn.replace(f":{there.postgres_port}", f":{counted.port}")
                async with server(folder / "counted", there, key, STORAGE__URL=behind) as ours:
                    figures += await _round_trips(ours, counted, scale)
    return figures


async def _trip_with_pins(ours: Carnet) -> str:
    trip = await ours.new_trip()
    await ours.sync(trip, pins(EXPORT_PINS))
    return trip


async def kinds_of(ours: Carnet) -> Kinds:
    """The kinds of requests."""
    trip = await _trip_with_pins(ours)
    others = [await ours.new_trip() for _ in range(CONNECTIONS)]  # writers of one take turns
    export = ours.request("GET", f"{trip}/export")
    etag = (await ours.caller.send(export, expect=200)).header("etag")
    known = ours.request("GET", f"{trip}/export", If_None_Match=etag)
    return {
        "POST map-pin": (_posts(ours, others), 201),
        "GET export": (itertools.repeat(export), 200),
        "GET export, 304": (itertools.repeat(known), 304),
        "GET trip": (itertools.repeat(ours.request("GET", trip)), 200),
        "GET page of 100": (
            itertools.repeat(ours.request("GET", f"{trip}/map-pins?limit=100")),
            200,
        ),
    }


def _posts(ours: Carnet, trips: list[str]) -> Iterator[bytes]:
    halves = [
        ours.request(
            "POST", f"{trip}/map-pins", PIN, Idempotency_Key=f"{trip[-24:]}-<number>"
        ).split(b"<number>")
        for trip in trips
    ]
    for number, (head, tail) in enumerate(itertools.cycle(halves)):
        yield head + b"%d" % number + tail


async def _costs(ours: Carnet, there: Services, scale: Scale) -> list[Figure]:
    kinds = await kinds_of(ours)
    costs = {
        name: Costs(ours.port, parts(ours, there), requests, expect)
        for name, (requests, expect) in kinds.items()
    }
    for each in costs.values():
        await each.warm_up(scale.round_seconds / 2)
    for _ in range(scale.rounds):
        for each in costs.values():
            await each.round(scale.round_seconds)
    return [
        Figure(f"{name} on Postgres: CPU a request, rate", str(each))
        for name, each in costs.items()
    ]


async def _round_trips(ours: Carnet, counted: Wire, scale: Scale) -> list[Figure]:
    trip = await _trip_with_pins(ours)
    posts, export = _posts(ours, [trip]), ours.request("GET", f"{trip}/export")
    counts: dict[str, list[int]] = defaultdict(list)

    async def count(name: str, request: bytes, expect: int) -> None:
        before = counted.round_trips
        await ours.caller.send(request, expect=expect)
        counts[name].append(counted.round_trips - before)

    for _ in range(WARM_UP + scale.repetitions):
        await count("POST map-pin", next(posts), 201)
        await count("GET export, just changed", export, 200)
        await count("GET export, unchanged", export, 200)
    return [_few(name, numbers[WARM_UP:]) for name, numbers in counts.items()]


def _few(name: str, counts: list[int]) -> Figure:
    claim = f"{name}: round trips to Postgres"
    return at_most(claim, statistics.median(counts), ROUND_TRIPS_GOAL, spread(counts, ".0f"))
