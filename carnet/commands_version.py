"""`carnet version`: which release this is."""

from platform import python_version

import click

from carnet.console import json_option, print_json
from runtime.release import release
from storage.migrate import migrations_in


@click.command("version")
@json_option
def version_command(as_json: bool) -> None:
    """Tell the release, the schema that it needs of a database, and its Python.

    No settings are read. `carnet migrate` brings a database to that schema.
    """
    # Imported where it is used, as every backend is.
    from storage.sqlite_engine import DIALECT

    # The migrations have the same numbers for every backend.
    schema = len(migrations_in(DIALECT.migrations))
    if as_json:
        print_json({"version": release(), "schema": schema, "python": python_version()})
    else:
        click.echo(f"version  {release()}\nschema   {schema}\npython   {python_version()}")
