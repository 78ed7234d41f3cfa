"""`carnet user`: people, and their part in groups."""

import datetime

import click

from carnet.address import base_of_pages
from carnet.arguments import EMAIL, ID, NAME
from carnet.console import config_option, json_option, print_json, read, settings_of, write
from carnet.failure import UsageFailure
from domain.clock import timestamp
from domain.scopes import Role
from domain.sign_in import RESET_HOURS
from runtime.clock import moment, now
from storage import credentials, groups, users
from storage.store import Tx
from storage.users import UserInfo

_ROLE = click.Choice([role.value for role in Role])

_group_option = click.option(
    "--group", "group_id", type=ID, required=True, help="Id of the group, as `user list` tells it."
)


@click.group()
@config_option
def user() -> None:
    """Users."""


@user.command("add")
@config_option
@click.argument("email", type=EMAIL)
@click.option("--name", type=NAME, help="Needed for a new user; one who is there keeps theirs.")
@click.option(
    "--group",
    "group_id",
    type=ID,
    help="Id of the group to join; without it, a new user gets one of their own.",
)
@click.option("--role", type=_ROLE, help="Role in --group; the default is editor.")
@json_option
@click.pass_context
def user_add(
    context: click.Context,
    email: str,
    name: str | None,
    group_id: str | None,
    role: str | None,
    as_json: bool,
) -> None:
    """Add a user; with --group also one who is there already, to that group too."""
    if role and not group_id:
        raise UsageFailure("--role goes with --group: a user is owner of a group of their own")

    async def add(tx: Tx) -> dict[str, str]:
        user_id = await users.find(tx, email) if group_id else None
        if user_id is None:
            if name is None:
                raise UsageFailure("--name: a new user needs a name")
            user_id = await users.create(tx, email=email, name=name, now=now())
        joined, part = group_id, Role(role or Role.EDITOR)
        if joined is None:
            assert name is not None
            joined, part = await groups.create(tx, name=name, now=now()), Role.OWNER
        await groups.add_member(tx, group_id=joined, user_id=user_id, role=part, now=now())
        return {"_id": user_id, "groupId": joined}

    added = write(context, add)
    if as_json:
        print_json(added)
    else:
        click.echo(f"user   {added['_id']}\ngroup  {added['groupId']}")


@user.command("list")
@config_option
@json_option
@click.pass_context
def user_list(context: click.Context, as_json: bool) -> None:
    """List users, with their groups and roles."""
    found = read(context, users.list_all)
    if as_json:
        print_json(found)
        return
    for info in found:
        click.echo(_user_line(info))


@user.command("role")
@config_option
@click.argument("email", type=EMAIL)
@_group_option
@click.option("--role", type=_ROLE, required=True)
@json_option
@click.pass_context
def user_role(context: click.Context, email: str, group_id: str, role: str, as_json: bool) -> None:
    """Give a member of a group another role; a group keeps an owner."""

    async def change(tx: Tx) -> str:
        user_id = await users.id_of(tx, email)
        await groups.set_role(tx, group_id=group_id, user_id=user_id, role=Role(role))
        return user_id

    user_id = write(context, change)
    if as_json:
        print_json({"_id": user_id, "groupId": group_id, "role": role})
    else:
        click.echo(f"{email} is {role} of {group_id}")


@user.command("leave")
@config_option
@click.argument("email", type=EMAIL)
@_group_option
@json_option
@click.pass_context
def user_leave(context: click.Context, email: str, group_id: str, as_json: bool) -> None:
    """Take a user out of a group; a group keeps an owner."""

    async def remove(tx: Tx) -> str:
        user_id = await users.id_of(tx, email)
        await groups.remove_member(tx, group_id=group_id, user_id=user_id)
        return user_id

    user_id = write(context, remove)
    if as_json:
        print_json({"_id": user_id, "groupId": group_id})
    else:
        click.echo(f"{email} has left {group_id}")


@user.command("reset")
@config_option
@click.argument("email", type=EMAIL)
@json_option
@click.pass_context
def user_reset(context: click.Context, email: str, as_json: bool) -> None:
    """Print a link by which a user sets a new password; it is good for a day, and works once."""
    settings = settings_of(context)
    expires_at = timestamp(moment() + datetime.timedelta(hours=RESET_HOURS))

    async def reset(tx: Tx) -> str:
        user_id = await users.id_of(tx, email)
        return await credentials.create_reset(tx, user_id, now=now(), expires_at=expires_at)

    token = write(context, reset)
    url = f"{base_of_pages(settings)}/reset/{token}"
    if as_json:
        print_json({"url": url, "expiresAt": expires_at})
    else:
        click.echo(f"{url}\nIt is good until {expires_at}, and works once.")


def _user_line(info: UserInfo) -> str:
    groups = ", ".join(f"{group.role} of {group.name} ({group.id})" for group in info.groups)
    return f"{info.id}  {info.email}  {info.name}  {groups or 'in no group'}"
