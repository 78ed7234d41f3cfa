"""Deleting one's account: what becomes of groups and trips, and that it is done."""

from typing import NamedTuple

from domain.errors import Conflict
from storage import groups, removal
from storage.groups import Group
from storage.removal import Standing
from storage.store import Tx


class OnlyOwner(Conflict):
    """A user who cannot go: they are the only owner of these groups, which others are in too."""

    def __init__(self, groups: list[Standing]) -> None:
        self.groups = ", ".join(f"{each.name} ({each.group_id})" for each in groups)
        super().__init__(
            f"You are the only owner of {self.groups}, which others are members of: make another"
            " of them an owner, or remove them, and then try again"
        )


class Outlook(NamedTuple):
    """What becomes of a user's groups if the user goes."""

    going: list[Standing]
    """Those of which they are the only member: they go, and their trips with them."""
    staying: list[Standing]
    blocking: list[Standing]
    """Those with others of whom none is an owner: one has to be made, before anyone can go."""


async def outlook(tx: Tx, user_id: str) -> Outlook:
    """What would become of a user's groups."""
    found = Outlook([], [], [])
    for standing in await removal.standings(tx, user_id):
        if standing.others == 0:
            found.going.append(standing)
        elif standing.role == "owner" and standing.other_owners == 0:
            found.blocking.append(standing)
        else:
            found.staying.append(standing)
    return found


async def leave(tx: Tx, user_id: str, now: str) -> Outlook:
    """Deletes a user, and what is only theirs; what became of their groups. `OnlyOwner`."""
    # In one order, so that two of them never wait for each other.
    for group in sorted(await groups.of_user(tx, user_id), key=_by_id):
        await groups.touch(tx, group.id)
    found = await outlook(tx, user_id)
    if found.blocking:
        raise OnlyOwner(found.blocking)
    for standing in found.going:
        await removal.delete_group(tx, standing.group_id)
    await removal.delete_user(tx, user_id, now)
    return found


def _by_id(group: Group) -> str:
    return group.id
