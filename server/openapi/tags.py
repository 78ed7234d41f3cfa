"""What operations are grouped by."""

import inspect
from collections.abc import Iterable
from typing import Final

from domain.resources import RESOURCES
from server.route import Route

_ABOUT: Final = {
    "me": "Who one is: the key in use, its user, their groups.",
    "session": "Signing in and out, for people with a browser.",
    "passkeys": "Passkeys of whoever is signed in (W3C Web Authentication Level 3).",
    "keys": "API keys of whoever is signed in.",
    "people": "Groups, their members, and invitations.",
    "trips": "Trips, and all that is in one at once: export and sync.",
    "messages": "Channels of a trip, and what its members say there.",
    "members": "Who plans and travels: the members of a trip's group.",
    "changes": "What changed since when and who did it, as it happens, and taking it back.",
    "sharing": "A link that shows a trip to anyone, without what is private.",
    "calendars": "Trips for calendar programs (RFC 5545).",
    "jobs": "Large requests that are done after they were taken.",
    "webhooks": "Addresses that are told what happens, signed as Standard Webhooks says.",
    "meta": "The API itself.",
} | {each.collection: (inspect.getdoc(each.struct) or "").splitlines()[0] for each in RESOURCES}


def tags_of(routes: Iterable[Route]) -> list[dict[str, str]]:
    """The tags of a table's routes, each with what it is about."""
    names = dict.fromkeys(route.tag for route in routes)
    return [{"name": name, "description": _ABOUT[name]} for name in names]
