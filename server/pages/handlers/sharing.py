"""Sharing a trip by link, and its calendar."""

from operations import calendars, shares, trips
from server.pages.locations import local
from server.pages.visit import Document, Redirect, Visit
from server.route import API
from storage import calendar_tokens
from storage import shares as stored
from storage.shares import Share
from storage.store import Tx


async def show(visit: Visit) -> Document:
    """The link that a trip is shared by, if it is, and where its calendar is.

    The link itself is for those who may make one, as in the API.
    """
    trip_id, user_id = visit.call.trip_id, visit.actor.user
    secret = visit.call.services.signing_secret

    async def read(tx: Tx) -> tuple[str, Share | None, str | None]:
        trip = (await trips.show(tx, trip_id)).document
        share = await stored.active(tx, trip_id, secret)
        return trip["title"], share, await calendar_tokens.active(tx, user_id, secret)

    title, share, feed = await visit.read(read)
    public_url = visit.call.services.public_url
    context = {
        "trip_id": trip_id,
        "back": f"/trips/{trip_id}/share",
        "title": title,
        "may_write": visit.may_write,
        "is_shared": share is not None,
        "link": shares.page_of(public_url, share.token) if share and visit.may_write else "",
        "file": f"{visit.call.services.prefix}{API}/trips/{trip_id}/calendar.ics",
        "feed": f"{public_url}{API}/calendars/{feed}.ics" if feed else "",
    }
    return Document(template="sharing.html", context=context)


async def create(visit: Visit) -> Redirect:
    """Shares the trip; one that is shared keeps its link."""
    trip_id, secret = visit.call.trip_id, visit.call.services.signing_secret
    await visit.write(lambda tx: shares.share(tx, visit.call.cause, trip_id, secret))
    return Redirect(f"/trips/{trip_id}/share?done=shared")


async def stop(visit: Visit) -> Redirect:
    """Ends the link."""
    trip_id = visit.call.trip_id
    await visit.write(lambda tx: shares.stop_sharing(tx, trip_id))
    return Redirect(f"/trips/{trip_id}/share?done=not_shared")


async def open_feed(visit: Visit) -> Redirect:
    """Gives the reader an address to subscribe to all their trips by."""
    call, user_id = visit.call, visit.actor.user
    secret = call.services.signing_secret
    await visit.write(lambda tx: calendars.open_feed(tx, user_id, secret, call.now))
    return Redirect(_back(visit))


async def close_feed(visit: Visit) -> Redirect:
    """Ends that address."""
    await visit.write(lambda tx: calendars.close_feed(tx, visit.actor.user))
    return Redirect(_back(visit))


def _back(visit: Visit) -> str:
    return local(visit.form.get("next", "")) or "/trips"
