"""An import from the first byte read to the last row answered."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import msgspec

from carnet.client import CarnetClient, Document, NotFound, Response, jobs
from carnet.client.uploads import send_all
from carnet.failure import Failure
from carnet.importing.chunks import Chunk, Chunker
from carnet.importing.progress import OnProgress
from carnet.importing.sources import Sources
from carnet.importing.summary import Summary
from formats.found import Found, Row
from formats.placing import place, still_there

_SECONDS = 600.0
"""Of a chunk with all its attempts: several 429 in a row among them."""


class Run:
    """Sends what the sources hold to a trip."""

    def __init__(
        self,
        client: CarnetClient,
        sources: Sources,
        summary: Summary,
        on_progress: OnProgress,
        *,
        dry_run: bool,
    ) -> None:
        self._client = client
        self._sources = sources
        self._summary = summary
        self._on_progress = on_progress
        self._dry_run = dry_run
        self._rows_read = 0

    async def into(self, trip_id: str) -> None:
        """Sends all; raises what a call may raise, with the summary as far as it came."""
        state = await self._state(trip_id)

        async def send(chunk: Chunk) -> Response[Document]:
            body = {
                name: [msgspec.Raw(row.raw) for row in rows] for name, rows in chunk.lists().items()
            }
            sent = await self._client.sync_trip(
                trip_id,
                body,
                dry_run=self._dry_run,
                idempotency_key=self._key(state, trip_id, chunk),
                timeout=_SECONDS,
            ).with_response()
            return await jobs.followed(self._client.get_job, sent)

        chunks = self._chunks(trip_id)
        async for sent in send_all(chunks, send, alone=lambda chunk: chunk.links):
            self._summary.answered(sent.chunk, sent.response.data)
            share = self._sources.share_read
            self._on_progress(self._summary.done, self._rows_read / share if share else 0.0)
        if self._summary.cancelled:
            trip = await self._itinerary_of(trip_id, all_kinds=True)
            self._summary.still_there += still_there(self._summary.cancelled, trip)

    async def counted(self) -> None:
        """Counts what would go into a trip that is not there yet."""
        async for chunk in self._chunks(None):
            self._summary.would_create(chunk)

    async def _state(self, trip_id: str) -> str:
        """Names the trip's content as it is when the import begins."""
        try:
            legs = await self._client.list_legs(trip_id, limit=1).with_response()
        except NotFound as error:
            raise Failure(f"--trip: there is no trip {trip_id}") from error
        return legs.headers.get("ETag", "")

    def _key(self, state: str, trip_id: str, chunk: Chunk) -> str:
        """An Idempotency-Key by content and position, and by what the trip was like at first.

        An import that is begun again while the trip is as it was gets the first answers again; once
        the trip has changed, rows are compared with it anew, by their clientRefs.
        """
        digest = hashlib.sha256(f"{state}\0{trip_id}\0{chunk.number}\0".encode())
        for row in chunk.rows:
            digest.update(row.list.encode() + row.raw)
        return f"import-{digest.hexdigest()}"

    async def _chunks(self, trip_id: str | None) -> AsyncIterator[Chunk]:
        """All chunks with rows; what is no row is told to the summary as it comes."""
        chunker = Chunker(dry_run=self._dry_run)
        async for chunk in self._heard(chunker.pass_on(self._sources.found())):
            yield chunk
        legs: Sequence[Document] = ()
        stays: Sequence[Document] = ()
        if chunker.itinerary and trip_id:
            trip = await self._itinerary_of(trip_id, all_kinds=_has_stays(chunker.itinerary))
            legs, stays = trip["legs"], trip["stays"]
        rest = chunker.the_rest(place(chunker.itinerary, legs, stays))
        async for chunk in self._heard(rest):
            yield chunk

    async def _heard(self, chunks: Iterator[Chunk]) -> AsyncIterator[Chunk]:
        """Chunks made in a thread, where reading does not stop what is being sent."""
        while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
            for each in chunk.others:
                self._summary.hear(each)
            if chunk.rows:
                chunk.number = self._rows_read
                self._rows_read += len(chunk.rows)
                yield chunk

    async def _itinerary_of(self, trip_id: str, *, all_kinds: bool) -> dict[str, Any]:
        """The trip's legs, and with `all_kinds` its stays and commitments."""
        legs = [leg async for leg in self._client.iterate_legs(trip_id, limit=200)]
        if not all_kinds:
            return {"legs": legs, "stays": [], "commitments": []}
        stays = [
            stay
            for leg in legs
            async for stay in self._client.iterate_stays(trip_id, leg["_id"], limit=200)
        ]
        commitments = self._client.iterate_commitments(trip_id, limit=200)
        return {"legs": legs, "stays": stays, "commitments": [each async for each in commitments]}


def _has_stays(found: Sequence[Found]) -> bool:
    return any(isinstance(each, Row) and each.list == "stays" for each in found)
