"""`carnet key`: API keys."""

import click

from carnet.arguments import EMAIL, EXPIRY, ID, NAME, RATE_LIMIT, SCOPE
from carnet.console import config_option, json_option, print_json, read, write
from domain.scopes import BASE_SCOPES
from runtime.clock import now
from storage import keys, users
from storage.keys import KeyInfo
from storage.store import Tx


@click.group()
@config_option
def key() -> None:
    """API keys."""


@key.command("create")
@config_option
@click.option("--user", "email", type=EMAIL, required=True, help="The user's e-mail address.")
@click.option("--name", type=NAME, default="key", show_default=True)
@click.option(
    "--scope",
    "scopes",
    type=SCOPE,
    multiple=True,
    help="trips:read, trips:write, messages:read, messages:write, each also as SCOPE:TRIP_ID; "
    "may be given several times; all four if not given.",
)
@click.option("--rate-limit", type=RATE_LIMIT, help="Requests per minute, up to 1,000,000,000.")
@click.option(
    "--expires",
    type=EXPIRY,
    help="A date (the key's last day, UTC) or an RFC 3339 moment; without it, the key stays good.",
)
@json_option
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

    async def create(tx: Tx) -> tuple[str, str]:
        return await keys.create(
            tx,
            user_id=await users.id_of(tx, email),
            name=name,
            now=now(),
            scopes=list(dict.fromkeys(scopes)) or BASE_SCOPES,
            rate_limit=rate_limit,
            expires_at=expires,
        )

    key_id, secret = write(context, create)
    if as_json:
        print_json({"_id": key_id, "key": secret})
    else:
        click.echo(f"id   {key_id}\nkey  {secret}\nThe key is shown only this once.")


@key.command("list")
@config_option
@json_option
@click.pass_context
def key_list(context: click.Context, as_json: bool) -> None:
    """List keys; the keys themselves are not stored."""
    found = read(context, keys.list_all)
    if as_json:
        print_json(found)
        return
    for info in found:
        click.echo(_key_line(info))


@key.command("revoke")
@config_option
@click.argument("key_id", metavar="ID", type=ID)
@json_option
@click.pass_context
def key_revoke(context: click.Context, key_id: str, as_json: bool) -> None:
    """Revoke a key, at once."""
    revoked_at = write(context, lambda tx: keys.revoke(tx, key_id, now()))
    if as_json:
        print_json({"_id": key_id, "revokedAt": revoked_at})
    else:
        click.echo(f"revoked {key_id}")


def _key_line(info: KeyInfo) -> str:
    state = "active"
    if info.revoked_at:
        state = f"revoked {info.revoked_at}"
    elif info.expires_at:
        state = f"until {info.expires_at}"
    return f"{info.id}  {info.user}  {info.name}  {' '.join(info.scopes)}  {state}"
