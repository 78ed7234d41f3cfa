"""The clients: of a key's holder, and of one who has a share token."""

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack

import aiohttp

from carnet.client import events, jobs, uploads
from carnet.client.calls import Call, Document, Response
from carnet.client.changes import Changes
from carnet.client.methods import Methods
from carnet.client.operations import Operations, SharedOperations
from carnet.client.options import JobOptions, Options
from carnet.client.transport import Transport


class Settings(TypedDict, total=False):
    """How a server is spoken to."""

    timeout: float | None
    """Seconds that a call may take, with all its attempts; 120 if not given."""
    max_retries: int
    """How many times a call is tried again; 2 if not given."""
    session: aiohttp.ClientSession
    """To be used, and not closed."""


class _Client(Methods):
    """What both have in common: they are closed, or used with `async with`."""

    async def close(self) -> None:
        """Closes the connections."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self.close()


class CarnetClient(_Client, Operations):
    """Calls the API with a key. Its methods are the operations of the API, and those below.

    Arguments are the ids of the path, then the body, then options by name.
    """

    def __init__(self, *, base_url: str, api_key: str, **settings: Unpack[Settings]) -> None:
        """`base_url` is the server's address, with or without `/api/v1`."""
        super().__init__(Transport(base_url, key=_text("api_key", api_key), **settings))

    def sync(
        self,
        trip_id: str,
        snapshot: Mapping[str, Any],
        *,
        dry_run: bool | None = None,
        on_progress: jobs.OnProgress | None = None,
        **options: Unpack[JobOptions],
    ) -> Call[Document]:
        """`sync_trip`; with `on_progress` a 202 is followed to its end."""
        call = self.sync_trip(trip_id, snapshot, dry_run=dry_run, **options)
        if on_progress is None:
            return call

        async def finished() -> Response[Document]:
            return await jobs.followed(self.get_job, await call.with_response(), on_progress)

        return Call(finished())

    async def wait_for_job(
        self,
        job_id: str,
        *,
        timeout: float | None = None,
        on_progress: jobs.OnProgress | None = None,
    ) -> Document:
        """Waits until a job has succeeded; raises the error of one that has failed."""
        return await jobs.ended(self.get_job, job_id, timeout=timeout, on_progress=on_progress)

    def changes(
        self,
        trip_id: str,
        *,
        since: int = 0,
        limit: int | None = None,
        **options: Unpack[Options],
    ) -> Changes:
        """What changed in a trip since a revision, each row once, in its latest state.

        Its `rev` tells how far that goes. `Gone` when the revision is too old: read the export.
        """
        return Changes(
            lambda cursor: self.list_changes(
                trip_id, since=since, limit=limit, cursor=cursor, **options
            ),
            since,
        )

    def events(
        self, trip_id: str, *, since: int | None = None, quiet: float = events.QUIET
    ) -> AsyncGenerator[events.Event]:
        """Follows a trip from now on, or what came after `since` first, for as long as one likes.

        Goes on by itself where a connection is lost, or for `quiet` seconds nothing comes.
        """
        return events.follow(self._transport, trip_id, since, quiet)

    async def upsert_all(
        self,
        trip_id: str,
        kind: str,
        rows: Iterable[Document] | AsyncIterable[Document],
        *,
        on_progress: Callable[[int], None] | None = None,
        in_flight: int = uploads.IN_FLIGHT,
        idempotency_key: str = "",
        **options: Unpack[Options],
    ) -> Document:
        """Upserts any number of rows of a list, such as `mapPins`, within the rate limit.

        The answer is that of a sync for the list: how many were created, updated and unchanged, and
        each by its `index`. `on_progress` is told how many are done. With an `idempotency_key` each
        request has that key and its number.
        """
        number = 0

        async def send(chunk: list[Document]) -> Response[Document]:
            nonlocal number
            key = f"{idempotency_key}-{number}" if idempotency_key else ""
            number += 1
            call = self.sync_trip(trip_id, {kind: chunk}, idempotency_key=key, **options)
            sent = await call.with_response()
            return await jobs.followed(self.get_job, sent)

        total: Document = {**dict.fromkeys(uploads.COUNTS, 0), "items": []}
        async for sent in uploads.send_all(uploads.chunked(rows), send, in_flight=in_flight):
            uploads.add(total, sent.response.data[kind])
            if on_progress:
                on_progress(len(total["items"]))
        return total


class SharedTripClient(_Client, SharedOperations):
    """Reads what a share token opens, without a key."""

    def __init__(self, *, base_url: str, token: str, **settings: Unpack[Settings]) -> None:
        super().__init__(Transport(base_url, **settings), _text("token", token))


def _text(name: str, value: Any) -> str:
    """A key or a token; `ValueError` for what can be none, such as a variable that is not set."""
    if not isinstance(value, str) or not value or not all("!" <= each <= "~" for each in value):
        raise ValueError(f"{name} must be text of visible ASCII characters")
    return value
