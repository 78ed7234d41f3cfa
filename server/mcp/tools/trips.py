"""Trips as a whole: who asks, which there are, make and change them, share them."""

import msgspec

from domain.merge import Document
from domain.resources import LEG, RESOURCES
from domain.trip import TRIP
from operations import shares, trips
from server.api import me
from server.api.shares import link_of
from server.mcp.arguments import Nothing, OfTrip, Paged, PagedOfTrip
from server.mcp.results import Answer, Entry, line, quote, shown
from server.mcp.tool import Tool, Use
from storage import items
from storage import trips as stored
from storage.store import Tx

_MEMBERS = 30
"""Members that are told; those of a family are fewer."""


async def _whoami(tx: Tx, use: Use) -> Answer:
    told: Document = msgspec.to_builtins(await me.of(tx, use.call))
    groups = [Entry(group, line("group", group)) for group in told.pop("groups")]
    scopes = ", ".join(told["key"]["scopes"])
    text = f"{line('user', told['user'])}; this key's scopes: {scopes or 'none'}"
    return use.page(Answer(text=text, head=told, listed="groups"), groups)


async def _list_trips(tx: Tx, use: Use) -> Answer:
    actor = use.call.actor
    among = trips.visible_to(actor)
    return await use.read_page(
        Answer(text="Trips, by age:"),
        lambda after, limit: trips.list_trips(tx, actor, after, limit),
        lambda after: stored.count(tx, actor.user, among=among, after=after),
        lambda document: _entry("trip", msgspec.json.decode(document)),
    )


def _entry(what: str, document: Document) -> Entry:
    return Entry(shown(document), line(what, document))


async def _get_trip(tx: Tx, use: Use) -> Answer:
    trip = shown((await trips.show(tx, use.trip_id)).document)
    members = await trips.members(tx, use.trip_id, None, _MEMBERS)
    people = [msgspec.json.decode(member) for member in members.documents]
    counted = await items.counts(tx, use.trip_id)
    counts = {each.snapshot: counted.get(each.kind, 0) for each in RESOURCES}
    rev = (await stored.revisions(tx, use.trip_id)).content
    who = ", ".join(f"{quote(each['name'])} ({each['userId']}, {each['role']})" for each in people)
    many = ", ".join(f"{count} {name}" for name, count in counts.items())
    head = {"trip": trip, "counts": counts, "members": people, "rev": rev}
    if members.next is not None:
        head["moreMembers"] = True
    return await use.read_page(
        Answer(text=f"{line('trip', trip)}\n{many}\nmembers: {who}", head=head, listed="legs"),
        lambda after, limit: items.page(tx, use.trip_id, LEG.kind, after=after, limit=limit),
        lambda after: items.count_of_kind(
            tx, use.trip_id, LEG.kind, after=("/" + after[0], after[1], after[2])
        ),
        lambda document: _entry("leg", msgspec.json.decode(document)),
    )


async def _create_trip(tx: Tx, use: Use) -> Answer:
    fields = dict(use.body)
    if fields.get("groupId") is None:
        groups = (await me.of(tx, use.call)).groups
        if groups:
            fields["groupId"] = groups[0].id
    trip = (await trips.create(tx, use.call.cause, fields)).document
    return _of_trip("created", trip)


async def _update_trip(tx: Tx, use: Use) -> Answer:
    return _of_trip("now", (await trips.change(tx, use.call.cause, use.trip_id, use.body)).document)


async def _archive_trip(tx: Tx, use: Use) -> Answer:
    return _of_trip("now", (await trips.archive(tx, use.call.cause, use.trip_id)).document)


def _of_trip(what: str, trip: Document) -> Answer:
    return Answer(text=f"{what}: {line('trip', trip)}", head={"trip": shown(trip)})


async def _share_trip(tx: Tx, use: Use) -> Answer:
    share, is_new = await shares.share(
        tx, use.call.cause, use.trip_id, use.call.services.signing_secret
    )
    link = link_of(use.call, share)
    page = shares.page_of(use.call.services.public_url, share.token)
    which = "A new link" if is_new else "The link there was already"
    text = f"{which} to a read-only view without codes, contacts and notes: {page}"
    return Answer(text=text, head={**msgspec.to_builtins(link), "page": page})


WHOAMI = Tool(
    name="whoami",
    title="Who am I",
    description="The user this key acts for, their groups, and what the key may do.",
    arguments=Nothing,
    run=_whoami,
)
LIST_TRIPS = Tool(
    name="list_trips",
    title="List trips",
    description="All trips, oldest first, with their dates and ids.",
    arguments=Paged,
    run=_list_trips,
    scope="trips:read",
)
GET_TRIP = Tool(
    name="get_trip",
    title="Get a trip",
    description=(
        "A trip: its dates, members, how many items of each kind it has, and its legs in order"
        " with accommodation, flights and rental car."
    ),
    arguments=PagedOfTrip,
    run=_get_trip,
    scope="trips:read",
)
CREATE_TRIP = Tool(
    name="create_trip",
    title="Create a trip",
    description="Makes a trip, in the user's first group unless groupId names another.",
    arguments=Nothing,
    body=TRIP,
    required=("title", "startDate", "endDate"),
    run=_create_trip,
    scope="trips:write",
    writes=True,
)
UPDATE_TRIP = Tool(
    name="update_trip",
    title="Update a trip",
    description="Changes a trip's title, dates or status; what is left out stays.",
    arguments=OfTrip,
    body=TRIP,
    run=_update_trip,
    scope="trips:write",
    writes=True,
    idempotent=True,
)
ARCHIVE_TRIP = Tool(
    name="archive_trip",
    title="Archive a trip",
    description="Marks a trip as completed. Nothing is deleted; update_trip can make it active.",
    arguments=OfTrip,
    run=_archive_trip,
    scope="trips:write",
    writes=True,
    idempotent=True,
)
SHARE_TRIP = Tool(
    name="share_trip",
    title="Share a trip",
    description=(
        "A public link to a read-only view of a trip, for anyone who has it. Ask the user first."
    ),
    arguments=OfTrip,
    run=_share_trip,
    scope="trips:write",
    writes=True,
    idempotent=True,
)
