"""One's passkeys, on the page of one's account; a script adds them, by the API."""

from runtime.ids import is_id
from server.pages.visit import Redirect, Visit
from storage import passkeys
from storage.passkeys import PasskeyInfo


async def of_visitor(visit: Visit) -> list[PasskeyInfo]:
    """What `account_passkeys.html` is given as `passkeys`."""
    return await visit.read(lambda tx: passkeys.of_user(tx, visit.actor.user))


async def remove(visit: Visit) -> Redirect:
    """Removes one; nothing is said where it was gone already."""
    passkey_id = visit.call.params["passkeyId"]
    if is_id(passkey_id):
        await visit.write(lambda tx: passkeys.delete(tx, visit.actor.user, passkey_id))
    return Redirect("/settings/account?done=passkey_removed")
