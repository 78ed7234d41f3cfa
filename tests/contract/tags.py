"""Entity tags, and what has them."""

import re
from typing import Any

from tests.contract.kinds import BY_NAME, channel_path, rows_path
from tests.support import World


def tag(response: Any) -> str:
    """A response's tag, which has the form of one."""
    found: str = response.headers["ETag"]
    assert re.fullmatch(r'(W/)?"[\x21\x23-\x7e]+"', found)
    return found


async def readable(world: World) -> list[str]:
    """The paths of all that is read of a trip."""
    stays = await rows_path(world, BY_NAME["stay"])
    names = ("", "/export", "/legs", "/map-pins", "/action-items", "/commitments", "/members")
    return [world.trip + name for name in (*names, "/channels", "/calendar.ics")] + [
        stays,
        await channel_path(world),
    ]
