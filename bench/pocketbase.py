"""A PocketBase with trips and pins, from its wheel: what `bench.peers` measures Carnet beside.

It runs as it ships, but that batches are on. So its SQLite is in WAL mode with `synchronous =
NORMAL`, which no setting changes: what it acknowledged last can be lost when the power goes.
Carnet has `FULL`. A durable one has it too, by a hook: PocketBase writes on one connection, for
which the hook sets it at the start. Both log each request. Its requests carry a superuser's token:
for anybody else it looks at the rules of a collection too.
"""

import contextlib
import dataclasses
import secrets
import subprocess
import sysconfig
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import msgspec

from bench.load import Caller, Connection, Response, request
from tests.servers import free_port
from tests.waiting import until

PROGRAM = Path(sysconfig.get_path("scripts"), "pocketbase")
BATCH_SECONDS = 600
"""That a batch may take, however busy the machine is."""
MOST_REQUESTS = 1_000
"""Of a batch."""
RECORDS = "/api/collections/{}/records"

_DURABLE = """\
onBootstrap((e) => {
  e.next()
  e.app.nonconcurrentDB().newQuery("PRAGMA synchronous = FULL").execute()
})
routerAdd("GET", "/synchronous", (e) => {
  const found = new DynamicModel({ synchronous: 0 })
  e.app.nonconcurrentDB().newQuery("PRAGMA synchronous").one(found)
  return e.json(200, found)
})
"""
_FULL = 2

_LAST_CHUNK = b"\r\n0\r\n\r\n"

_TRIPS = {
    "name": "trips",
    "type": "base",
    "fields": [
        {"name": name, "type": "text", "required": True}
        for name in ("title", "startDate", "endDate")
    ],
}


def _pins(trips_id: str) -> object:
    texts = [{"name": name, "type": "text"} for name in ("category", "notes", "clientRef")]
    return {
        "name": "pins",
        "type": "base",
        "fields": [
            {"name": "trip", "type": "relation", "collectionId": trips_id, "required": True},
            {"name": "name", "type": "text", "required": True},
            {"name": "lat", "type": "number"},
            {"name": "lng", "type": "number"},
            *texts,
        ],
        "indexes": [
            "CREATE INDEX pins_trip ON pins (trip)",
            "CREATE UNIQUE INDEX pins_client_ref ON pins (trip, clientRef)",
        ],
    }


class _Chunked(Connection):
    """Takes bodies in chunks too, which is how Go sends what is larger than 2 kB."""

    _so_far = b""

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._status:  # the rest of a body whose length is known
            super().data_received(data)
            return
        self._so_far += data
        head, found, body = self._so_far.partition(b"\r\n\r\n")
        if b"\r\nTransfer-Encoding: chunked" in head:
            if not body.endswith(_LAST_CHUNK):  # JSON has no line breaks
                return
            body = _joined(body)
            head += b"\r\nContent-Length: %d" % len(body)
        if found:
            self._so_far = b""
            super().data_received(head + found + body)


def _joined(chunks: bytes) -> bytes:
    """The body that came in chunks."""
    parts: list[bytes] = []
    start = 0
    while True:
        line_ends = chunks.index(b"\r\n", start)
        size = int(chunks[start:line_ends], 16)
        if not size:
            return b"".join(parts)
        start = line_ends + 2
        parts.append(chunks[start : start + size])
        start += size + 2


class PocketCaller(Caller):
    """A caller of a PocketBase."""

    connection_kind = _Chunked


@dataclasses.dataclass
class PocketBase:
    """A running server with a connection to it."""

    caller: Caller
    port: int
    pid: int
    token: str = ""

    def request(self, method: str, path: str, body: object = None) -> bytes:
        """A request with the token, as it goes over the wire."""
        data = None if body is None else msgspec.json.encode(body)
        return request(method, path, self.token, data)

    async def send(self, method: str, path: str, body: object = None) -> Response:
        """Sends a request that must succeed."""
        return await self.caller.send(self.request(method, path, body), expect=200)

    async def set_up(self, email: str, password: str) -> None:
        """Becomes a superuser, makes the collections, and puts batches on."""
        path = "/api/collections/_superusers/auth-with-password"
        known = await self.send("POST", path, {"identity": email, "password": password})
        self.token = known.json["token"]
        trips = await self.send("POST", "/api/collections", _TRIPS)
        await self.send("POST", "/api/collections", _pins(trips.json["id"]))
        batch = {"enabled": True, "maxRequests": MOST_REQUESTS, "timeout": BATCH_SECONDS}
        await self.send("PATCH", "/api/settings", {"batch": batch})

    async def check_durable(self) -> None:
        """Raises unless the connection that writes still waits for the disk at each commit.

        It would be replaced by another after minutes without a write.
        """
        found = (await self.send("GET", "/synchronous")).json["synchronous"]
        if found != _FULL:
            raise RuntimeError(f"PocketBase has gone on with synchronous = {found}")

    async def new_trip(self) -> str:
        """The id of a new trip."""
        body = {"title": "Measured", "startDate": "2027-01-01", "endDate": "2027-12-31"}
        made = await self.send("POST", RECORDS.format("trips"), body)
        trip: str = made.json["id"]
        return trip

    def read_trip(self, trip: str, **parameters: str) -> bytes:
        """The request for a trip's record."""
        return self.request("GET", f"{RECORDS.format('trips')}/{trip}?{urlencode(parameters)}")

    def list_pins(self, trip: str, count: int) -> bytes:
        """The request for so many pins of a trip, and not how many there are in all."""
        query = urlencode({"perPage": count, "skipTotal": 1, "filter": f"trip='{trip}'"})
        return self.request("GET", f"{RECORDS.format('pins')}?{query}")

    def create(self, trip: str, pin: object) -> bytes:
        """The request for a new pin."""
        return self.request("POST", RECORDS.format("pins"), _record(trip, pin))

    def create_all(self, trip: str, pins: Sequence[object]) -> bytes:
        """The request for new pins, all or none."""
        path = RECORDS.format("pins")
        each = [{"method": "POST", "url": path, "body": _record(trip, pin)} for pin in pins]
        return self.request("POST", "/api/batch", {"requests": each})


def _record(trip: str, pin: object) -> object:
    return {"trip": trip, **cast("dict[str, Any]", pin)}


@contextlib.asynccontextmanager
async def pocketbase(folder: Path, *, durable: bool = False) -> AsyncIterator[PocketBase]:
    """A server with a new database in a new folder."""
    hooks = folder / "pb_hooks"
    hooks.mkdir(parents=True)
    if durable:
        (hooks / "durable.pb.js").write_text(_DURABLE, encoding="utf-8")
    port, email, password = free_port(), "owner@example.org", secrets.token_hex()
    process = _start(folder, port, email, password)
    try:
        server = PocketBase(await _connected(port), port, process.pid)
        await server.set_up(email, password)
        yield server
        server.caller.close()
    finally:
        process.kill()
        process.wait()


def _start(folder: Path, port: int, email: str, password: str) -> subprocess.Popen[bytes]:
    program = [str(PROGRAM), "--dir", "data", "--hooksDir", "pb_hooks"]
    subprocess.run(
        [*program, "superuser", "upsert", email, password],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return subprocess.Popen(
        [*program, "serve", "--http", f"127.0.0.1:{port}"], cwd=folder, stdout=subprocess.DEVNULL
    )


async def _connected(port: int) -> Caller:
    async def connected() -> Caller | None:
        with contextlib.suppress(ConnectionError):
            return await PocketCaller.open(port)
        return None

    caller: Caller = await until(connected)
    return caller
