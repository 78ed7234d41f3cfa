"""`carnet user export` and `carnet user remove`: what is known of a person, and its end."""

import sys
from pathlib import Path

import click
import msgspec

from carnet.arguments import EMAIL
from carnet.console import config_option, json_option, print_json, read, settings_of, write
from carnet.failure import Failure, UsageFailure
from carnet.whole_file import write_file
from domain.people import FORMER_MEMBER
from domain.session import used_since
from operations.leaving import OnlyOwner, Outlook, leave, outlook
from runtime.clock import now
from storage import personal_data, users
from storage.personal_data import PersonalData
from storage.removal import Standing
from storage.store import Tx


@click.command("export")
@config_option
@click.argument("email", type=EMAIL)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    required=True,
    help="The file, which only you can read; - is standard output.",
)
@click.pass_context
def user_export(context: click.Context, email: str, output: Path) -> None:
    """Write all that is known of a user as JSON, as they can have it themselves."""
    idle_days = settings_of(context).retention.sessions_days

    async def known(tx: Tx) -> PersonalData:
        user_id = await users.id_of(tx, email)
        return await personal_data.of_user(tx, user_id, used_since(now(), idle_days))

    text = msgspec.json.format(msgspec.json.encode(read(context, known))) + b"\n"
    if str(output) == "-":
        click.echo(text, nl=False)
    else:
        write_file(output, lambda file: file.writelines([text]), mode=0o600)


@click.command("remove")
@config_option
@click.argument("email", type=EMAIL)
@click.option("--yes", is_flag=True, help="Delete without asking.")
@json_option
@click.pass_context
def user_remove(context: click.Context, email: str, yes: bool, as_json: bool) -> None:
    """Delete a user for good, with what is only theirs; first says what that is, and asks."""
    if not yes:
        _ask(context, email)

    async def remove(tx: Tx) -> tuple[str, Outlook]:
        user_id = await users.id_of(tx, email)
        return user_id, await leave(tx, user_id, now())

    try:
        user_id, became = write(context, remove)
    except OnlyOwner as error:
        raise _blocked(email, error) from error
    if as_json:
        going, staying = (_ids(each) for each in (became.going, became.staying))
        print_json({"_id": user_id, "deletedGroups": going, "leftGroups": staying})
    else:
        click.echo(f"{email} is deleted")


def _ask(context: click.Context, email: str) -> None:
    """Says what would become of a user's groups, and asks whether that is meant."""
    if not sys.stdin.isatty():
        raise UsageFailure("--yes: nobody is there to be asked whether this is meant")

    async def look(tx: Tx) -> Outlook:
        return await outlook(tx, await users.id_of(tx, email))

    found = read(context, look)
    if found.blocking:
        raise _blocked(email, OnlyOwner(found.blocking))
    for group in found.going:
        _tell(
            f"{group.name} ({group.group_id}) is deleted with all its trips: nobody else is there"
        )
    for group in found.staying:
        _tell(f"{group.name} ({group.group_id}) stays, and so do its trips")
    _tell(f'Their keys and sessions end. Their messages stay, by "{FORMER_MEMBER}"')
    click.confirm(f"Delete {email} for good?", abort=True, err=True)


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _blocked(email: str, error: OnlyOwner) -> Failure:
    return Failure(
        f"{email} is the only owner of {error.groups}, which others are members of: make one of"
        " them an owner by `carnet user role`"
    )


def _ids(groups: list[Standing]) -> list[dict[str, str]]:
    return [{"_id": group.group_id, "name": group.name} for group in groups]
