"""`carnet migrate`: the database's schema."""

import asyncio
from typing import Any

import click

from carnet.console import config_option, json_option, print_json, run, settings_of
from runtime.clock import now
from storage.upgrade import Upgrade, planned, upgrade


@click.command("migrate")
@config_option
@click.option("--dry-run", is_flag=True, help="Only tell what would be applied; change nothing.")
@json_option
@click.pass_context
def migrate_command(context: click.Context, dry_run: bool, as_json: bool) -> None:
    """Bring the database to the current schema.

    An SQLite database with something in it is copied first, to a file beside it.
    """
    settings = settings_of(context)
    url = settings.storage.url
    if dry_run:
        ahead = asyncio.run(planned(url))
        names = ("wouldApply", "wouldCopyTo")
        _tell(ahead, as_json, names=names, verbs=("would apply", "would copy"))
    else:
        done = run(settings, lambda store: upgrade(store, url, now()), create=True)
        _tell(done, as_json, names=("applied", "copiedTo"), verbs=("applied", "copied"))


def _tell(told: Upgrade, as_json: bool, *, names: tuple[str, str], verbs: tuple[str, str]) -> None:
    if as_json:
        migrations: dict[str, Any] = {names[0]: told.migrations}
        print_json(migrations | ({names[1]: str(told.copy)} if told.copy else {}))
        return
    if told.copy is not None:
        click.echo(f"{verbs[1]} the database to {told.copy} first")
    click.echo("\n".join(f"{verbs[0]} {name}" for name in told.migrations) or "nothing to apply")
