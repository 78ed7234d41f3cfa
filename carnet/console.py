"""What the commands share: settings, a database to work on, and how to print."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from carnet.failure import Failure
from carnet.loop import loop_factory
from domain.errors import Unavailable
from runtime import tracing
from runtime.configuration import load_settings
from runtime.settings import Settings
from storage import open_store
from storage.migrate import is_current
from storage.store import Store, Tx
from storage.traced import TracedStore

T = TypeVar("T")

config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    expose_value=False,
    callback=lambda context, _, value: _remember_config(context, value),
    help="Settings file; the default is ./config.toml, if there is one.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _remember_config(context: click.Context, value: Path | None) -> None:
    if value is not None:
        context.ensure_object(dict)["config"] = value


def settings_of(context: click.Context) -> Settings:
    """The settings for a command; `ConfigError` when they cannot be."""
    found: dict[str, Path] = context.ensure_object(dict)
    return load_settings(found.get("config"))


def run(settings: Settings, work: Callable[[Store], Awaitable[T]], *, create: bool) -> T:
    """Runs `work` on the opened store, in an event loop of its own.

    With `create`, a database file that is not there is made.
    """

    async def opened() -> T:
        where = settings.storage
        store = await open_store(where.url, standby_url=where.read_url, create=create)
        if tracing.is_on():
            store = TracedStore(store)
        try:
            return await work(store)
        except Unavailable as error:
            # Without the password of a Postgres.
            place = re.sub("//.*@", "//", where.url).partition("?")[0]
            reason = str(error.__cause__ or "") or error.message
            raise Failure(f"cannot use the database {place}: {reason}") from error
        finally:
            await store.close()

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(opened())


def write(context: click.Context, operation: Callable[[Tx], Awaitable[T]]) -> T:
    """Runs an operation in a transaction on the database of the settings."""

    async def work(store: Store) -> T:
        await require_current(store)
        return await store.write(operation)

    return run(settings_of(context), work, create=False)


def read(context: click.Context, operation: Callable[[Tx], Awaitable[T]]) -> T:
    """Runs an operation that only reads on the database of the settings."""

    async def work(store: Store) -> T:
        await require_current(store)
        return await store.read(operation)

    return run(settings_of(context), work, create=False)


async def require_current(store: Store) -> None:
    """Raises `Failure` when the database is not on the current schema."""
    if not await is_current(store):
        raise Failure("the database is not on the current schema: run `carnet migrate`")


def print_json(value: Any) -> None:
    """Prints a value as one line of JSON."""
    click.echo(msgspec.json.encode(value))
