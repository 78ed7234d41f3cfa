"""Every page, and every form of one. What is not in `PAGES` is not there."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import unquote

from server.pages.handlers import (
    account,
    checklist,
    forgotten,
    group,
    history,
    imports,
    invite,
    keys,
    messages,
    new_trip_imports,
    passkeys,
    passwords,
    preferences,
    provider,
    sessions,
    set_up,
    share,
    sharing,
    sign_in,
    trip,
    trips,
)
from server.pages.visit import PageRoute

PAGES: Final[tuple[PageRoute, ...]] = (
    PageRoute("GET", "/", sign_in.home, "anyone"),
    PageRoute("POST", "/preferences", preferences.change, "anyone"),
    PageRoute("GET", "/setup", set_up.show, "anyone"),
    PageRoute("POST", "/setup", set_up.set_up, "anyone"),
    PageRoute("GET", "/sign-in", sign_in.show, "anyone"),
    PageRoute("POST", "/sign-in", sign_in.sign_in, "anyone"),
    PageRoute("GET", "/sign-in/provider", provider.begin, "anyone"),
    PageRoute("GET", "/sign-in/provider/callback", provider.finish, "anyone"),
    PageRoute("POST", "/sign-out", sign_in.sign_out, "anyone"),
    PageRoute("GET", "/forgotten", forgotten.show, "anyone"),
    PageRoute("POST", "/forgotten", forgotten.send, "anyone"),
    PageRoute("GET", "/reset/{token}", passwords.show_reset, "anyone"),
    PageRoute("POST", "/reset/{token}", passwords.reset, "anyone"),
    PageRoute("GET", "/invite/{token}", invite.show, "anyone"),
    PageRoute("POST", "/invite/{token}", invite.accept, "anyone"),
    PageRoute("GET", "/trips", trips.show),
    PageRoute("POST", "/trips", trips.create),
    PageRoute("GET", "/trips/new", trips.new),
    PageRoute("GET", "/trips/import", new_trip_imports.show),
    PageRoute("POST", "/trips/import", new_trip_imports.run, takes_file=True),
    PageRoute("GET", "/trips/{tripId}", trip.show),
    PageRoute("GET", "/trips/{tripId}/edit", trips.edit),
    PageRoute("POST", "/trips/{tripId}/edit", trips.change),
    PageRoute("POST", "/trips/{tripId}/checklist", checklist.tick),
    PageRoute("POST", "/trips/{tripId}/checklist/items", checklist.add),
    PageRoute("POST", "/trips/{tripId}/messages", messages.send),
    PageRoute("GET", "/trips/{tripId}/share", sharing.show),
    PageRoute("POST", "/trips/{tripId}/share", sharing.create),
    PageRoute("POST", "/trips/{tripId}/share/stop", sharing.stop),
    PageRoute("GET", "/trips/{tripId}/import", imports.show),
    PageRoute("POST", "/trips/{tripId}/import", imports.run, takes_file=True),
    PageRoute("GET", "/trips/{tripId}/history", history.show),
    PageRoute("POST", "/trips/{tripId}/history/{rev}/undo", history.take_back),
    PageRoute("POST", "/calendar", sharing.open_feed),
    PageRoute("POST", "/calendar/stop", sharing.close_feed),
    PageRoute("POST", "/settings/account/passkeys/{passkeyId}/remove", passkeys.remove),
    PageRoute("GET", "/settings/account/password", passwords.show_change),
    PageRoute("POST", "/settings/account/password", passwords.change),
    PageRoute("GET", "/settings/account", account.show),
    PageRoute("POST", "/settings/account", account.change),
    PageRoute("GET", "/settings/account/delete", account.ask_to_delete),
    PageRoute("POST", "/settings/account/delete", account.delete),
    PageRoute("GET", "/settings/group", group.show),
    PageRoute("POST", "/settings/group", group.create),
    PageRoute("GET", "/settings/group/{groupId}", group.show),
    PageRoute("POST", "/settings/group/{groupId}", group.rename),
    PageRoute("GET", "/settings/group/{groupId}/invite", group.ask_to_invite),
    PageRoute("POST", "/settings/group/{groupId}/invite", group.invite),
    PageRoute("POST", "/settings/group/{groupId}/invites/{inviteId}/revoke", group.revoke),
    PageRoute("POST", "/settings/group/{groupId}/members/{userId}", group.change_role),
    PageRoute("GET", "/settings/group/{groupId}/members/{userId}/remove", group.ask_to_remove),
    PageRoute("POST", "/settings/group/{groupId}/members/{userId}/remove", group.remove),
    PageRoute("GET", "/settings/keys", keys.show),
    PageRoute("POST", "/settings/keys", keys.create),
    PageRoute("GET", "/settings/keys/new", keys.form),
    PageRoute("GET", "/settings/keys/{keyId}/revoke", keys.ask_to_revoke),
    PageRoute("POST", "/settings/keys/{keyId}/revoke", keys.revoke),
    PageRoute("GET", "/settings/sessions", sessions.show),
    PageRoute("POST", "/settings/sessions/end", sessions.end),
    PageRoute("POST", "/settings/sessions/end-others", sessions.end_others),
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
