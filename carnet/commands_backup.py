"""`carnet backup` and `carnet restore`: the whole database as one file."""

import asyncio
from pathlib import Path

import click

from carnet.console import config_option, json_option, print_json, run, settings_of
from carnet.failure import UsageFailure
from runtime.clock import unix_ns
from storage import server_state
from storage.backups import Backup, back_up, copier_of, restore
from storage.in_use import in_use
from storage.server_state import LastBackup
from storage.store import Store

_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.command("backup")
@config_option
@_FILE
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@json_option
@click.pass_context
def backup_command(context: click.Context, file: Path, force: bool, as_json: bool) -> None:
    """Copy the whole database into FILE, while it is in use; FILE is read again before it counts.

    Of SQLite, FILE is a database itself. Of Postgres it is what pg_dump makes, which must be on the
    PATH. FILE has all secrets: it is for its owner only (mode 0600).
    """
    settings = settings_of(context)
    if file.exists() and not force:
        raise UsageFailure(f"{file} is there already: name another file, or say --force")

    async def work(store: Store) -> Backup:
        made = await back_up(copier_of(settings.storage.url), file)
        last = LastBackup(at=unix_ns() // 10**9, bytes=made.bytes)
        await store.write(lambda tx: server_state.note_backup(tx, last))
        return made

    made = run(settings, work, create=False)
    if as_json:
        print_json({"file": str(file), "bytes": made.bytes, "schema": made.schema})
    else:
        click.echo(f"wrote {file}, {made.bytes} bytes, and read it again")


@click.command("restore")
@config_option
@_FILE
@json_option
@click.pass_context
def restore_command(context: click.Context, file: Path, as_json: bool) -> None:
    """Bring back the backup FILE, where there is no database yet or an empty one.

    FILE is read first, and nothing is changed unless all of it is good. Entity tags that clients
    have from after the backup match nothing any more.
    """
    url = settings_of(context).storage.url
    with in_use(url, "all"):
        found = asyncio.run(restore(copier_of(url), file))
    if as_json:
        print_json(
            {
                "file": str(file),
                "bytes": found.bytes,
                "schema": found.schema,
                "pending": found.missing,
            }
        )
        return
    click.echo(f"restored {file}, {found.bytes} bytes")
    if found.missing:
        click.echo("Its schema is an older one: run `carnet migrate`.")
