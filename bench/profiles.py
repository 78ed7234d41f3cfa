"""Where the time of each hot path goes: `make profiles` writes `bench/profiles/*.txt`.

py-spy looks 500 times a second at a server under load, or at the process that does its imports.
A file has a tree of calls, each with its share of all looks that found a thread at work, and then
the functions that were at work themselves.
"""

import asyncio
import collections
import dataclasses
import shutil
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import uvloop

from bench.figures import machine
from bench.load import drive
from bench.overhead import CONNECTIONS, LOAD_CORE, SERVERS_CORE, kinds_of
from bench.servers import Carnet, carnet, on_core, pins

HERE = Path(__file__).parent
SECONDS = 6
RATE = 500
SHOWN = 0.01
"""Calls with a smaller share are left out."""
IDLE = ("_connection_worker_thread", "_worker (concurrent/futures", "EpollSelector.select")
"""What a thread that waits for work is found in."""
IMPORTED = 10_000


@dataclasses.dataclass
class Calls:
    """A call, and the calls it made."""

    looks: int = 0
    made: dict[str, "Calls"] = dataclasses.field(default_factory=dict)

    def add(self, stack: Sequence[str], looks: int) -> None:
        """Counts looks that found this stack."""
        call = self
        call.looks += looks
        for frame in stack:
            call = call.made.setdefault(frame, Calls())
            call.looks += looks

    def tree(self, total: int, depth: int = 0) -> Iterator[str]:
        """The calls with a share that counts, the largest first."""
        for name, call in sorted(self.made.items(), key=lambda item: -item[1].looks):
            if call.looks >= total * SHOWN:
                yield f"{call.looks / total:6.1%} {'  ' * depth}{name}"
                yield from call.tree(total, depth + 1)


def told(raw: str) -> str:
    """py-spy's stacks, `outer;inner looks` a line, as a text for people."""
    calls: Calls = Calls()
    selves: collections.Counter[str] = collections.Counter()
    for line in raw.splitlines():
        stack, _, looks = line.rpartition(" ")
        frames = [frame.strip() for frame in stack.split(";")]
        if not frames[-1].startswith(IDLE):
            calls.add(frames, int(looks))
            selves[frames[-1]] += int(looks)
    total = max(calls.looks, 1)
    top = [f"{looks / total:6.1%} {name}" for name, looks in selves.most_common(25)]
    return "\n".join([*calls.tree(total), "", "At work themselves:", "", *top])


async def record(pid: int, folder: Path) -> str:
    """What a process does in the next seconds."""
    out = folder / "stacks"
    spy = await asyncio.create_subprocess_exec(
        *(str(Path(sysconfig.get_path("scripts")) / "py-spy"), "record", "--pid", str(pid)),
        *("--duration", str(SECONDS), "--rate", str(RATE), "--format", "raw", "--function"),
        *("--output", str(out)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    if await spy.wait():
        raise RuntimeError("py-spy may not look at the process: try as root")
    return told(await asyncio.to_thread(out.read_text, "utf-8"))


async def requests(ours: Carnet, folder: Path) -> dict[str, str]:
    """The profiles of requests."""
    found = {}
    with on_core(LOAD_CORE):
        for kind in await kinds_of(ours, folder):
            recording = asyncio.create_task(record(ours.server.pid, folder))
            load = drive(
                ours.port,
                kind.requests,
                expect=kind.expect,
                connections=CONNECTIONS,
                seconds=SECONDS + 1,
            )
            await asyncio.gather(recording, load)
            found[kind.name] = recording.result()
    return found


async def imports(ours: Carnet, folder: Path) -> dict[str, str]:
    """The profiles of imports, new and unchanged, in the process that does them."""
    body = {"mapPins": pins(IMPORTED)}
    _, worker = ours.server.pids()
    found = {}
    trip = await ours.new_trip()
    for name, anew in (("import, new", True), ("import, unchanged", False)):
        recording = asyncio.create_task(record(worker, folder))
        while not recording.done():
            trip = await ours.new_trip() if anew else trip
            await ours.caller.send(ours.request("POST", f"{trip}/sync", body), expect=200)
        found[name] = recording.result()
    return found


async def main() -> None:
    """Writes the profiles anew."""
    folder = HERE / "tmp"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as own:
        async with carnet(Path(own) / "carnet", core=SERVERS_CORE) as ours:
            profiles = await requests(ours, Path(own))
        async with carnet(Path(own) / "imports") as ours:
            profiles |= await imports(ours, Path(own))
    into = HERE / "profiles"
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    for name, text in profiles.items():
        file = into / f"{name.lower().replace(',', '').replace(' ', '-')}.txt"
        file.write_text(f"{name}. {machine()}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    uvloop.run(main())
