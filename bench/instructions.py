"""Instructions a request costs a server, in user space: the same however busy the machine is.

The server runs in valgrind's callgrind, which counts from when it is warm until some hundred
requests are answered. Two counts differ by less than one in a hundred. They leave the kernel out,
and count each byte of a long copy: fair for small requests, and too much for an export.
"""

import asyncio
import functools
import itertools
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from bench.bare import READS
from bench.figures import Figure, Scale
from bench.load import Caller
from bench.overhead import EXPORT_PINS, PIN, numbered
from bench.servers import Carnet, Server, bare, carnet, pins
from tests.waiting import until

CONNECTIONS = 4
WARM_UP = 400
CREATED = 201
GOALS = {"304": 230_000, "POST": 620_000}
ENVIRONMENT = {"PYTHONHASHSEED": "0"}
"""Dictionaries of the same shape in each run."""

Kinds = dict[str, tuple[Iterator[bytes], int]]
"""Requests, and the status they have, by name."""


class Counted:
    """A server in callgrind, whose files are in `folder`."""

    def __init__(self, pid: int, port: int, folder: Path) -> None:
        self._pid = str(pid)
        self._port = port
        self._folder = folder
        self._dumps = 0

    async def count(self, requests: Iterator[bytes], expect: int, count: int) -> float:
        """Instructions a request, of so many requests."""
        callers = [await Caller.open(self._port) for _ in range(CONNECTIONS)]

        async def send(part: Iterator[bytes], caller: Caller) -> None:
            for request in part:
                await caller.send(request, expect=expect)

        async def all_of(count: int) -> None:
            part = itertools.islice(requests, count)
            if expect != CREATED:
                await asyncio.gather(*(send(part, caller) for caller in callers))
            # Writes go together, and again when all are answered: else those that share a commit
            # are more or fewer by how busy the machine is.
            while batch := list(itertools.islice(part, CONNECTIONS)):
                pairs = zip(batch, callers, strict=False)
                await asyncio.gather(*(send(iter([one]), caller) for one, caller in pairs))

        await all_of(WARM_UP)
        await self._order("instrumentation on")
        await all_of(count)
        # What is dumped is counted anew afterwards.
        await self._order("dump")
        await self._order("instrumentation off")
        for caller in callers:
            caller.close()
        return await self._dumped() / count

    async def _order(self, order: str) -> None:
        """Has callgrind do something; `callgrind_control` does not tell if it was not done."""

        async def done() -> bool:
            vgdb = ["vgdb", _pipes(self._folder), f"--pid={self._pid}", order]
            # In a thread: a server that answers must be heard.
            run = await asyncio.to_thread(subprocess.run, vgdb, capture_output=True, check=False)
            return run.returncode == 0

        await until(done)

    async def _dumped(self) -> int:
        """The count of the next dump, which may be written a little after it was asked for."""
        self._dumps += 1
        file = self._folder / f"callgrind.{self._pid}.{self._dumps}"

        def total() -> int | None:
            text = file.read_text("ascii") if file.exists() else ""
            _, found, rest = text.rpartition("totals: ")
            return int(rest) if found and rest.endswith("\n") else None

        found: int = await until(total)
        return found


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    if not shutil.which("vgdb"):
        return [Figure("instructions a request, user space", "not available: needs valgrind")]
    under = (
        *("valgrind", "--tool=callgrind", "--instr-atstart=no", _pipes(folder)),
        *(f"--callgrind-out-file={folder}/callgrind.%p", f"--log-file={folder}/valgrind.%p"),
    )
    make = functools.partial(Server, under=under, environment=ENVIRONMENT)
    async with carnet(folder / "carnet", make=make) as ours:
        kinds = await _kinds(ours, folder)
        with bare("aiohttp", folder, core=None, under=under, environment=ENVIRONMENT) as plain:
            servers = [Counted(*each, folder) for each in ((ours.server.pid, ours.port), plain)]
            return [
                _figure(name, *[await each.count(*kind, scale.repetitions) for each in servers])
                for name, kind in kinds.items()
            ]


def _pipes(folder: Path) -> str:
    """Where orders come in: not where a process that was killed has left its own."""
    return f"--vgdb-prefix={folder}/vgdb"


async def _kinds(ours: Carnet, folder: Path) -> Kinds:
    """The requests; what bare aiohttp is to answer is put into the folder."""
    trip, other = await ours.new_trip(), await ours.new_trip()
    await ours.sync(trip, pins(EXPORT_PINS))
    export, one = ours.request("GET", f"{trip}/export"), ours.request("GET", trip)
    post = ours.request("POST", f"{other}/map-pins", PIN, Idempotency_Key="<key>")
    exported = await ours.caller.send(export, expect=200)
    for name, request in {"trip": one, "made": post}.items():
        (folder / name).write_bytes((await ours.caller.send(request)).body)
    for name in READS.keys() - {"trip"}:
        (folder / name).write_bytes(exported.body)
    known = ours.request("GET", f"{trip}/export", If_None_Match=exported.header("etag"))
    return {
        "304": (itertools.repeat(known), 304),
        "GET export, cached": (itertools.repeat(export), 200),
        "GET trip": (itertools.repeat(one), 200),
        "POST": (numbered(post), CREATED),
    }


def _figure(name: str, ours: float, plain: float) -> Figure:
    claim = f"instructions a request, user space: {name}"
    told = f"{ours / 1000:,.0f} k (bare {plain / 1000:,.0f} k)"
    goal = GOALS.get(name)
    if goal is None:
        return Figure(claim, told)
    return Figure(claim, told, f"≤ {goal // 1000} k", ours <= goal)
