"""An import from the first byte read to the last row answered."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Final, TypeAlias

import msgspec

from carnet.client import CarnetClient, Document, NotFound, Response, jobs
from carnet.client.uploads import send_all
from carnet.failure import Failure
from carnet.importing.chunks import Chunk, Chunker
from carnet.importing.progress import OnProgress
from carnet.importing.sources import Sources
from carnet.importing.summary import Summary
from formats.placing import place, still_there

_SECONDS: Final = 600.0
"""Of a chunk with all its attempts: several 429 in a row among them."""


Itinerary: TypeAlias = dict[str, list[Document]]
"""Legs, stays and commitments of a trip, as an export has them."""


class Run:
    """Sends what the sources hold to a trip."""

    def __init__(
        self,
        sources: Sources,
        summary: Summary,
        on_progress: OnProgress,
        *,
        dry_run: bool,
    ) -> None:
        self.sources = sources
        self.summary = summary
        self._on_progress = on_progress
        self.dry_run = dry_run
        self._rows_read = 0

    async def into(self, client: CarnetClient, trip_id: str) -> None:
        """Sends all; raises what a call may raise, with the summary as far as it came."""
        state = await _state(client, trip_id)

        async def send(chunk: Chunk) -> Response[Document]:
            body = {
                name: [msgspec.Raw(row.raw) for row in rows] for name, rows in chunk.lists().items()
            }
            sent = await client.sync_trip(
                trip_id,
                body,
                dry_run=self.dry_run,
                idempotency_key="" if self.dry_run else _key(state, trip_id, chunk),
                timeout=_SECONDS,
            ).with_response()
            return await jobs.followed(client.get_job, sent)

        chunks = self._chunks(lambda: _itinerary(client, trip_id))
        async for sent in send_all(chunks, send, alone=lambda chunk: chunk.links):
            self.summary.answered(sent.chunk, sent.response.data)
            share = self.sources.share_read
            self._on_progress(self.summary.done, self._rows_read / share if share else 0.0)
        if self.summary.cancelled:
            trip = await _itinerary(client, trip_id)
            self.summary.still_there += still_there(self.summary.cancelled, trip)

    async def counted(self) -> None:
        """Counts what would go into a trip that is not there yet."""
        async for chunk in self._chunks(_nothing):
            self.summary.would_create(chunk)

    async def _chunks(self, itinerary: Callable[[], Awaitable[Itinerary]]) -> AsyncIterator[Chunk]:
        """All chunks with rows; what is no row is told to the summary as it comes."""
        chunker = Chunker(dry_run=self.dry_run)
        async for chunk in self._heard(chunker.pass_on(self.sources.found())):
            yield chunk
        trip = await itinerary() if chunker.itinerary else await _nothing()
        rest = chunker.the_rest(place(chunker.itinerary, trip["legs"], trip["stays"]))
        async for chunk in self._heard(rest):
            yield chunk

    async def _heard(self, chunks: Iterator[Chunk]) -> AsyncIterator[Chunk]:
        """Chunks made in a thread, where reading does not stop what is being sent."""
        while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
            for each in chunk.others:
                self.summary.hear(each)
            if chunk.rows:
                chunk.number = self._rows_read
                self._rows_read += len(chunk.rows)
                yield chunk


def _key(state: str, trip_id: str, chunk: Chunk) -> str:
    """An Idempotency-Key by content and position, and by what the trip was like at first.

    An import that is begun again while the trip is as it was gets the first answers again; once
    the trip has changed, rows are compared with it anew, by their clientRefs.
    """
    digest = hashlib.sha256(f"{state}\0{trip_id}\0{chunk.number}\0".encode())
    for row in chunk.rows:
        digest.update(row.list.encode() + row.raw)
    return f"import-{digest.hexdigest()}"


async def _state(client: CarnetClient, trip_id: str) -> str:
    """Names the trip's content as it is when the import begins."""
    try:
        legs = await client.list_legs(trip_id, limit=1).with_response()
    except NotFound as error:
        raise Failure(f"--trip: there is no trip {trip_id}") from error
    return legs.headers.get("ETag", "")


async def _itinerary(client: CarnetClient, trip_id: str) -> Itinerary:
    """What of the trip bookings are placed by, and compared with."""
    legs = [leg async for leg in client.iterate_legs(trip_id, limit=200)]
    stays = [
        stay for leg in legs async for stay in client.iterate_stays(trip_id, leg["_id"], limit=200)
    ]
    commitments = [each async for each in client.iterate_commitments(trip_id, limit=200)]
    return {"legs": legs, "stays": stays, "commitments": commitments}


async def _nothing() -> Itinerary:
    return {"legs": [], "stays": [], "commitments": []}
