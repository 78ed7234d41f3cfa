"""Follows a trip by its stream of events, and goes on where a connection is lost."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final, Literal, TypeAlias

import aiohttp
import msgspec

from carnet.client.calls import Document
from carnet.client.errors import (
    CarnetError,
    ConnectionFailed,
    UnexpectedAnswer,
    reason,
    unexpected,
)
from carnet.client.event_stream import blocks
from carnet.client.request import prepare
from carnet.client.transport import Transport, backoff, is_stream, may_pass, retry_after

QUIET: Final = 45.0
"""Seconds without a sign of life: the server gives one each 15 seconds."""
_LONGEST_PAUSE: Final = 30.0

Type: TypeAlias = Literal["hello", "change", "reset"]


class Event(msgspec.Struct, frozen=True):
    """What a stream tells.

    `hello` each time it begins, `change` of each changeset, in order and once; `reset` when what
    came between is no longer kept: read the export anew.
    """

    type: Type
    id: int
    """The revision."""
    data: Document


async def follow(
    transport: Transport, trip_id: str, since: int | None, quiet: float
) -> AsyncGenerator[Event]:
    """The events of a trip, for as long as they are iterated.

    The stream is opened as any call is made; once it has begun, it is opened anew after whatever
    may pass, from where it was.
    """
    position, begun, failures, retry = since, False, 0, 1.0
    while True:
        pause = None
        try:
            async for event, told in _stream(transport, trip_id, position, quiet, begun):
                retry = told or retry
                if event and not (event.type == "change" and event.id <= (position or 0)):
                    begun, failures, position = True, 0, event.id
                    yield event
        except CarnetError as error:
            if not begun or not may_pass(error):
                raise
            pause = retry_after(error.headers)
        await asyncio.sleep(retry + backoff(failures, _LONGEST_PAUSE) if pause is None else pause)
        failures += 1


async def _stream(
    transport: Transport, trip_id: str, since: int | None, quiet: float, begun: bool
) -> AsyncGenerator[tuple[Event | None, float | None]]:
    """One stream, until it ends or nothing comes for too long: events, and how long to wait."""
    path, query = "/trips/{tripId}/events", {"since": since}
    request = prepare("GET", path, (trip_id,), query=query)
    response = await transport.send(request, max_retries=0 if begun else None)
    async with response:
        if not is_stream(response):
            status, headers = response.status, response.headers
            raise UnexpectedAnswer(unexpected(status, headers), status=status, headers=headers)
        async with contextlib.aclosing(blocks(_pieces(response, quiet))) as found:
            async for block in found:
                event = None
                if block.data:
                    data = msgspec.json.decode(block.data)
                    event = msgspec.convert(
                        {"type": block.event, "id": int(block.id), "data": data}, Event
                    )
                yield event, block.retry


async def _pieces(response: aiohttp.ClientResponse, quiet: float) -> AsyncIterator[bytes]:
    try:
        while True:
            async with asyncio.timeout(quiet):
                piece = await response.content.readany()
            if not piece:
                return
            yield piece
    except TimeoutError as error:
        raise ConnectionFailed(f"Nothing came for {quiet:g} s") from error
    except (aiohttp.ClientError, OSError) as error:
        raise ConnectionFailed(f"The stream broke: {reason(error)}") from error
