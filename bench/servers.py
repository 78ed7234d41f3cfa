"""The processes that are measured, and what the system knows of them."""

import contextlib
import dataclasses
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from bench.load import API, Caller, request
from examples.local_server import LocalServer

PLENTY = 1_000_000_000
SETTINGS = {
    "LIMITS__REQUESTS_PER_MINUTE": str(PLENTY),
    "LIMITS__SHARED_REQUESTS_PER_MINUTE": str(PLENTY),
    "IMPORTS__WAIT_SECONDS": "600",
}
"""Of every server: no limit, and an import is waited for, however busy the machine is."""
TICKS = os.sysconf("SC_CLK_TCK")
"""In a second of processor time, as the system counts it."""


@contextlib.contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Binds this process, and those it starts meanwhile, to a core; not where there is one."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if core is None or len(cores) < 2:
        yield
        return
    os.sched_setaffinity(0, {cores[core]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, set(cores))


def cpu_seconds(pids: Sequence[int]) -> float:
    """Processor time of processes, all their threads and ended children, user and system."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):  # ended meanwhile: its parent's figure has it
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
            total += sum(map(int, stat.rpartition(")")[2].split()[11:15]))
    return total / TICKS


@dataclasses.dataclass
class Client:
    """A connection to a server that runs, with a key."""

    caller: Caller
    key: str
    port: int
    group_id: str

    @classmethod
    async def open(cls, port: int, key: str) -> "Client":
        """A connected client."""
        caller = await Caller.open(port)
        me = await caller.send(request("GET", f"{API}/me", key), expect=200)
        return cls(caller, key, port, me.json["defaultGroupId"])

    def request(self, method: str, path: str, body: object = None, **headers: str) -> bytes:
        """A request with the key, as it goes over the wire."""
        data = None if body is None else msgspec.json.encode(body)
        return request(method, API + path, self.key, data, **headers)

    async def new_trip(self) -> str:
        """The path of a new trip."""
        body = {
            "groupId": self.group_id,
            "title": "Measured",
            "startDate": "2027-01-01",
            "endDate": "2027-12-31",
        }
        made = await self.caller.send(self.request("POST", "/trips", body), expect=201)
        return f"/trips/{made.json['_id']}"

    async def sync(self, trip: str, pins: Sequence[object]) -> None:
        """Pins put into a trip, in imports of a size any server takes."""
        for start in range(0, len(pins), 20_000):
            body = {"mapPins": pins[start : start + 20_000]}
            await self.caller.send(self.request("POST", f"{trip}/sync", body), expect=200)


@dataclasses.dataclass
class Carnet(Client):
    """A running server with a connection to it."""

    server: LocalServer


class Server(LocalServer):
    """A server in another environment, by another interpreter, or `under` a program that watches.

    What is run beside it, such as `carnet init`, is not watched.
    """

    def __init__(
        self,
        folder: Path,
        *,
        python: str = sys.executable,
        under: Sequence[str] = (),
        environment: Mapping[str, str],
        **settings: str,
    ) -> None:
        self._python = python
        self._under = under
        super().__init__(folder, **settings)
        self._environment |= environment

    def _command(self, *arguments: str) -> list[str]:  # type: ignore[override]  # not static
        under = self._under if arguments[0] == "serve" else ()
        return [*under, self._python, "-m", "carnet", *arguments]


Make = Callable[..., LocalServer]
"""Makes a server of a folder and settings: `LocalServer`, or a partial `Server`."""


@contextlib.asynccontextmanager
async def carnet(
    folder: Path, *, core: int | None = None, make: Make = LocalServer
) -> AsyncIterator[Carnet]:
    """A server with a new database in a new folder, on a core of its own if one is named."""
    server, key = _start(folder, core, make)
    try:
        async with connected(server, key) as ours:
            yield ours
    finally:
        server.stop()


@contextlib.asynccontextmanager
async def connected(server: LocalServer, key: str) -> AsyncIterator[Carnet]:
    """A connection to a server that runs."""
    made = await Client.open(int(server.url.rpartition(":")[2]), key)
    yield Carnet(made.caller, key, made.port, made.group_id, server)
    made.caller.close()


def _start(folder: Path, core: int | None, make: Make) -> tuple[LocalServer, str]:
    folder.mkdir()
    server = make(folder, **SETTINGS)
    server.set_up()
    key = server.create_key(requests_per_minute=PLENTY)
    with on_core(core):
        server.start()
    return server, key


@contextlib.contextmanager
def bare(
    kind: str,
    folder: Path,
    *,
    core: int | None,
    under: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[tuple[int, int]]:
    """A server of `bench.bare`; its pid and port."""
    with (
        on_core(core),
        subprocess.Popen(
            [*under, sys.executable, "-m", "bench.bare", kind, str(folder)],
            cwd=Path(__file__).parent.parent,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            yield process.pid, int(process.stdout.readline())
        finally:
            process.terminate()


def pin(number: int, notes: str = "Somewhere worth going, if there is time") -> object:
    """A pin as large as people's are, with a clientRef."""
    return {
        "clientRef": f"pin-{number}",
        "name": f"Place number {number}",
        "lat": number * 7919 % 170_000 / 1000 - 85,
        "lng": number * 7907 % 358_000 / 1000 - 179,
        "category": "sight",
        "notes": notes,
    }


def pins(count: int) -> list[object]:
    """That many different pins."""
    return [pin(number) for number in range(count)]
