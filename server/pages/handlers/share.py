"""A shared trip, for whoever has the link."""

from typing import Any, Final

import msgspec

from domain.errors import NotFound
from domain.resources import COMMITMENT, LEG, MAP_PIN, STAY
from operations import shares
from operations.shares import StoredShare
from server.pages.itinerary import itinerary_of
from server.pages.map import draw, stops_of
from server.pages.visit import Document, Drawing, Visit
from server.route import API

_SHOWN: Final = (LEG, STAY, MAP_PIN, COMMITMENT)


async def show(visit: Visit) -> Document | Drawing:
    """The trip in the safe projection: its page is drawn anew only when the trip has changed."""
    call = visit.call
    token, public_url = call.token, call.services.public_url
    try:
        stored = await visit.read(lambda tx: shares.read(tx, token, _SHOWN))
    except NotFound as error:
        gone = {"status": error.status, "text": "share.gone", "request_id": call.request_id}
        headers = {"Cache-Control": "no-store"}
        return Document(template="error.html", context=gone, status=error.status, headers=headers)
    calendar = f"{public_url}{API}/shared/trips/{token}/calendar.ics"
    return Drawing(document=lambda: _page(stored, calendar), state=f"{stored.rev} {public_url}")


def _page(stored: StoredShare, calendar: str) -> Document:
    shown = stored.safe()
    whole: dict[str, Any] = msgspec.to_builtins({"trip": shown.trip, **shown.rows})
    context = {
        "itinerary": itinerary_of(whole),
        "map": draw(stops_of(whole["legs"], whole["stays"], whole["mapPins"])),
        "calendar": calendar,
        # What subscribes to calendars has this scheme, whichever one they are then read by.
        "subscribe": f"webcal:{calendar.partition(':')[2]}",
    }
    return Document(template="share.html", context=context)
