"""Messages of the API in words of the tools: an assistant has no routes to call."""

import re
from typing import Final

from domain.fields import words
from domain.resource import Resource
from domain.resources import MAP_PIN, RESOURCES

_ROUTE: Final = re.compile(
    r"(GET|POST|PATCH|DELETE) (?:/api/v1)?(/[\w{}/:-]*|\.\.\./sync)(\?[\w=]+)?"
)


def upsert_name(resource: Resource) -> str:
    """The tool that makes and changes rows of a resource."""
    return (
        "upsert_pins"
        if resource is MAP_PIN
        else f"upsert_{words(resource.snapshot)}".replace(" ", "_")
    )


_TOOLS: Final[dict[tuple[str, str], str]] = {
    ("GET", "/me"): "whoami",
    ("GET", "/trips"): "list_trips",
    ("GET", "/trips/{tripId}/members"): "get_trip",
    ("GET", "/trips/{tripId}/export"): "list_items",
    ("GET", "/trips/{tripId}/history"): "history",
    ("GET", "/trips/{tripId}/channels"): "list_messages",
    ("POST", "/trips/{tripId}/sync"): "sync_trip",
    ("POST", ".../sync"): "sync_trip",
    ("POST", "/trips/{tripId}/channels/{channelId}/messages"): "post_message",
    **{("GET", f"/trips/{{tripId}}{each.path}"): "list_items" for each in RESOURCES},
    **{("POST", f"/trips/{{tripId}}{each.path}"): upsert_name(each) for each in RESOURCES},
}


def in_tools(message: str) -> str:
    """A message whose routes are named by the tools that do the same, where there are any."""
    message = message.replace("PATCH or DELETE the trip", "update_trip or archive_trip changes it")
    return _ROUTE.sub(_tool, message)


def _tool(route: re.Match[str]) -> str:
    name = _TOOLS.get((route[1], route[2]))
    if name is None:
        return route[0]
    return f"{name} with dryRun" if route[3] else name
