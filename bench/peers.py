"""Carnet on SQLite beside PocketBase: the same reads and writes of the same pins, in turns.

A read is what a client must send to have a trip with all its pins. Where PocketBase has two ways
of doing something, the one that was faster in the warm-up is measured. Neither server is bound to
a core, as PocketBase uses all there are. Carnet keeps the export of a trip that has not changed
in memory; PocketBase reads it again. Single creates are also beside a PocketBase that commits as
durably as Carnet.
"""

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

from bench.costs import CONNECTIONS
from bench.figures import Figure, Scale, at_least, spread
from bench.load import Caller
from bench.pocketbase import PocketBase, PocketCaller, pocketbase
from bench.servers import Carnet, carnet, cpu_seconds, pin, pins

READ_GOALS = {100: 15, 1_000: 25}
"""By the pins of the trip."""
CREATE_GOAL = 1.5
BATCH, BATCH_GOAL = 50, 5
IMPORT, IMPORT_GOAL = 1_000, 8

Unit = Sequence[bytes]
"""Requests that, one after another, do a thing once."""
Part = Callable[[Iterator[Unit]], Iterator[Unit]]
"""What is done in a round, of all there is to do."""


class Side:
    """One server, doing one kind of thing in one way, round after round."""

    def __init__(
        self, server: Carnet | PocketBase, way: str, units: Iterator[Unit], expect: int = 200
    ) -> None:
        self.speeds: list[float] = []
        """Units a second, by round."""
        self._way = way
        self._units = units
        self._expect = expect
        self._port = server.port
        if isinstance(server, Carnet):
            self._caller, self._pids = Caller, server.server.pids()
        else:
            self._caller, self._pids = PocketCaller, [server.pid]
        self._done = 0
        self._used = 0.0

    async def round(self, part: Part, connections: int) -> None:
        """Keeps connections busy with a part of the units."""
        callers = [await self._caller.open(self._port) for _ in range(connections)]
        units = part(self._units)
        before, started = cpu_seconds(self._pids), time.perf_counter()
        done = sum(await asyncio.gather(*(self._do(units, caller) for caller in callers)))
        self.speeds.append(done / (time.perf_counter() - started))
        self._used += cpu_seconds(self._pids) - before
        self._done += done
        for caller in callers:
            caller.close()

    async def _do(self, units: Iterator[Unit], caller: Caller) -> int:
        done = 0
        for unit in units:
            for request in unit:
                await caller.send(request, expect=self._expect)
            done += 1
        return done

    def forget(self) -> None:
        """Leaves the rounds so far out."""
        self.speeds.clear()
        self._done, self._used = 0, 0.0

    def figure(self, who: str, *, as_time: bool) -> Figure:
        """The speed, and the processor time a unit costs the server."""
        speed = spread(self.speeds, ",.0f") + "/s"
        if as_time:
            speed = spread([1000 / each for each in self.speeds], unit=" ms")
        cpu = self._used / self._done * 1e6
        return Figure(f"  {who}, {self._way}", f"{speed}, CPU {cpu:,.0f} µs each")


class Comparison:
    """Carnet's side and PocketBase's, in one or several ways."""

    def __init__(
        self, claim: str, goal: float, sides: Sequence[Side], part: Part, connections: int
    ) -> None:
        self._claim, self._goal = claim, goal
        self._sides = sides
        self._part, self._connections = part, connections

    async def warm_up(self) -> None:
        """A round that does not count, and settles PocketBase's way."""
        await self.turn(0)
        ours, *theirs = self._sides
        self._sides = ours, max(theirs, key=lambda side: side.speeds[-1])
        for side in self._sides:
            side.forget()

    async def turn(self, number: int) -> None:
        """A round of each side; every other one in reverse order."""
        for side in reversed(self._sides) if number % 2 else self._sides:
            await side.round(self._part, self._connections)

    def figures(self) -> list[Figure]:
        """How many times as fast Carnet is, and what each does."""
        ours, theirs = self._sides
        ratios = [a / b for a, b in zip(ours.speeds, theirs.speeds, strict=True)]
        claim, as_time = f"{self._claim}: Carnet's speed / PocketBase's", self._connections == 1
        return [
            at_least(claim, statistics.median(ratios), self._goal, spread(ratios)),
            ours.figure("Carnet", as_time=as_time),
            theirs.figure("PocketBase", as_time=as_time),
        ]


def within(seconds: float) -> Part:
    """As many units as can be begun in a time."""

    def part(units: Iterator[Unit]) -> Iterator[Unit]:
        ends = time.perf_counter() + seconds
        for unit in units:
            yield unit
            if time.perf_counter() >= ends:
                return

    return part


def just(count: int) -> Part:
    """So many units, encoded beforehand."""
    return lambda units: iter(list(itertools.islice(units, count)))


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    async with (
        carnet(folder / "carnet") as ours,
        pocketbase(folder / "pocketbase") as theirs,
        pocketbase(folder / "durable", durable=True) as durable,
    ):
        comparisons = [await _reads(ours, theirs, scale, count) for count in READ_GOALS]
        comparisons += [
            await _creates(ours, theirs, scale, "new pin"),
            await _creates(ours, durable, scale, "new pin, equal durability"),
            await _batches(ours, theirs, scale),
            await _imports(ours, theirs, scale),
        ]
        for comparison in comparisons:
            await comparison.warm_up()
        for number in range(scale.rounds):
            for comparison in comparisons:
                await comparison.turn(number)
        await durable.check_durable()
    return [figure for comparison in comparisons for figure in comparison.figures()]


async def _reads(ours: Carnet, theirs: PocketBase, scale: Scale, count: int) -> Comparison:
    trip, other = await ours.new_trip(), await theirs.new_trip()
    await ours.sync(trip, pins(count))
    await theirs.caller.send(theirs.create_all(other, pins(count)), expect=200)
    export = [ours.request("GET", f"{trip}/export")]
    two = [theirs.read_trip(other), theirs.list_pins(other, count)]
    expanded = [theirs.read_trip(other, expand="pins_via_trip")]
    for caller, unit in (ours.caller, export), (theirs.caller, two), (theirs.caller, expanded):
        await _check(caller, unit, count)
    sides = (
        Side(ours, "GET export", itertools.repeat(export)),
        Side(theirs, "GET trip and GET pins", itertools.repeat(two)),
        Side(theirs, "GET trip with pins expanded", itertools.repeat(expanded)),
    )
    claim = f"read of a trip with {count:,} pins"
    return Comparison(claim, READ_GOALS[count], sides, within(_seconds(scale)), CONNECTIONS)


async def _check(caller: Caller, unit: Unit, count: int) -> None:
    """Raises unless there are so many pins in what comes back."""
    bodies = [(await caller.send(request, expect=200)).body for request in unit]
    found = b"".join(bodies).count(b'"clientRef"')
    if found != count:
        raise RuntimeError(f"{found} pins instead of {count}")


async def _creates(ours: Carnet, theirs: PocketBase, scale: Scale, claim: str) -> Comparison:
    trip, other = await ours.new_trip(), await theirs.new_trip()

    def our(number: int) -> Unit:
        key = f"{trip[-24:]}-{number}"
        return [ours.request("POST", f"{trip}/map-pins", pin(number), Idempotency_Key=key)]

    def their(number: int) -> Unit:
        return [theirs.create(other, pin(number))]

    sides = (
        Side(ours, "POST with Idempotency-Key", map(our, itertools.count()), expect=201),
        Side(theirs, "POST", map(their, itertools.count())),
    )
    return Comparison(claim, CREATE_GOAL, sides, within(_seconds(scale)), CONNECTIONS)


def _seconds(scale: Scale) -> float:
    return 0.6 * scale.round_seconds


async def _batches(ours: Carnet, theirs: PocketBase, scale: Scale) -> Comparison:
    trip, other = await ours.new_trip(), await theirs.new_trip()

    def our(number: int) -> Unit:
        return [ours.request("POST", f"{trip}/map-pins:batch", {"items": _batch(number)})]

    def their(number: int) -> Unit:
        return [theirs.create_all(other, _batch(number))]

    sides = (
        Side(ours, "POST :batch", map(our, itertools.count())),
        Side(theirs, "POST batch", map(their, itertools.count())),
    )
    part = just(scale.repetitions // scale.rounds)
    return Comparison(f"batch of {BATCH} new pins", BATCH_GOAL, sides, part, connections=1)


def _batch(number: int) -> list[object]:
    return [pin(number) for number in range(number * BATCH, (number + 1) * BATCH)]


async def _imports(ours: Carnet, theirs: PocketBase, scale: Scale) -> Comparison:
    def our(trip: str) -> Unit:
        return [ours.request("POST", f"{trip}/sync", {"mapPins": pins(IMPORT)})]

    def whole(trip: str) -> Unit:
        return [theirs.create_all(trip, pins(IMPORT))]

    def parts(trip: str) -> Unit:
        return [theirs.create_all(trip, _batch(number)) for number in range(IMPORT // BATCH)]

    async def each(new_trip: Callable[[], Awaitable[str]]) -> list[str]:
        return [await new_trip() for _ in range((scale.rounds + 1) * (scale.imports // 2))]

    sides = (
        Side(ours, "POST sync", map(our, await each(ours.new_trip))),
        Side(theirs, "one batch", map(whole, await each(theirs.new_trip))),
        Side(theirs, f"batches of {BATCH}", map(parts, await each(theirs.new_trip))),
    )
    claim = f"import of {IMPORT:,} pins into a new trip"
    return Comparison(claim, IMPORT_GOAL, sides, just(scale.imports // 2), connections=1)
