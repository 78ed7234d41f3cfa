"""SIGKILL in the middle of an undo of thousands of rows: nothing is ever half undone."""

import asyncio
import contextlib
import os
import random
import re
import signal
import sqlite3
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from examples.local_server import LocalServer
from tests.support import PLENTY, SAMPLES, TRIP, Client
from tests.waiting import until

KILLS = 20
ROWS = 4_000
SOON = 0.15
"""Seconds in which such an undo is done for sure, on an idle machine."""


@pytest.fixture(params=["sqlite", "postgres"])
def storage(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of a database."""
    if request.param == "sqlite":
        return {}
    return {"STORAGE__URL": request.getfixturevalue("database")}


class Trip:
    """A trip that was filled by one import, which is undone, and the undo undone, and so on."""

    def __init__(self, server: LocalServer, key: str) -> None:
        self._server = server
        self._key = key
        self.path = ""
        self.states: dict[bool, str] = {}
        """Its exports, full or not, but for their revision."""
        self.jobs: list[str] = []

    @contextlib.asynccontextmanager
    async def client(self) -> Any:
        async with aiohttp.ClientSession() as session:
            yield Client(session, self._server.url, self._key)

    async def fill(self) -> None:
        """Makes the trip, with pins, and legs that have stays and are named by commitments."""
        async with self.client() as client:
            group = (await client.get("/me")).json["defaultGroupId"]
            made = await client.post("/trips", {**TRIP, "groupId": group})
            self.path = f"/trips/{made.json['_id']}"
            self.states[False] = await self.export(client)
            numbers = range(ROWS // 4)
            body = {
                "legs": [{**SAMPLES["leg"], "clientRef": f"{n}"} for n in numbers],
                "stays": [{**SAMPLES["stay"], "legRef": f"{n}"} for n in numbers],
                "mapPins": [SAMPLES["mapPin"]] * len(numbers),
                "commitments": [{**SAMPLES["commitment"], "legRef": f"{n}"} for n in numbers],
            }
            assert (await client.post(f"{self.path}/sync", body)).status in (200, 202)

            async def filled() -> bool:
                return await self.export(client) != self.states[False]

            await until(filled)
            self.states[True] = await self.export(client)

    async def export(self, client: Client) -> str:
        return (await self._export(client))[0]

    async def _export(self, client: Client) -> tuple[str, int]:
        whole = await client.get(f"{self.path}/export")
        assert whole.status == 200, whole.raw
        return re.sub(r'"rev":\d+\}$', "}", whole.raw.decode()), whole.json["rev"]

    async def undo_latest(self, client: Client) -> None:
        """Asks for what the trip was before its latest changeset, and does not wait for it."""
        latest = (await client.get(f"{self.path}/history?limit=1")).json["items"][0]["rev"]
        answer = await client.post(
            f"{self.path}/history/{latest}/undo", headers={"Prefer": "respond-async"}
        )
        # A job of before, which goes on, may have been there first.
        assert answer.status in (202, 400), answer.raw
        if answer.status == 202:
            self.jobs.append(answer.json["_id"])

    async def check(self, client: Client) -> None:
        """It is as it was filled, or as before, and the history tells which."""
        whole, rev = await self._export(client)
        assert whole in self.states.values(), "half undone"
        # Each changeset is of all rows: made, taken away, made again, in whatever order jobs come.
        made = True
        for each in reversed((await client.get(f"{self.path}/history")).json["items"]):
            if 1 < each["rev"] <= rev:
                legs = each["summary"]["legs"]
                assert legs["created" if made else "deleted"] == sum(legs.values()) == ROWS // 4
                made = not made
        assert (whole == self.states[True]) == (not made)

    async def all_ended(self, client: Client) -> bool:
        jobs = [(await client.get(f"/jobs/{job}")).json for job in self.jobs]
        for job in jobs:
            # One that was done before it could be told of finds another one's work.
            failed = job.get("error", {"code": "VALIDATION_ERROR"})
            assert failed["code"] == "VALIDATION_ERROR", job
        return all(job["status"] in ("succeeded", "failed") for job in jobs)


async def test_an_undo_that_is_killed_is_done_or_not(tmp_path, rng, storage):
    limits = {"LIMITS__REQUESTS_PER_MINUTE": str(PLENTY), "LOG__LEVEL": "warning"}
    server = LocalServer(tmp_path, **limits, **storage)
    await asyncio.to_thread(server.carnet, "migrate")
    first = await asyncio.to_thread(
        server.carnet, "init", "--email", "owner@example.org", "--name", "Olga", "--group", "Home"
    )
    trip = Trip(server, first["apiKey"])
    try:
        await asyncio.to_thread(server.start)
        await trip.fill()
        for _ in range(KILLS):
            async with trip.client() as client:
                await trip.undo_latest(client)
                await kill_soon(server, rng)
            await asyncio.to_thread(server.start)
            async with trip.client() as client:
                await trip.check(client)
        async with trip.client() as client:
            await until(lambda: trip.all_ended(client), every=0.1)
            await trip.check(client)
        await asyncio.to_thread(server.stop)
        if not storage:
            await asyncio.to_thread(check_integrity, server.database)
    finally:
        await asyncio.to_thread(server.kill)


async def kill_soon(server: LocalServer, rng: random.Random) -> None:
    """Kills all of the server at a moment at which the undo may be at any point."""
    await asyncio.sleep(rng.uniform(0, SOON))
    pids = server.pids()
    await asyncio.to_thread(server.kill)
    for pid in pids[1:]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def check_integrity(database: Path) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
