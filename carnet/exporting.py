"""The export that a command line asks for."""

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path

from carnet.client import CarnetClient, Document, Forbidden, NotFound
from carnet.connected import connected
from carnet.failure import Failure, UsageFailure
from carnet.whole_file import write_file
from formats.writers import WRITERS

_CALENDAR = "ics"
"""What the server itself writes."""


def run_export(trip: str, output: Path, url: str, key: str) -> None:
    """Writes a trip to a file that is there as a whole or, on a failure, as it was before."""
    to_stdout = str(output) == "-"
    suffix = "json" if to_stdout else output.suffix.lower().removeprefix(".")
    known = (*WRITERS, _CALENDAR)
    if suffix not in known:
        shown = f".{suffix}" if suffix else "no suffix"
        raise UsageFailure(f"-o: {shown} is no format; there are .{', .'.join(known)}")
    pieces = asyncio.run(connected(url, key, lambda client: _read(client, trip, suffix)))
    if to_stdout:
        sys.stdout.buffer.writelines(pieces)
        sys.stdout.buffer.flush()
    else:
        write_file(output, lambda file: file.writelines(pieces))


async def _read(client: CarnetClient, trip: str, suffix: str) -> Iterable[bytes]:
    """The bytes of the file, made as they are asked for."""
    trip_id = await trip_named(client, trip)
    if suffix == _CALENDAR:
        return [(await client.get_calendar(trip_id)).encode()]
    return WRITERS[suffix](await client.export_trip(trip_id))


async def trip_named(client: CarnetClient, trip: str) -> str:
    """The id of a trip that is named by it, or by a title that no other trip has."""
    if not trip:
        raise UsageFailure("TRIP: an id or a title")
    try:
        found: Document = await client.get_trip(trip)
    except (NotFound, Forbidden) as error:
        titled = [each["_id"] async for each in client.iterate_trips() if each["title"] == trip]
        if not titled:
            raise Failure(f"there is no trip with the id or the title {trip!r}") from error
        if len(titled) > 1:
            raise Failure(
                f"several trips have the title {trip!r}: say one of {', '.join(titled)}"
            ) from error
        return str(titled[0])
    return str(found["_id"])
