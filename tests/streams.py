"""Event streams as a client reads them, event by event."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import aiohttp
import msgspec

from tests.support import Client
from tests.waiting import PATIENCE


class Event(NamedTuple):
    """An event: its name, its id, and its data decoded."""

    name: str
    id: int
    data: Any


class Ended(Exception):
    """The stream has ended."""


class Stream:
    """An open stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.comments = 0
        """How many have come."""
        self.retry = 0
        """The milliseconds that a client is to wait, as it was told."""

    async def next(self) -> Event:
        """The next event; `Ended` where there is none."""
        async with asyncio.timeout(PATIENCE):
            while True:
                block = await self.response.content.readuntil(b"\n\n")
                if not block:
                    raise Ended
                if (event := self._read(block.decode())) is not None:
                    return event

    def _read(self, block: str) -> Event | None:
        fields: dict[str, str] = {}
        for line in block.removesuffix("\n\n").split("\n"):
            name, _, value = line.partition(":")
            assert name not in fields, block
            fields[name] = value.removeprefix(" ")
        if fields.keys() == {""}:
            self.comments += 1
            return None
        if fields.keys() == {"retry"}:
            self.retry = int(fields["retry"])
            return None
        assert fields.keys() == {"event", "id", "data"}, block
        return Event(fields["event"], int(fields["id"]), msgspec.json.decode(fields["data"]))

    async def take(self, number: int) -> list[Event]:
        """So many events."""
        return [await self.next() for _ in range(number)]

    async def rest(self) -> list[Event]:
        """All events until the stream ends."""
        found = []
        with contextlib.suppress(Ended):
            while True:
                found.append(await self.next())
        return found


@contextlib.asynccontextmanager
async def streaming(
    client: Client, trip: str, query: str = "", **headers: str
) -> AsyncIterator[Stream]:
    """An open stream of a trip, of which nothing is read yet; `_` in a header stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.open(f"{trip}/events{query}", headers=named) as response:
        assert response.status == 200, await response.read()
        yield Stream(response)
