"""`carnet import`: files of other programs into a trip of a Carnet, wherever it runs."""

from pathlib import Path

import click

from carnet.arguments import ID, NAME
from carnet.connection_options import connection_options
from carnet.console import json_option
from carnet.failure import UsageFailure


@click.command("import")
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@click.option("--trip", "trip_id", type=ID, help="Id of the trip to import into.")
@click.option("--new-trip", "title", type=NAME, help="Title of a trip to make.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
@click.option(
    "--map", "columns", metavar="COLUMN=FIELD", multiple=True, help="What a table's column is."
)
@click.option("--routes", is_flag=True, help="Make pins of the points of routes.")
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what cannot be imported there, as NDJSON.",
)
@connection_options
@json_option
def import_command(
    files: tuple[Path, ...],
    trip_id: str | None,
    title: str | None,
    dry_run: bool,
    columns: tuple[str, ...],
    routes: bool,
    rejects: Path | None,
    url: str,
    key: str,
    as_json: bool,
) -> None:
    """Import files, folders and ZIPs of other programs into a trip.

    Done twice, it changes nothing. Exit code 0: all is done; 1: it failed; 2: the arguments are
    wrong; 3: done, with rejects.
    """
    if (trip_id is None) == (title is None):
        raise UsageFailure("say either --trip ID or --new-trip TITLE")
    mapping = _mapping(columns)
    # The readers and the client, which the other commands need not load.
    from carnet.importing.command import Wanted, run_import

    wanted = Wanted(files, trip_id, title, mapping, rejects, dry_run, routes, as_json)
    run_import(wanted, url, key)


def _mapping(columns: tuple[str, ...]) -> dict[str, str]:
    """Fields by column; a column's name may have an equals sign in it."""
    mapping = {}
    for text in columns:
        column, sign, field = text.rpartition("=")
        if not sign or not column or not field:
            raise UsageFailure(f"--map: {text!r} is not COLUMN=FIELD, such as Ort=name")
        mapping[column] = field
    return mapping
