"""Watchers of a trip who come back whenever their stream ends, as browsers do."""

import asyncio
import contextlib
import dataclasses

import aiohttp

from tests.faults.load import check_unavailable
from tests.streams import Ended, Stream
from tests.support import Client, Response

AGAIN_SECONDS = 0.05
"""Before a watcher comes back."""


@dataclasses.dataclass
class Watcher:
    """Follows a trip's events, from the revision of the last one on."""

    client: Client
    trip: str
    last: int | None = None
    """The id of the last event."""
    began: int = 0
    """The revision after which it has to know all."""
    revs: list[int] = dataclasses.field(default_factory=list)
    """Of all changes it was told of, as they came."""
    connections: int = 0
    refused: int = 0

    async def run(self) -> None:
        """Follows until it is cancelled."""
        while True:
            with contextlib.suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
                await self._connect()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _connect(self) -> None:
        headers = {} if self.last is None else {"Last-Event-ID": str(self.last)}
        async with self.client.open(f"{self.trip}/events", headers=headers) as response:
            if response.status != 200:
                self.refused += 1
                check_unavailable(
                    Response(response.status, response.headers, await response.read())
                )
                return
            with contextlib.suppress(Ended):
                await self._read(Stream(response))

    async def _read(self, stream: Stream) -> None:
        self.connections += 1
        hello = await stream.next()
        assert hello.name == "hello"
        if self.last is None:
            self.last = self.began = hello.id
        assert hello.id == self.last
        while True:
            event = await stream.next()
            assert event.name == "change", "nothing is dropped meanwhile, so nothing is reset"
            assert event.id > self.last, "in the order of revisions, on each connection"
            self.last = event.id
            self.revs.append(event.id)

    def check(self, journal: list[int]) -> None:
        """Each changeset after the beginning came, and none but those."""
        assert sorted(set(self.revs)) == [rev for rev in journal if rev > self.began]
