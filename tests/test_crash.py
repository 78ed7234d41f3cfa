"""SIGKILL at any moment: what was acknowledged is there once, and what was not can be retried."""

import abc
import asyncio
import contextlib
import os
import random
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from examples.local_server import LocalServer
from tests.support import PLENTY, SAMPLES, TRIP, Client, Response
from tests.waiting import until

ROUNDS = 20
PIN_WRITERS = 6
PATCHERS = 2
ASYNC_IMPORTS_A_ROUND = 3
IMPORT_ITEMS = (300, 2000)
LONGEST_ROUND = 1.2
"""Seconds from the first request to the kill."""


class Writer(abc.ABC):
    """Sends one write after another; one that was not acknowledged is sent again first."""

    writes_a_round = PLENTY

    def __init__(self, name: str, trip_id: str, rng: random.Random) -> None:
        self.name = name
        self.trip_id = trip_id
        self.acknowledged = 0
        self.rng = rng
        self._made = 0
        self._pending: dict[str, Any] | None = None

    @abc.abstractmethod
    def next_write(self, number: int) -> dict[str, Any]:
        """The arguments of `Client.send` for a new write."""

    def take(self, answer: Response) -> None:
        """Looks at the answer to an acknowledged write."""
        assert answer.status in (200, 201), answer.raw

    async def run(self, client: Client) -> None:
        """Writes until the connection is lost."""
        with contextlib.suppress(aiohttp.ClientError, ConnectionError):
            for _ in range(self.writes_a_round):
                await self._write(client)

    async def finish(self, client: Client) -> None:
        """Sends once more what was not acknowledged."""
        if self._pending is not None:
            await self._write(client)

    async def _write(self, client: Client) -> None:
        if self._pending is None:
            self._made += 1
            self._pending = self.next_write(self._made)
        self.take(await client.send(**self._pending))
        self.acknowledged += 1
        self._pending = None

    def _post(self, path: str, body: Any, **headers: str) -> dict[str, Any]:
        return {
            "method": "POST",
            "path": f"/trips/{self.trip_id}{path}",
            "body": body,
            "headers": headers,
        }


class PinWriter(Writer):
    """Creates pins one by one, each with an Idempotency-Key and no other protection."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.names: list[str] = []

    def next_write(self, number: int) -> dict[str, Any]:
        name = f"{self.name}/{number}"
        self.names.append(name)
        body = {**SAMPLES["mapPin"], "name": name}
        return self._post("/map-pins", body, **{"Idempotency-Key": name})


class Importer(PinWriter):
    """Syncs many pins at once; whether it waited for the result or got a job, that must be."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.jobs: list[str] = []

    def pins(self, number: int) -> list[dict[str, Any]]:
        names = [f"{self.name}/{number}/{n}" for n in range(self.rng.randint(*IMPORT_ITEMS))]
        self.names += names
        return [{**SAMPLES["mapPin"], "name": name} for name in names]

    def next_write(self, number: int) -> dict[str, Any]:
        key = f"{self.name}/{number}"
        return self._post("/sync", {"mapPins": self.pins(number)}, **{"Idempotency-Key": key})

    def take(self, answer: Response) -> None:
        assert answer.status in (200, 202), answer.raw
        if answer.status == 202:
            self.jobs.append(answer.json["_id"])


class AsyncImporter(Importer):
    """Does not wait: the job's id is all it gets."""

    writes_a_round = ASYNC_IMPORTS_A_ROUND

    def next_write(self, number: int) -> dict[str, Any]:
        write = super().next_write(number)
        write["headers"]["Prefer"] = "respond-async"
        return write


class ReferringImporter(Importer):
    """Has no Idempotency-Key; clientRefs alone keep its rows from coming twice."""

    def next_write(self, number: int) -> dict[str, Any]:
        return self._post(
            "/sync", {"mapPins": [{**pin, "clientRef": pin["name"]} for pin in self.pins(number)]}
        )


class Patcher(Writer):
    """Counts in a pin's notes."""

    def __init__(self, name: str, trip_id: str, rng: random.Random, pin_id: str) -> None:
        super().__init__(name, trip_id, rng)
        self.pin_id = pin_id

    def next_write(self, number: int) -> dict[str, Any]:
        return {
            "method": "PATCH",
            "path": f"/trips/{self.trip_id}/map-pins/{self.pin_id}",
            "body": {"notes": str(number)},
            "headers": {"Idempotency-Key": f"{self.name}/{number}"},
        }

    def check(self, notes: str) -> None:
        """The stored count is the last one acknowledged, or the one on its way."""
        assert int(notes) in (self.acknowledged, self.acknowledged + 1), self.name


async def test_twenty_kills_lose_nothing_and_double_nothing(tmp_path):
    seed = int(os.environ.get("CRASH_SEED", random.SystemRandom().randrange(2**32)))
    rng = random.Random(seed)
    server = LocalServer(tmp_path, LIMITS__REQUESTS_PER_MINUTE=str(PLENTY), LOG__LEVEL="warning")
    first = await asyncio.to_thread(
        server.carnet, "init", "--email", "owner@example.org", "--name", "Olga", "--group", "Home"
    )
    try:
        await asyncio.to_thread(server.start)
        writers, patchers = await _writers(server, first, rng)
        for turn in range(ROUNDS):
            if turn:
                await asyncio.to_thread(server.start)
            async with _client(server, first) as client:
                await _check_counts(client, patchers)
                all_ended = await _round(server, client, [*writers, *patchers], rng)
            if all_ended:
                await asyncio.to_thread(_check_integrity, server.database, tmp_path / "copy")

        await asyncio.to_thread(server.start)
        async with _client(server, first) as client:
            await _check_counts(client, patchers)
            await asyncio.gather(*(writer.finish(client) for writer in [*writers, *patchers]))
            await _check_jobs(client, writers, server.database)
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(_check_rows, server.database, writers)
    except BaseException as error:
        log = server.log.read_text("utf-8")[-5000:]
        error.add_note(f"repeat with CRASH_SEED={seed}; the server's log ends:\n{log}")
        raise
    finally:
        await asyncio.to_thread(server.kill)


@contextlib.asynccontextmanager
async def _client(server: LocalServer, first: Any) -> Any:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield Client(session, server.url, first["apiKey"])


async def _writers(
    server: LocalServer, first: Any, rng: random.Random
) -> tuple[list[PinWriter], list[Patcher]]:
    async with _client(server, first) as client:
        trip = (await client.post("/trips", {**TRIP, "groupId": first["groupId"]})).json["_id"]
        quiet = (await client.post("/trips", {**TRIP, "groupId": first["groupId"]})).json["_id"]
        pin = {**SAMPLES["mapPin"], "notes": "0"}
        patchers = [
            Patcher(
                f"patch-{n}",
                quiet,
                rng,
                (await client.post(f"/trips/{quiet}/map-pins", pin)).json["_id"],
            )
            for n in range(PATCHERS)
        ]
    writers = [
        *(PinWriter(f"pin-{n}", trip, rng) for n in range(PIN_WRITERS)),
        *(Importer(f"import-{n}", trip, rng) for n in range(2)),
        *(AsyncImporter(f"async-{n}", trip, rng) for n in range(2)),
        ReferringImporter("refs", trip, rng),
    ]
    return writers, patchers


async def _round(
    server: LocalServer, client: Client, writers: list[Any], rng: random.Random
) -> bool:
    """Writes until the kill, which may take the worker first, or with it, or leave it to end.

    Tells whether nothing of the server is left running.
    """
    moment = rng.uniform(0.1, LONGEST_ROUND)
    worker_moment = rng.uniform(0, moment) if rng.random() < 0.4 else None
    with_worker = rng.random() < 0.7
    async with asyncio.TaskGroup() as group:
        for writer in writers:
            group.create_task(writer.run(client))
        if worker_moment is not None:
            await asyncio.sleep(worker_moment)
            _kill(server.pids()[1:])
        await asyncio.sleep(moment - (worker_moment or 0))
        workers = server.pids()[1:]
        await asyncio.to_thread(server.kill)
        if with_worker:
            _kill(workers)
    return with_worker or not workers


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


async def _check_counts(client: Client, patchers: list[Patcher]) -> None:
    pins = (await client.get(f"/trips/{patchers[0].trip_id}/map-pins")).json["items"]
    notes = {pin["_id"]: pin["notes"] for pin in pins}
    for patcher in patchers:
        patcher.check(notes[patcher.pin_id])


async def _check_jobs(client: Client, writers: list[PinWriter], database: Path) -> None:
    """All jobs end, also those whose acceptance nobody heard; the accepted ones succeed."""
    left = 0

    async def all_ended() -> bool:
        nonlocal left
        left = await asyncio.to_thread(_unended_jobs, database)
        return not left

    await until(all_ended, moved=lambda: left, every=0.1)
    accepted = [job for writer in writers if isinstance(writer, Importer) for job in writer.jobs]
    assert len(accepted) == len(set(accepted)) > 0
    for job_id in accepted:
        job = (await client.get(f"/jobs/{job_id}")).json
        assert job["status"] == "succeeded", job


def _unended_jobs(database: Path) -> int:
    with _database(database) as connection:
        query = "SELECT count(*) FROM jobs WHERE status IN ('queued', 'running')"
        return int(connection.execute(query).fetchone()[0])


@contextlib.contextmanager
def _database(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        yield connection


def _check_integrity(database: Path, copy: Path) -> None:
    """Looks at a copy: opening the database itself would do the server's recovery for it."""
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for file in database.parent.glob(f"{database.name}*"):
        if not file.name.endswith("-shm"):
            shutil.copy(file, copy)
    with _database(copy / database.name) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def _check_rows(database: Path, writers: list[PinWriter]) -> None:
    with _database(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        documents = connection.execute(
            "SELECT doc FROM items WHERE kind = 'mapPin' AND trip_id = ?", [writers[0].trip_id]
        )
        found = Counter(msgspec.json.decode(document)["name"] for (document,) in documents)
        states = Counter(connection.execute("SELECT status FROM jobs").fetchall())
    wanted = Counter(name for writer in writers for name in writer.names)
    assert set(wanted.values()) == {1}
    assert found == wanted, {"lost": wanted - found, "doubled": found - wanted}
    assert set(states) == {("succeeded",)}, states
