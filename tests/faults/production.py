"""Carnet as in production: `carnet serve` and `carnet worker` as processes that may be killed."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from tests.servers import free_port
from tests.support import PLENTY, TRIP, Client
from tests.waiting import PATIENCE, until

INLINE_ITEMS = 5
"""Imports of more items go through the queue: small jobs, so that there can be many."""
ENVIRONMENT = {
    "CARNET_LIMITS__REQUESTS_PER_MINUTE": str(PLENTY),
    "CARNET_IMPORTS__INLINE_ITEMS": str(INLINE_ITEMS),
    "CARNET_IMPORTS__WAIT_SECONDS": "20",
    "CARNET_LOG__LEVEL": "info",
    "CARNET_LOG__FORMAT": "json",
}


class Program:
    """One `carnet` process, started anew on request."""

    def __init__(self, folder: Path, command: str, environment: dict[str, str]) -> None:
        self.log = folder / f"{command}-{time.monotonic_ns()}.log"
        self._folder = folder
        self._command = command
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "carnet", self._command],
                cwd=self._folder,
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """SIGKILL; its children notice by themselves."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    async def ended(self) -> int:
        """Waits until it has; its exit code."""
        assert self._process is not None
        return await asyncio.to_thread(self._process.wait, PATIENCE)

    async def stop(self) -> int:
        """SIGTERM; its exit code."""
        self.signal(signal.SIGTERM)
        return await self.ended()

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log's lines of one event."""
        events = []
        for line in self.log.read_bytes().splitlines():
            with contextlib.suppress(msgspec.DecodeError):
                events.append(msgspec.json.decode(line, type=dict[str, Any]))
        return [event for event in events if event["event"] == name]


class Production:
    """A server and workers on given services."""

    def __init__(
        self, folder: Path, storage_url: str, queue_url: str = "", **variables: str
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.key = ""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("CARNET_")}
        ours = {
            "CARNET_STORAGE__URL": storage_url,
            "CARNET_QUEUE__URL": queue_url,
            "CARNET_HTTP__PORT": str(self.port),
        }
        self._environment = inherited | ENVIRONMENT | ours | variables
        self.server = self._program("serve")
        self.workers: list[Program] = []
        self.orphans: list[int] = []
        """Processes whose parent was killed."""
        self._group_id = ""

    def _program(self, command: str) -> Program:
        return Program(self.folder, command, self._environment)

    def carnet(self, *arguments: str) -> Any:
        """What a command prints as JSON."""
        done = subprocess.run(
            [sys.executable, "-m", "carnet", *arguments, "--json"],
            cwd=self.folder,
            env=self._environment,
            check=True,
            capture_output=True,
            timeout=PATIENCE,
        )
        return msgspec.json.decode(done.stdout)

    def set_up(self) -> None:
        """A migrated database with a first user."""
        first = self.carnet("init")
        self.key, self._group_id = first["apiKey"], first["groupId"]

    def add_worker(self, **variables: str) -> Program:
        """Starts one more worker."""
        worker = Program(self.folder, "worker", self._environment | variables)
        worker.start()
        self.workers.append(worker)
        return worker

    async def start_server(self) -> None:
        """Starts it until it listens: after a kill its address is free only when all are gone."""
        said = self._said()

        def listens() -> bool:
            if not self.server.running:
                self.server.start()
            return self._said() > said

        await until(listens)

    def _said(self) -> int:
        """How often the server has said that it listens, over all its starts."""
        log = self.server.log
        return log.read_bytes().count(b"Carnet listens on") if log.exists() else 0

    async def new_trip(self, client: Client) -> str:
        """The path of a new trip."""
        made = await client.post("/trips", {"groupId": self._group_id, **TRIP})
        assert made.status == 201, made.raw
        return f"/trips/{made.json['_id']}"

    @contextlib.asynccontextmanager
    async def client(self, *, keep_alive: bool = True) -> AsyncIterator[Client]:
        """A client with a time-out of its own, for a server that is killed."""
        connector = aiohttp.TCPConnector(limit=0, force_close=not keep_alive)
        timeout = aiohttp.ClientTimeout(total=PATIENCE / 2)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            yield Client(session, self.base, self.key)

    def end(self) -> None:
        """Kills all that is left, children too."""
        for pid in filter(alive, self.orphans):
            os.kill(pid, signal.SIGKILL)
        for program in (self.server, *self.workers):
            left = children(program.pid) if program.running else []
            program.kill()
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            while any(alive(pid) for pid in left):
                time.sleep(0.01)

    def log_tail(self) -> str:
        """The ends of all logs."""
        parts = []
        for program in (self.server, *self.workers):
            if program.log.exists():
                lines = program.log.read_text("utf-8").splitlines()
                told = [line for line in lines if '"event":"request"' not in line]
                parts.append(f"{program.log.name}:\n" + "\n".join(told[-15:]))
        return "\n".join(parts)


@contextlib.asynccontextmanager
async def production(
    folder: Path, storage_url: str, queue_url: str = "", **variables: str
) -> AsyncIterator[Production]:
    """A set-up production, of which nothing runs yet."""
    made = Production(folder, storage_url, queue_url, **variables)
    await asyncio.to_thread(made.set_up)
    try:
        yield made
    except BaseException as error:
        error.add_note(f"the logs end:\n{made.log_tail()}")
        raise
    finally:
        made.end()


def children(pid: int) -> list[int]:
    """The processes a process has started."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    except OSError:
        return []
    return [int(child) for child in text.split()]


def alive(pid: int) -> bool:
    """Whether a process is there and not merely unburied."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def resident_bytes(pid: int) -> int:
    """The memory a process holds."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024
