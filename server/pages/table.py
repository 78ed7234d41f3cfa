"""Every page, and every form of one. What is not in `PAGES` is not there."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import unquote

from server.pages.handlers import (
    checklist,
    history,
    keys,
    messages,
    preferences,
    share,
    sharing,
    sign_in,
    trip,
    trips,
)
from server.pages.visit import PageRoute

PAGES: Final[tuple[PageRoute, ...]] = (
    PageRoute("GET", "/", sign_in.home, "anyone"),
    PageRoute("GET", "/sign-in", sign_in.show, "anyone"),
    PageRoute("POST", "/sign-out", sign_in.sign_out, "anyone"),
    PageRoute("POST", "/preferences", preferences.change, "anyone"),
    PageRoute("GET", "/trips", trips.show),
    PageRoute("POST", "/trips", trips.create),
    PageRoute("GET", "/trips/new", trips.new),
    PageRoute("GET", "/trips/{tripId}", trip.show),
    PageRoute("GET", "/trips/{tripId}/edit", trips.edit),
    PageRoute("POST", "/trips/{tripId}/edit", trips.change),
    PageRoute("POST", "/trips/{tripId}/checklist", checklist.tick),
    PageRoute("POST", "/trips/{tripId}/checklist/items", checklist.add),
    PageRoute("POST", "/trips/{tripId}/messages", messages.send),
    PageRoute("GET", "/trips/{tripId}/share", sharing.show),
    PageRoute("POST", "/trips/{tripId}/share", sharing.create),
    PageRoute("POST", "/trips/{tripId}/share/stop", sharing.stop),
    PageRoute("GET", "/trips/{tripId}/history", history.show),
    PageRoute("POST", "/trips/{tripId}/history/{rev}/undo", history.take_back),
    PageRoute("POST", "/calendar", sharing.open_feed),
    PageRoute("POST", "/calendar/stop", sharing.close_feed),
    PageRoute("GET", "/settings/keys", keys.show),
    PageRoute("POST", "/settings/keys", keys.create),
    PageRoute("GET", "/settings/keys/new", keys.form),
    PageRoute("GET", "/settings/keys/{keyId}/revoke", keys.ask_to_revoke),
    PageRoute("POST", "/settings/keys/{keyId}/revoke", keys.revoke),
    PageRoute("GET", "/t/{token}", share.show, "link"),
)


class Found(NamedTuple):
    """The routes of a path, by their methods, and what the path has in the places of names."""

    routes: Mapping[str, PageRoute]
    params: Mapping[str, str]


def find(path: str, pages: Sequence[PageRoute] = PAGES) -> Found | None:
    """What there is at a raw path below that of the public URL."""
    segments = [unquote(segment) for segment in path.split("/")]
    for template in dict.fromkeys(page.path for page in pages):
        params = _match(template.split("/"), segments)
        if params is not None:
            return Found({page.method: page for page in pages if page.path == template}, params)
    return None


def _match(template: list[str], segments: list[str]) -> dict[str, str] | None:
    if len(template) != len(segments):
        return None
    params = {}
    for wanted, given in zip(template, segments, strict=True):
        if wanted.startswith("{") and given:
            params[wanted[1:-1]] = given
        elif wanted != given:
            return None
    return params
