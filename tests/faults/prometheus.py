"""A real Prometheus that watches ports of this machine, by the alert rules, only faster."""

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

from tests.servers import free_port
from tests.waiting import until

yaml: Any = importlib.import_module("yaml")  # it ships no types

RULES = Path(__file__).parent.parent.parent / "ops" / "prometheus" / "carnet.rules.yaml"
(GROUP,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
ALERTS: dict[str, str] = {rule["alert"]: rule["expr"] for rule in GROUP["rules"]}

FASTER = 30
LONGEST_FOR = 6
"""Seconds that a cause must last at most: some are to last for a day, and none does here."""
_UNITS = {"m": 60, "h": 3600, "d": 86_400}


def faster(duration: str, most: float = math.inf) -> str:
    """A duration of the rules, such as `5m`, as it is here."""
    return f"{math.ceil(min(int(duration[:-1]) * _UNITS[duration[-1]] / FASTER, most))}s"


def in_short(expr: str) -> str:
    """A query with the windows of its rates as they are here."""
    return re.sub(r"\[(\d+[mhd])\]", lambda window: f"[{faster(window[1])}]", expr)


def rules_in_short() -> dict[str, Any]:
    """The rules, with the same limits."""
    rules = [dict(rule, expr=in_short(rule["expr"])) for rule in GROUP["rules"]]
    for rule in rules:
        if "for" in rule:
            rule["for"] = faster(rule["for"], LONGEST_FOR)
    return {"groups": [{"name": "carnet", "rules": rules}]}


class Prometheus:
    """Scrapes targets every two seconds."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        self.fired: set[str] = set()
        """The alerts that were seen firing."""
        self._folder = folder
        self._port = free_port()
        self._session: aiohttp.ClientSession
        self._process: asyncio.subprocess.Process
        (folder / "rules.yaml").write_bytes(msgspec.json.encode(rules_in_short()))
        self._configure(ports)

    def _configure(self, ports: list[int]) -> None:
        targets = [f"127.0.0.1:{port}" for port in ports]
        config = {
            "global": {
                # A program waits a second for a process that hangs.
                "scrape_interval": "2s",
                "scrape_timeout": "2s",
                "evaluation_interval": "500ms",
            },
            "rule_files": [str(self._folder / "rules.yaml")],
            "scrape_configs": [{"job_name": "carnet", "static_configs": [{"targets": targets}]}],
        }
        (self._folder / "prometheus.yaml").write_bytes(msgspec.json.encode(config))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Prometheus"]:
        """Runs it inside the block."""
        command = [
            "prometheus",
            f"--config.file={self._folder}/prometheus.yaml",
            f"--storage.tsdb.path={self._folder}/data",
            f"--web.listen-address=127.0.0.1:{self._port}",
            "--web.enable-lifecycle",
        ]
        with (self._folder / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
        try:
            async with aiohttp.ClientSession() as self._session:
                yield self
        finally:
            self._process.terminate()
            await self._process.wait()

    async def watch(self, ports: list[int]) -> None:
        """Has it scrape these from now on."""
        self._configure(ports)
        async with self._session.post(f"http://127.0.0.1:{self._port}/-/reload") as answer:
            assert answer.status == 200, await answer.text()

    async def _ask(self, path: str, **query: str) -> Any:
        """The data of an answer; None while it is not there yet."""
        url = f"http://127.0.0.1:{self._port}/api/v1/{path}"
        try:
            async with self._session.get(url, params=query) as answer:
                body = await answer.json()
        except aiohttp.ClientError:
            return None
        if body["status"] != "success":
            assert body["errorType"] not in ("bad_data", "execution"), body
            return None
        return body["data"]

    async def numbers(self, query: str) -> list[float]:
        """The numbers of the series that a query finds, without those that are none."""
        data = await self._ask("query", query=query)
        found = [float(series["value"][1]) for series in data["result"]] if data else []
        return [number for number in found if math.isfinite(number)]

    async def firing(self) -> set[str]:
        """The alerts that fire at present."""
        data = await self._ask("alerts")
        alerts = data["alerts"] if data else []
        found = {each["labels"]["alertname"] for each in alerts if each["state"] == "firing"}
        self.fired |= found
        return found

    async def until_firing(self, *alerts: str) -> None:
        """Returns when each of these alerts has fired meanwhile, whatever others do."""
        missing = {*alerts}

        async def fire() -> bool:
            missing.difference_update(await self.firing())
            return not missing

        with told("alerts to fire", missing):
            await until(fire, moved=lambda: len(missing), every=0.1)

    async def until_over(self, *alerts: str) -> None:
        """Returns when none of these alerts fires."""

        async def over() -> bool:
            return not await self.firing() & {*alerts}

        with told("alerts to be over", alerts):
            await until(over, every=0.1)

    async def until_found(self, query: str) -> None:
        """Returns when a query finds something."""

        async def found() -> bool:
            return bool(await self.numbers(query))

        with told("something to be found by", query):
            await until(found, every=0.1)


@contextlib.contextmanager
def told(what: str, *which: object) -> Iterator[None]:
    """Says what was waited for in vain."""
    try:
        yield
    except TimeoutError as error:
        error.add_note(" ".join(map(str, ("waited for", what, *which))))
        raise
