"""What a request costs in a trip of 100 items and in larger ones: it should be the same."""

import itertools
import statistics
from collections import defaultdict
from pathlib import Path

from bench.figures import Figure, Scale, at_most, quartiles
from bench.load import Response
from bench.servers import Carnet, carnet, pin, pins

GOAL = 1.3
SMALL, MIDDLE = 100, 10_000
BATCH = 50
MIDDLE_PAGE = 50


class Trip:
    """A trip under the same requests as another; each leaves it as large as it was."""

    def __init__(self, ours: Carnet, path: str, size: int) -> None:
        self.size = size
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self._ours = ours
        self._pins = f"{path}/map-pins"
        self._middle = ""
        self._turns = itertools.count(1)

    async def find_middle(self) -> None:
        """Pages to the middle of the list."""
        there = max(0, self.size // 2 - MIDDLE_PAGE // 2)
        while there:
            limit = min(there, 200)
            page = (await self._send("GET", f"?limit={limit}{self._middle}")).json
            self._middle = f"&cursor={page['nextCursor']}"
            there -= limit

    async def turn(self) -> None:
        """One of each request."""
        number = next(self._turns)
        self._note("list page of 100", await self._send("GET", "?limit=100"))
        middle = await self._send("GET", f"?limit={MIDDLE_PAGE}{self._middle}")
        self._note(f"list page of {MIDDLE_PAGE}, in the middle", middle)
        body: object = {"name": "Passing", "lat": 1.5, "lng": 2.5}
        made = await self._send("POST", "", body, Idempotency_Key=f"{self.size}-{number}")
        self._note("single write (POST)", made)
        self._note("single write (DELETE)", await self._send("DELETE", f"/{made.json['_id']}"))
        notes = f"Changed {number} times"
        known = await self._send("POST", "", pin(self.size - 1, notes))
        self._note("single write (POST, known clientRef)", known)
        body = {"items": [pin(n, notes) for n in range(BATCH)]}
        self._note("batch of 50 (updates)", await self._send("POST", ":batch", body))

    async def _send(self, method: str, path: str, body: object = None, **headers: str) -> Response:
        response = await self._ours.caller.send(
            self._ours.request(method, self._pins + path, body, **headers)
        )
        if response.status >= 300 or response.status == 207:
            raise RuntimeError(f"{method} {path}: {response.status} {response.body[:300]!r}")
        return response

    def _note(self, name: str, response: Response) -> None:
        self.seconds[name].append(response.seconds)


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    async with carnet(folder / "carnet") as ours:
        trips = []
        for size in (SMALL, MIDDLE, scale.large_trip):
            path = await ours.new_trip()
            await ours.sync(path, pins(size))
            trips.append(Trip(ours, path, size))
            await trips[-1].find_middle()
        for trip in trips:
            await trip.turn()
            trip.seconds.clear()
        for turn in range(scale.repetitions):
            for trip in trips if turn % 2 else reversed(trips):
                await trip.turn()
    small, *larger = trips
    return [_figure(name, small, trip) for trip in larger for name in small.seconds]


def _figure(name: str, small: Trip, large: Trip) -> Figure:
    ratio = statistics.median(large.seconds[name]) / statistics.median(small.seconds[name])
    return at_most(
        f"{name}: trip of {large.size:,} / of {small.size:,}",
        ratio,
        GOAL,
        f"{ratio:.2f}: {quartiles(large.seconds[name])} / {quartiles(small.seconds[name])}",
    )
