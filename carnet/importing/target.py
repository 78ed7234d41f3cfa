"""The trip that an import is for: one that is there, or a new one."""

from datetime import date

from carnet.client import CarnetClient, Document
from carnet.failure import Failure, UsageFailure
from formats.survey import Survey


def require_scopes(me: Document, trip_id: str | None) -> None:
    """`Failure` where the key may not do all that an import takes."""
    scopes = me["key"]["scopes"]
    missing = [
        scope
        for scope in ("trips:read", "trips:write")
        if scope not in scopes and f"{scope}:{trip_id}" not in scopes
    ]
    if missing:
        where = f" of trip {trip_id}" if trip_id else ""
        raise Failure(
            f"the key {me['key']['name']!r} lacks {' and '.join(missing)}{where}:"
            f" it has {', '.join(scopes) or 'no scopes'}"
        )


async def require_new_title(client: CarnetClient, title: str) -> None:
    """`UsageFailure` where a trip has the title: importing twice must not make two."""
    async for trip in client.iterate_trips():
        if trip["title"] == title:
            raise UsageFailure(
                f"--new-trip: there is a trip {title!r} already: say --trip {trip['_id']}"
            )


def planned(me: Document, title: str, seen: Survey) -> Document:
    """The body of a new trip in the default group; what has no dates is for today."""
    group_id = me.get("defaultGroupId")
    if not group_id:
        raise Failure("the key's user is in no group that a trip could be made in")
    today = date.today().isoformat()  # noqa: DTZ011 - where the person is
    first, last = seen.first or today, seen.last or today
    return {"groupId": group_id, "title": title, "startDate": first, "endDate": last}


def told(trip: Document, seen: Survey) -> str:
    """What was chosen for a new trip, for a person."""
    why = "by the dates of what is imported" if seen.last else "today, since nothing has dates"
    when = f"{trip['startDate']} to {trip['endDate']}"
    name = f" ({trip['_id']})" if "_id" in trip else ""
    return f"new trip {trip['title']!r}{name}, {when}: {why}"
