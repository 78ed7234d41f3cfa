"""The command line (contract section 8)."""

import functools
import sys

import click
import structlog

from carnet.arguments import EMAIL, NAME, require_text
from carnet.commands_account import user_export, user_remove
from carnet.commands_backup import backup_command, restore_command
from carnet.commands_check import check_command
from carnet.commands_export import export_command
from carnet.commands_healthcheck import healthcheck
from carnet.commands_import import import_command
from carnet.commands_key import key
from carnet.commands_mcp import mcp
from carnet.commands_migrate import migrate_command
from carnet.commands_user import user
from carnet.commands_version import version_command
from carnet.console import config_option, json_option, print_json, require_current, run, settings_of
from carnet.failure import Failure, UsageFailure
from domain.account import AccountError
from domain.errors import CarnetError, Unavailable
from runtime import logs, tracing
from runtime.clock import now
from runtime.configuration import ConfigError
from storage import StorageUrlError, accounts, server_state
from storage.copying import BackupError
from storage.in_use import in_use
from storage.migrate import MigrationError
from storage.store import DatabaseError, Store
from storage.upgrade import upgrade

_log = structlog.get_logger("carnet.cli")


def main(arguments: list[str] | None = None) -> None:
    """Runs the program; whatever is wrong with what was asked is one line on stderr."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        require_text(arguments)
        code = cli.main(args=arguments, prog_name="carnet", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help(), err=True)
        sys.exit(2)
    except click.ClickException as error:
        _fail(error.format_message(), 2)
    except ConfigError as error:
        for line in error.lines:
            _tell(line)
        sys.exit(2)
    except AccountError as error:
        _fail(str(error), 2)
    except StorageUrlError as error:
        _fail(f"{error.setting}: {error}", 2)
    except Unavailable as error:
        _fail(str(error.__cause__ or error), 1)
    except (DatabaseError, MigrationError, BackupError, CarnetError, OSError) as error:
        _fail(str(error), 1)
    except Failure as error:
        _fail(str(error), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> None:
    _tell(message)
    sys.exit(code)


def _tell(message: str) -> None:
    click.echo(f"carnet: {' '.join(message.split())}", err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="carnet")
@config_option
def cli() -> None:
    """Carnet, a self-hosted server for planning trips together."""


@cli.command()
@config_option
@click.pass_context
def serve(context: click.Context) -> None:
    """Serve the API and the pages; a first start prints a key, and a link to set up by."""
    from carnet.serve import serve as run_server

    settings = settings_of(context)
    logs.configure(settings.log.level, settings.log.format)
    tracing.configure(settings.tracing)

    async def work(store: Store) -> None:
        await run_server(settings, store, functools.partial(click.echo))

    with in_use(settings.storage.url, "server" if settings.queue.url else "all"):
        run(settings, work, create=True)


@cli.command()
@config_option
@click.option("--email", type=EMAIL, default="owner@localhost", show_default=True)
@click.option("--name", type=NAME, default="Owner", show_default=True)
@click.option(
    "--group", type=NAME, default="Home", show_default=True, help="Name of the first group."
)
@json_option
@click.pass_context
def init(context: click.Context, email: str, name: str, group: str, as_json: bool) -> None:
    """Set up a new database: a first user, who owns a group, and a key."""
    from carnet.first_start import invitation

    settings = settings_of(context)

    async def work(store: Store) -> tuple[accounts.FirstAccount, bytes]:
        await upgrade(store, settings.storage.url, now())
        first = await store.write(
            lambda tx: accounts.set_up(tx, email=email, name=name, group=group, now=now())
        )
        return first, await store.write(server_state.signing_secret)

    first, secret = run(settings, work, create=True)
    if as_json:
        print_json({"userId": first.user_id, "groupId": first.group_id, "apiKey": first.api_key})
        return
    click.echo(f"user   {first.user_id}\ngroup  {first.group_id}\nkey    {first.api_key}")
    click.echo("The key is shown only this once.")
    click.echo(invitation(settings, secret), nl=False)


@cli.command()
@config_option
@click.pass_context
def worker(context: click.Context) -> None:
    """Run a queue worker, until SIGTERM."""
    settings = settings_of(context)
    if not settings.queue.url:
        raise UsageFailure("queue.url is empty: `carnet serve` does the jobs itself")
    from carnet.collector import spare_what_stays
    from carnet.metrics_port import metrics_port
    from carnet.program import health_of_worker, program
    from carnet.stop import Stop
    from workers.arq_worker import run_worker

    logs.configure(settings.log.level, settings.log.format)
    tracing.configure(settings.tracing)

    async def work(store: Store) -> None:
        await require_current(store)
        spare_what_stays()
        stopping = Stop().requested
        async with (
            metrics_port(settings, store) as port,
            health_of_worker(store, settings, stopping) as port.health,
        ):
            _log.info("started", **program(store))
            await run_worker(store, settings, stopping)

    with in_use(settings.storage.url, "worker"):
        run(settings, work, create=False)


@cli.group("_run", hidden=True)
def run_child() -> None:
    """The program's own processes, which `carnet serve` starts (see `carnet.supervisor`)."""


@run_child.command("server")
@click.argument("descriptor", type=int)
def run_server_process(descriptor: int) -> None:
    """Serve on an open socket."""
    from carnet.child import supervised
    from carnet.server_process import serve_for

    with supervised() as parent:
        run(parent.settings, lambda store: serve_for(parent, store, descriptor), create=False)


@run_child.command("worker")
def run_worker_process() -> None:
    """Do the jobs of the server's own database."""
    from carnet.child import supervised
    from carnet.worker_process import do_jobs

    with supervised() as parent:
        run(parent.settings, lambda store: do_jobs(store, parent), create=False)


cli.add_command(migrate_command)
user.add_command(user_export)
user.add_command(user_remove)
cli.add_command(user)
cli.add_command(key)
cli.add_command(import_command)
cli.add_command(export_command)
cli.add_command(backup_command)
cli.add_command(restore_command)
cli.add_command(check_command)
cli.add_command(healthcheck)
cli.add_command(mcp)
cli.add_command(version_command)
