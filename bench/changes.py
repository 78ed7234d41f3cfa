"""What changed since, and taking an import back: does either cost what the trip holds?"""

import statistics
from pathlib import Path

from bench.figures import Figure, Scale, at_most, quartiles, ratio
from bench.servers import Carnet, carnet, pin, pins
from bench.services import duration, durations

DELTA_GOAL, UNDO_GOAL = 1.3, 1.5
SMALL, CHANGED = 100, 10


class Trip:
    """A trip in which some rows have changed since a revision."""

    def __init__(self, ours: Carnet, path: str, size: int) -> None:
        self.size = size
        self.seconds: list[float] = []
        self._ours = ours
        self._path = path
        self._request = b""

    async def change(self) -> None:
        """Changes some rows, after which a client asks what changed."""
        page = await self._ours.caller.send(
            self._ours.request("GET", f"{self._path}/history?limit=1"), expect=200
        )
        since = page.json["items"][0]["rev"]
        body = {"items": [pin(number, "Seen") for number in range(CHANGED)]}
        changed = self._ours.request("POST", f"{self._path}/map-pins:batch", body)
        await self._ours.caller.send(changed, expect=200)
        self._request = self._ours.request("GET", f"{self._path}/changes?since={since}")

    async def turn(self) -> None:
        """Asks once."""
        response = await self._ours.caller.send(self._request, expect=200)
        if len(response.json["items"]) != CHANGED:
            raise RuntimeError(f"not {CHANGED} rows: {response.body[:300]!r}")
        self.seconds.append(response.seconds)


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    async with carnet(folder / "carnet") as ours:
        deltas = await _deltas(ours, scale)
        undone = await _undone(ours, scale)
    return [deltas, *undone]


async def _deltas(ours: Carnet, scale: Scale) -> Figure:
    trips = []
    for size in (SMALL, scale.large_trip):
        path = await ours.new_trip()
        await ours.sync(path, pins(size))
        trips.append(Trip(ours, path, size))
        await trips[-1].change()
        await trips[-1].turn()
        trips[-1].seconds.clear()
    for turn in range(scale.repetitions):
        for trip in trips if turn % 2 else reversed(trips):
            await trip.turn()
    small, large = trips
    found = statistics.median(large.seconds) / statistics.median(small.seconds)
    return at_most(
        f"delta of {CHANGED} rows: trip of {large.size:,} / of {small.size:,}",
        found,
        DELTA_GOAL,
        f"{found:.2f}: {quartiles(large.seconds)} / {quartiles(small.seconds)}",
    )


async def _undone(ours: Carnet, scale: Scale) -> list[Figure]:
    """Imports at the job, and at the job what takes each of them back, and that back again."""
    imports: list[float] = []
    undos: list[float] = []
    redos: list[float] = []
    body = {"mapPins": pins(scale.import_items)}
    for _ in range(scale.imports + 1):
        trip = await ours.new_trip()
        imports.append(await _job(ours, f"{trip}/sync", body))
        undos.append(await _job(ours, f"{trip}/history/2/undo"))
        redos.append(await _job(ours, f"{trip}/history/3/undo"))
    for seconds in (imports, undos, redos):
        del seconds[0]
    what = f"import of {scale.import_items:,} pins"
    return [
        ratio(at_most, f"undo of an {what} / the import, at the job", undos, imports, UNDO_GOAL),
        ratio(at_most, "  undo of that undo / the import", redos, imports, UNDO_GOAL),
    ]


async def _job(ours: Carnet, path: str, body: object = None) -> float:
    """Seconds a job took, from its claim to its commit."""
    number = len(durations(ours.server.log))
    await ours.caller.send(ours.request("POST", path, body), expect=200)
    return await duration(ours.server.log, number)
