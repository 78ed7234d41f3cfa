"""`carnet export`: a trip of a Carnet into a file, in a format of other programs."""

from pathlib import Path

import click

from carnet.connection_options import connection_options


@click.command("export")
@click.argument("trip")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    required=True,
    help="The file, whose suffix says the format; - writes JSON to standard output.",
)
@connection_options
def export_command(trip: str, output: Path, url: str, key: str) -> None:
    """Write TRIP, by its id or its title, as JSON, NDJSON, CSV, GeoJSON, GPX, KML or iCalendar."""
    # The writers and the client, which the other commands need not load.
    from carnet.exporting import run_export

    run_export(trip, output, url, key)
