"""A real Prometheus on a set-up of two servers and two workers, and on one with SQLite.

Every query of the dashboard and of the alerts finds something there; and what is killed is seen.
"""

import asyncio
import contextlib
import importlib
import math
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from docs.dashboard import WINDOW, queries
from tests.faults.production import Production, production
from tests.servers import free_port
from tests.support import SAMPLES
from tests.waiting import PATIENCE, until

yaml: Any = importlib.import_module("yaml")  # it ships no types

RULES = Path(__file__).parent.parent.parent / "ops" / "prometheus" / "carnet.rules.yaml"
(GROUP,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
ALERTS: dict[str, str] = {rule["alert"]: rule["expr"] for rule in GROUP["rules"]}

pytestmark = pytest.mark.debian


class Prometheus:
    """A Prometheus that scrapes ports of this machine."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        self._folder = folder
        self._port = free_port()
        self._session: aiohttp.ClientSession
        targets = [f"127.0.0.1:{port}" for port in ports]
        config = {
            "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms"},
            "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": "carnet", "static_configs": [{"targets": targets}]}],
        }
        (folder / "prometheus.yaml").write_bytes(msgspec.json.encode(config))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Prometheus"]:
        """Runs it inside the block."""
        command = [
            "prometheus",
            f"--config.file={self._folder}/prometheus.yaml",
            f"--storage.tsdb.path={self._folder}/data",
            f"--web.listen-address=127.0.0.1:{self._port}",
        ]
        with (self._folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
        try:
            async with aiohttp.ClientSession() as self._session:
                yield self
        finally:
            process.terminate()
            await process.wait()

    async def numbers(self, query: str) -> list[float]:
        """The numbers of the series that a query finds, without those that are none."""
        url = f"http://127.0.0.1:{self._port}/api/v1/query"
        try:
            async with self._session.get(url, params={"query": query}) as answer:
                body = await answer.json()
        except aiohttp.ClientError:
            return []  # it is not there yet
        if body["status"] != "success":
            assert body["errorType"] not in ("bad_data", "execution"), body
            return []
        found = [float(series["value"][1]) for series in body["data"]["result"]]
        return [number for number in found if math.isfinite(number)]


def measured_by(alert: str) -> str:
    """What an alert compares with its limit."""
    if alert.startswith("absent("):
        return alert.removeprefix("absent(").rpartition(")")[0]
    measured, count = re.subn(r"\s(>|==) [\d.]+\Z", "", alert)
    assert count == 1, alert
    return measured


def all_queries() -> Iterator[str]:
    """What the dashboard shows and the alerts watch, with windows for scrapes twice a second."""
    for query in (*queries(), *map(measured_by, ALERTS.values())):
        yield re.sub(r"\[(\d+[mh]|" + re.escape(WINDOW) + r")\]", "[20s]", query)


async def use(carnet: Production) -> None:
    """Has it do something of each kind."""
    async with carnet.client() as client:
        trip = await carnet.new_trip(client)
        pins = [{**SAMPLES["mapPin"], "clientRef": f"p{n}"} for n in range(20)]
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await client.post(f"{trip}/sync", {"mapPins": pins})
                assert answer.status in (200, 202), answer.raw
                await client.get(trip)


@contextlib.asynccontextmanager
async def in_use(*all_of_them: Production) -> AsyncIterator[None]:
    """Uses them inside the block."""
    tasks = [asyncio.create_task(use(carnet)) for carnet in all_of_them]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_every_query_finds_something_and_what_is_killed_is_seen(tmp_path, database, valkey):
    ports = [free_port() for _ in range(5)]
    several = [{"CARNET_METRICS__PORT": str(port)} for port in ports]
    folders = [tmp_path / name for name in ("one", "two", "small", "prometheus")]
    for folder in folders:
        folder.mkdir()
    sqlite = f"sqlite:///{folders[2]}/carnet.db"
    two = Production(folders[1], database, valkey.url, CARNET_HTTP__PROCESSES="2", **several[1])
    async with (
        production(
            folders[0], database, valkey.url, CARNET_HTTP__PROCESSES="2", **several[0]
        ) as one,
        production(folders[2], sqlite, **several[4]) as small,
        Prometheus(folders[3], ports).running() as prometheus,
    ):
        try:
            for variables in several[2:4]:
                one.add_worker(**variables)
            for carnet in (one, two, small):
                await carnet.start_server()
            await asyncio.to_thread(small.carnet, "backup", str(tmp_path / "copy.db"))
            async with in_use(one, small):
                for query in all_queries():

                    async def found(query: str = query) -> bool:
                        return bool(await prometheus.numbers(query))

                    with told(query):
                        await until(found)

            async def down() -> bool:
                return len(await prometheus.numbers(ALERTS["CarnetDown"])) == 2

            two.server.kill()
            one.workers[0].kill()
            await until(down)
            valkey.kill()

            async def redis_away() -> list[float]:
                return await prometheus.numbers(ALERTS["CarnetRedisUnreachable"])

            await until(redis_away)
        finally:
            two.end()


@contextlib.contextmanager
def told(query: str) -> Iterator[None]:
    """Names the query for which it was waited in vain."""
    try:
        yield
    except TimeoutError as error:
        error.add_note(f"nothing found by {query}")
        raise
