"""The first run: the user that was there from the first start becomes somebody's."""

from domain import details
from domain.errors import Conflict, ValidationFailed
from domain.sign_in import SetUp
from storage import accounts, credentials, groups, users
from storage.store import Tx

CLAIMED = "This Carnet is set up already: sign in, or have `carnet user reset` print a link"


async def require_open(tx: Tx, *, lock: bool = False) -> str:
    """The id of the first user, who is nobody's yet; else `Conflict`."""
    user_id = await accounts.unclaimed(tx, lock=lock)
    if user_id is None:
        raise Conflict(CLAIMED)
    return user_id


async def claim(tx: Tx, sent: SetUp, hashed: str) -> str:
    """Gives the first user their address, name and password; their id.

    Group and key stay. Of two at once the second finds it done (`Conflict`).
    """
    user_id = await require_open(tx, lock=True)
    if await users.find(tx, sent.email) not in (None, user_id):
        raise ValidationFailed([details.duplicate("email", "another user has this address")])
    for group in sorted(await groups.of_user(tx, user_id), key=lambda group: group.id):
        await groups.touch(tx, group.id)
    await users.rename(tx, user_id, name=sent.name, email=sent.email)
    await credentials.set_password(tx, user_id, hashed)
    return user_id
