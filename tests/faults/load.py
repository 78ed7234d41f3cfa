"""Writes that are told when the server does not answer, and a book of what must be there."""

import asyncio
import dataclasses
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import asyncpg
import msgspec

from tests.faults.production import INLINE_ITEMS
from tests.support import SAMPLES, Client, Response
from tests.waiting import PATIENCE, until


def check_unavailable(answer: Response) -> None:
    """A refusal for now, as the contract says (section 2)."""
    assert answer.status == 503, answer.raw
    assert answer.code == "UNAVAILABLE"
    assert answer.headers["Content-Type"].startswith("application/json")
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json["error"]["requestId"] == answer.headers["X-Request-Id"]


@dataclasses.dataclass
class Load:
    """Writes pins into a trip in several ways."""

    client: Client
    trip: str
    rng: random.Random
    must: Counter[str] = dataclasses.field(default_factory=Counter)
    """Names that must be there, once each."""
    may: Counter[str] = dataclasses.field(default_factory=Counter)
    """Names of which nothing was heard: there once or not at all."""
    jobs: list[str] = dataclasses.field(default_factory=list)
    unavailable: int = 0
    lost: int = 0
    done: int = 0

    async def keyed(self, path: str, body: Any, name: str, **headers: str) -> Response:
        """Sends until it is acknowledged, under one Idempotency-Key."""
        headers["Idempotency-Key"] = name

        async def send() -> Response | None:
            try:
                answer = await self.client.post(f"{self.trip}{path}", body, headers=headers)
            except (aiohttp.ClientError, ConnectionError, TimeoutError):
                self.lost += 1
                return None
            if answer.status == 503:
                check_unavailable(answer)
                self.unavailable += 1
                return None
            return answer

        answer: Response = await until(send, moved=self._progress, every=0.1)
        return answer

    async def pin(self, name: str) -> None:
        """One pin, by a request that is repeated until it is acknowledged."""
        answer = await self.keyed("/map-pins", pin(name), name)
        assert answer.status == 201, answer.raw
        self.must[name] += 1
        self.done += 1

    async def bare(self, name: str) -> None:
        """One pin, by a request that is sent once."""
        try:
            answer = await self.client.post(f"{self.trip}/map-pins", pin(name))
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            self.lost += 1
            self.may[name] += 1
        else:
            if answer.status == 201:
                self.must[name] += 1
            else:
                check_unavailable(answer)
                self.unavailable += 1
                self.may[name] += 1
        self.done += 1

    async def imported(self, name: str, **headers: str) -> None:
        """Several pins, by the queue."""
        names = [f"{name}/{n}" for n in range(self.rng.randint(INLINE_ITEMS + 1, 40))]
        body = {"mapPins": [pin(each) for each in names]}
        answer = await self.keyed("/sync", body, name, **headers)
        assert answer.status in (200, 202), answer.raw
        if answer.status == 202:
            self.jobs.append(answer.json["_id"])
        else:
            assert answer.json["mapPins"]["created"] == len(names), answer.json
        self.must.update(names)
        self.done += 1

    async def imported_later(self, name: str) -> None:
        """The same, by a request that does not wait."""
        await self.imported(name, Prefer="respond-async")

    async def run(self, *, writes: int, imports: int, at_once: int = 16, prefix: str = "") -> None:
        """So many of them, in random order; a prefix tells a second run from the first."""
        ways: list[tuple[Callable[[str], Awaitable[None]], str]] = [
            *((self.pin, f"{prefix}pin-{n}") for n in range(writes // 2)),
            *((self.bare, f"{prefix}bare-{n}") for n in range(writes - writes // 2)),
            *((self.imported, f"{prefix}import-{n}") for n in range(imports // 2)),
            *((self.imported_later, f"{prefix}later-{n}") for n in range(imports - imports // 2)),
        ]
        self.rng.shuffle(ways)
        left = iter(ways)

        async def writer() -> None:
            for way, name in left:
                await way(name)

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(writer())

    async def reach(self, number: int) -> None:
        """Returns when so many writes are done."""
        await until(lambda: self.done >= number, moved=self._progress, every=0.005)

    def _progress(self) -> object:
        return self.done, len(self.jobs)

    async def settle(self) -> None:
        """All jobs end well; none is stuck."""

        async def ended() -> bool:
            while self.jobs:
                job = (await self.client.get(f"/jobs/{self.jobs[-1]}")).json
                if job["status"] not in ("succeeded", "failed"):
                    return False
                assert job["status"] == "succeeded", job
                self.jobs.pop()
            return True

        await until(ended, moved=self._progress, every=0.1)

    def check(self, names: list[str]) -> None:
        """All that was acknowledged is there once, and nothing else but what may be."""
        found = Counter(names)
        assert set(self.must.values()) == {1}
        lost, more = self.must - found, found - self.must
        assert not lost, lost
        assert not more - self.may, "there twice, or never asked for"


def pin(name: str) -> dict[str, Any]:
    return {**SAMPLES["mapPin"], "name": name}


async def postgres_names(url: str) -> list[str]:
    """The names of all pins, and that no job is left."""
    connection = await asyncpg.connect(url, timeout=PATIENCE)
    try:
        left = await connection.fetch("SELECT * FROM jobs WHERE status <> 'succeeded'")
        rows = await connection.fetch("SELECT doc FROM items WHERE kind = 'mapPin'")
    finally:
        await connection.close()
    assert left == []
    return [msgspec.json.decode(row[0])["name"] for row in rows]
