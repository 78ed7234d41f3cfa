"""Trips as calendars, and the address of a user's feed."""

import msgspec

from operations import calendars
from operations.calendars import Calendar
from server.route import API, Call, Rendering, Reply, json_reply
from storage.store import Tx


class CalendarLink(msgspec.Struct):
    """Where a calendar is subscribed to."""

    url: str


async def show(tx: Tx, call: Call) -> Rendering:
    """A trip's calendar, for its members."""
    return _rendering(await calendars.of_trip(tx, call.trip_id, call.services.public_url))


async def show_shared(tx: Tx, call: Call) -> Rendering:
    """A shared trip's calendar, in the safe projection."""
    return _rendering(await calendars.of_share(tx, call.token, call.services.public_url))


async def show_feed(tx: Tx, call: Call) -> Rendering:
    """All trips of the token's user, in the safe projection."""
    return _rendering(await calendars.feed(tx, call.token, call.services.public_url))


def _rendering(calendar: Calendar) -> Rendering:
    return Rendering(calendar.write, calendar.state)


async def create_token(tx: Tx, call: Call) -> Reply:
    """The address of the user's feed: a new one (201), or the active one (200)."""
    secret = call.services.signing_secret
    token, is_new = await calendars.open_feed(tx, call.actor.user, secret, call.now)
    url = f"{call.services.public_url}{API}/calendars/{token}.ics"
    return json_reply(CalendarLink(url), 201 if is_new else 200)


async def delete_token(tx: Tx, call: Call) -> Reply:
    """Ends the address of the user's feed."""
    await calendars.close_feed(tx, call.actor.user)
    return Reply(204)
