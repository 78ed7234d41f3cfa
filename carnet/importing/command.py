"""The import that a command line asks for, and what is told of it."""

import asyncio
import contextlib
import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import click

from carnet.client import CarnetClient, Document
from carnet.connected import connected
from carnet.console import print_json
from carnet.failure import Failure, UsageFailure
from carnet.importing import target
from carnet.importing.progress import progress
from carnet.importing.run import Run
from carnet.importing.sources import Sources
from carnet.importing.summary import Summary
from formats.found import Reading
from formats.survey import survey

REJECTED: Final = 3
"""The exit code where all is done but what was rejected."""
INTERRUPTED: Final = 130


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the command line says."""

    files: tuple[Path, ...]
    trip_id: str | None
    title: str | None
    """Of a new trip, where none is named."""
    columns: dict[str, str]
    rejects: Path | None
    dry_run: bool
    routes: bool
    as_json: bool


def run_import(wanted: Wanted, url: str, key: str) -> None:
    """Imports, and tells what became of it; `Failure` where that is no summary."""
    reading = Reading(trip_id=wanted.trip_id or "", columns=wanted.columns, routes=wanted.routes)
    sources = Sources(wanted.files, reading)
    with _written(wanted.rejects) as file:
        summary = Summary(file, tell=(lambda _text: None) if wanted.as_json else click.echo)
        try:
            with progress(quiet=wanted.as_json) as on_progress:
                run = Run(sources, summary, on_progress, dry_run=wanted.dry_run)
                trip_id = asyncio.run(
                    connected(url, key, lambda client: _import(client, run, wanted))
                )
        except (KeyboardInterrupt, Failure) as stop:
            interrupted = isinstance(stop, KeyboardInterrupt)
            if not wanted.dry_run and (interrupted or summary.done):
                done = f"{summary.done:,} rows are in: starting the same again goes on"
                click.echo(done, err=True)
            if interrupted:
                sys.exit(INTERRUPTED)
            raise
    if wanted.as_json:
        print_json(summary.json(trip_id, dry_run=wanted.dry_run))
    else:
        click.echo("\n".join(summary.lines(dry_run=wanted.dry_run)))
        if summary.rejected:
            click.echo(
                f"the rejects are in {wanted.rejects}"
                if wanted.rejects
                else "--rejects FILE writes them with their rows"
            )
    if summary.rejected:
        sys.exit(REJECTED)


async def _import(client: CarnetClient, run: Run, wanted: Wanted) -> str | None:
    """The id of the trip; None where it would be a new one."""
    me = await client.me()
    target.require_scopes(me, wanted.trip_id)
    trip_id = wanted.trip_id
    if wanted.title is not None:
        trip_id = await _new_trip(client, me, run, wanted.title)
    if trip_id is None:
        await run.counted()
    else:
        await run.into(client, trip_id)
    if run.summary.nothing_read:
        rejects = run.summary.first_rejects
        raise Failure("; ".join(f"{each.at.file}: {each.reason}" for each in rejects))
    return trip_id


async def _new_trip(client: CarnetClient, me: Document, run: Run, title: str) -> str | None:
    """The id of a new trip; None where there are no rows for one, and in a dry run."""
    await target.require_new_title(client, title)
    # Reading twice is cheaper than holding all there is.
    rows = await asyncio.to_thread(survey, run.sources.found())
    for notice in rows.notices:
        run.summary.hear(notice)
    trip = target.planned(me, title, rows)
    if rows.count and not run.dry_run:
        trip = await client.create_trip(trip)
    if rows.count:
        run.summary.notice(target.told(trip, rows))
    return trip.get("_id")


@contextlib.contextmanager
def _written(path: Path | None) -> Iterator[BinaryIO | None]:
    if path is None:
        yield None
        return
    try:
        file = path.open("wb")
    except OSError as error:
        raise UsageFailure(f"--rejects: cannot write {path}: {error.strerror}") from error
    with file:
        yield file
