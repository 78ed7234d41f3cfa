"""What is in a trip: on a day, by words, by kind."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from domain.fields import Date, also, words
from domain.merge import Document
from domain.resources import BY_KIND
from operations import reading
from server.mcp.arguments import PagedOfTrip
from server.mcp.results import Answer, Entry, line, name_of, quote, shown
from server.mcp.tool import Tool, Use
from storage import items
from storage.store import Tx

Kind = Literal[*BY_KIND]  # type: ignore[valid-type]  # derived from the resources


class OfDay(PagedOfTrip, rename="camel", kw_only=True):
    """A day."""

    date: Annotated[Date, also("day", "startDate", "on")]


class Query(PagedOfTrip, rename="camel", kw_only=True):
    """Words to look for."""

    query: Annotated[
        str, Meta(min_length=1, description="words, all of which must be there"), also("text", "q")
    ]


class OfKind(PagedOfTrip, rename="camel", kw_only=True):
    """A kind of items."""

    kind: Annotated[Kind, also("type", "kinds")]


_WORDS: Final = {
    "night": "sleeps at",
    "checkOut": "leaves",
    "pickup": "picks up the rental car",
    "dropoff": "returns the rental car",
}


def _words(what: str) -> str:
    return _WORDS.get(what) or words(what)


async def _get_day(tx: Tx, use: Use) -> Answer:
    date = use.get("date")
    found = [shown(each) for each in await reading.day_of(tx, use.trip_id, date)]
    entries = [Entry(each, line(_words(each["what"]), each)) for each in found]
    on = f"On {date}:" if found else f"Nothing is planned on {date}."
    head = {"tripId": use.trip_id, "date": date}
    return use.page(Answer(text=on, head=head), entries)


async def _find(tx: Tx, use: Use) -> Answer:
    found = await reading.find(
        tx, use.trip_id, use.get("query"), messages=use.call.may_read_messages()
    )
    entries = []
    for kind, document, hit in found:
        told: Document = {"kind": kind, "_id": document["_id"], "name": name_of(document)}
        told["in"] = hit.path
        named = line(words(kind), document, but=[*document])
        entries.append(Entry({**told, "text": hit.text}, f"{named}: {quote(hit.text)}"))
    text = f"{len(found)} found:" if found else "Nothing has all of these words."
    return use.page(Answer(text=text, head={"tripId": use.trip_id, "found": len(found)}), entries)


async def _list_items(tx: Tx, use: Use) -> Answer:
    resource = BY_KIND[use.get("kind")]
    kind, what = resource.kind, words(resource.kind)

    def entry(document: str) -> Entry:
        decoded = shown(msgspec.json.decode(document))
        return Entry(decoded, line(what, decoded))

    head = {"tripId": use.trip_id, "kind": kind}
    return await use.read_page(
        Answer(text=f"{words(resource.snapshot)}:", head=head),
        lambda after, limit: items.page_of_kind(tx, use.trip_id, kind, after=after, limit=limit),
        lambda after: items.count_of_kind(tx, use.trip_id, kind, after=after),
        entry,
    )


GET_DAY = Tool(
    name="get_day",
    title="Get a day",
    description=(
        "What is on in a trip on a date: where one sleeps and which place one leaves, flights,"
        " rental car, commitments with their pins, the leg one is on."
    ),
    arguments=OfDay,
    run=_get_day,
    scope="trips:read",
)
FIND_IN_TRIP = Tool(
    name="find_in_trip",
    title="Find in a trip",
    description=(
        "Finds items of any kind, and messages, by words in any of their texts (names, notes,"
        " addresses, codes ...); capitals and accents do not count."
    ),
    arguments=Query,
    run=_find,
    scope="trips:read",
)
LIST_ITEMS = Tool(
    name="list_items",
    title="List items",
    description=f"All items of one kind in a trip: {', '.join(map(words, BY_KIND))}.",
    arguments=OfKind,
    run=_list_items,
    scope="trips:read",
)
