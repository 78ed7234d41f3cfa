"""The command line (contract section 8)."""

import asyncio
import datetime
import functools
import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
import structlog

from carnet.failure import Failure, UsageFailure
from carnet.loop import loop_factory
from domain.account import is_email, parse_expiry
from domain.clock import timestamp
from domain.errors import Unavailable
from domain.scopes import BASE_SCOPES, Role, is_scope
from runtime import logs
from runtime import settings as config
from runtime.clock import now
from runtime.settings import ConfigError, Settings
from storage import StorageUrlError, accounts, open_store
from storage.accounts import AccountError, KeyInfo
from storage.migrate import MigrationError, is_current, migrate
from storage.store import DatabaseError, Store, Tx

T = TypeVar("T")

_config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    expose_value=False,
    callback=lambda context, _, value: _remember_config(context, value),
    help="Settings file; the default is ./config.toml, if there is one.",
)

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _remember_config(context: click.Context, value: Path | None) -> None:
    if value is not None:
        context.ensure_object(dict)["config"] = value


def main(arguments: list[str] | None = None) -> None:
    """Runs the program; whatever is wrong with what was asked is one line on stderr."""
    try:
        code = cli.main(args=arguments, prog_name="carnet", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help(), err=True)
        sys.exit(2)
    except click.ClickException as error:
        _fail(error.format_message(), 2)
    except (ConfigError, AccountError) as error:
        _fail(str(error), 2)
    except StorageUrlError as error:
        _fail(f"storage.url: {error}", 2)
    except (DatabaseError, MigrationError) as error:
        _fail(str(error), 1)
    except Failure as error:
        _fail(str(error), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> None:
    click.echo(f"carnet: {' '.join(message.split())}", err=True)
    sys.exit(code)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="carnet")
@_config_option
def cli() -> None:
    """Carnet, a self-hosted server for planning trips together."""


@cli.command()
@_config_option
@click.pass_context
def serve(context: click.Context) -> None:
    """Serve the API; on a first start also create a user and a key, and print the key."""
    from carnet.serve import serve as run_server

    settings = _settings(context)
    logs.configure(settings.log.level, settings.log.format)

    async def run(store: Store) -> None:
        await run_server(settings, store, functools.partial(click.echo))

    _run(settings, run, create=True)


@cli.command()
@_config_option
@click.option("--email", default="owner@localhost", show_default=True)
@click.option("--name", default="Owner", show_default=True)
@click.option("--group", default="Home", show_default=True, help="Name of the first group.")
@_json_option
@click.pass_context
def init(context: click.Context, email: str, name: str, group: str, as_json: bool) -> None:
    """Set up a new database: a first user, who owns a group, and a key."""
    _check_user(email, name)
    _check_name("--group", group)

    async def run(store: Store) -> accounts.FirstAccount:
        await migrate(store, now())
        return await store.write(
            lambda tx: accounts.set_up(tx, email=email, name=name, group=group, now=now())
        )

    first = _run(_settings(context), run, create=True)
    if as_json:
        _print_json({"userId": first.user_id, "groupId": first.group_id, "apiKey": first.api_key})
        return
    click.echo(f"user   {first.user_id}\ngroup  {first.group_id}\nkey    {first.api_key}")
    click.echo("The key is shown only this once.")


@cli.group()
def user() -> None:
    """Users."""


@user.command("add")
@_config_option
@click.argument("email")
@click.option("--name", required=True)
@click.option("--group", "group_id", help="Id of the group to join; without it, one of their own.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    help="Role in --group; the default is editor.",
)
@_json_option
@click.pass_context
def user_add(
    context: click.Context,
    email: str,
    name: str,
    group_id: str | None,
    role: str | None,
    as_json: bool,
) -> None:
    """Add a user."""
    _check_user(email, name)
    if role and not group_id:
        raise UsageFailure("--role goes with --group: a user is owner of a group of their own")

    async def add(tx: Tx) -> dict[str, str]:
        user_id = await accounts.create_user(tx, email=email, name=name, now=now())
        joined = group_id or await accounts.create_group(tx, name=name, now=now())
        part = Role(role or Role.EDITOR) if group_id else Role.OWNER
        await accounts.add_member(tx, group_id=joined, user_id=user_id, role=part, now=now())
        return {"_id": user_id, "groupId": joined}

    added = _write(context, add)
    if as_json:
        _print_json(added)
    else:
        click.echo(f"user   {added['_id']}\ngroup  {added['groupId']}")


@cli.group()
def key() -> None:
    """API keys."""


@key.command("create")
@_config_option
@click.option("--user", "email", required=True, help="The user's e-mail address.")
@click.option("--name", default="key", show_default=True)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    help="trips:read, trips:write, messages:read, messages:write, each also as SCOPE:TRIP_ID; "
    "may be given several times; all four if not given.",
)
@click.option("--rate-limit", type=click.IntRange(min=1), help="Requests per minute.")
@click.option("--expires", help="A date (the key's last day, UTC) or an RFC 3339 moment.")
@_json_option
@click.pass_context
def key_create(
    context: click.Context,
    email: str,
    name: str,
    scopes: tuple[str, ...],
    rate_limit: int | None,
    expires: str | None,
    as_json: bool,
) -> None:
    """Create a key, and show it this once."""
    for scope in scopes:
        if not is_scope(scope):
            raise UsageFailure(f"--scope: there is no scope {scope!r}")
    _check_name("--name", name)
    expires_at = _expiry(expires)

    async def create(tx: Tx) -> tuple[str, str]:
        return await accounts.create_key(
            tx,
            user_id=await accounts.user_id_of(tx, email),
            name=name,
            now=now(),
            scopes=list(dict.fromkeys(scopes)) or BASE_SCOPES,
            rate_limit=rate_limit,
            expires_at=expires_at,
        )

    key_id, secret = _write(context, create)
    if as_json:
        _print_json({"_id": key_id, "key": secret})
    else:
        click.echo(f"id   {key_id}\nkey  {secret}\nThe key is shown only this once.")


@key.command("list")
@_config_option
@_json_option
@click.pass_context
def key_list(context: click.Context, as_json: bool) -> None:
    """List keys; the keys themselves are not stored."""
    keys = _read(context, accounts.list_keys)
    if as_json:
        _print_json(keys)
        return
    for info in keys:
        click.echo(_key_line(info))


@key.command("revoke")
@_config_option
@click.argument("key_id", metavar="ID")
@click.pass_context
def key_revoke(context: click.Context, key_id: str) -> None:
    """Revoke a key, at once."""
    _write(context, lambda tx: accounts.revoke_key(tx, key_id, now()))
    click.echo(f"revoked {key_id}")


@cli.command()
@_config_option
@click.pass_context
def worker(context: click.Context) -> None:
    """Run a queue worker, until SIGTERM."""
    settings = _settings(context)
    if not settings.queue.url:
        raise UsageFailure("queue.url is empty: `carnet serve` does the jobs itself")
    from carnet.stop import Stop
    from workers.arq_worker import run_worker

    logs.configure(settings.log.level, settings.log.format)

    async def run(store: Store) -> None:
        await _require_current(store)
        structlog.get_logger("carnet.worker").info("started", pid=os.getpid())
        await run_worker(store, settings.queue.url, Stop().requested)

    _run(settings, run, create=False)


@cli.command("migrate")
@_config_option
@_json_option
@click.pass_context
def migrate_command(context: click.Context, as_json: bool) -> None:
    """Bring the database to the current schema."""

    async def run(store: Store) -> list[str]:
        return await migrate(store, now())

    applied = _run(_settings(context), run, create=True)
    if as_json:
        _print_json({"applied": applied})
    else:
        click.echo("\n".join(f"applied {name}" for name in applied) or "nothing to apply")


@cli.group("_run", hidden=True)
def run_child() -> None:
    """The program's own processes, which `carnet serve` starts (see `carnet.supervisor`)."""


@run_child.command("server")
@click.argument("descriptor", type=int)
def run_server_process(descriptor: int) -> None:
    """Serve on an open socket."""
    from carnet.child import Parent
    from carnet.server_process import serve_for

    parent = Parent()
    _run(parent.settings, lambda store: serve_for(parent, store, descriptor), create=False)


@run_child.command("worker")
def run_worker_process() -> None:
    """Do the jobs of the server's own database."""
    from carnet.child import Parent
    from carnet.worker_process import do_jobs

    parent = Parent()
    _run(parent.settings, lambda store: do_jobs(store, parent), create=False)


def _settings(context: click.Context) -> Settings:
    found: dict[str, Path] = context.ensure_object(dict)
    settings = config.load(found.get("config"))
    if settings.http.processes > 1 and not settings.queue.url:
        raise UsageFailure(
            "http.processes: several processes share their limits and signals through Redis;"
            " set queue.url, or processes to 1"
        )
    return settings


def _run(settings: Settings, work: Callable[[Store], Awaitable[T]], *, create: bool) -> T:
    """Runs `work` on the opened store, in an event loop of its own."""

    async def run() -> T:
        store = await open_store(settings.storage.url, create=create)
        try:
            return await work(store)
        except Unavailable as error:
            # Without the password of a Postgres.
            where = re.sub("//.*@", "//", settings.storage.url)
            reason = error.__cause__ or error.message
            raise Failure(f"cannot use the database {where}: {reason}") from error
        finally:
            await store.close()

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(run())


def _write(context: click.Context, operation: Callable[[Tx], Awaitable[T]]) -> T:
    async def run(store: Store) -> T:
        await _require_current(store)
        return await store.write(operation)

    return _run(_settings(context), run, create=False)


def _read(context: click.Context, operation: Callable[[Tx], Awaitable[T]]) -> T:
    async def run(store: Store) -> T:
        await _require_current(store)
        return await store.read(operation)

    return _run(_settings(context), run, create=False)


async def _require_current(store: Store) -> None:
    if not await is_current(store):
        raise Failure("the database is not on the current schema: run `carnet migrate`")


def _check_user(email: str, name: str) -> None:
    if not is_email(email):
        raise UsageFailure(f"{email!r} is not an e-mail address")
    _check_name("--name", name)


def _check_name(option: str, text: str) -> None:
    if not 1 <= len(text) <= 200:
        raise UsageFailure(f"{option}: 1 to 200 characters")


def _expiry(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        moment = parse_expiry(text)
    except ValueError:
        raise UsageFailure(f"--expires: {text!r} is not a date or an RFC 3339 moment") from None
    if moment <= datetime.datetime.now(datetime.UTC):
        raise UsageFailure(f"--expires: {text} is in the past")
    return timestamp(moment)


def _print_json(value: Any) -> None:
    click.echo(msgspec.json.encode(value))


def _key_line(info: KeyInfo) -> str:
    state = "active"
    if info.revoked_at:
        state = f"revoked {info.revoked_at}"
    elif info.expires_at:
        state = f"until {info.expires_at}"
    return f"{info.id}  {info.user}  {info.name}  {' '.join(info.scopes)}  {state}"
