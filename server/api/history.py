"""What changed in a trip since when, and who did it."""

import msgspec

from domain.history import Change, Entry, EntryItem
from operations import history
from server.api.lists import PageRequest
from server.route import Call, Reply, json_reply
from storage.history import Place
from storage.store import Tx


class ChangePage(msgspec.Struct, rename="camel"):
    """A page of what changed; after the last one the client is at `rev`."""

    items: list[Change]
    rev: int
    next_cursor: str | None


class HistoryPage(msgspec.Struct, rename="camel"):
    """A page of changesets."""

    items: list[Entry]
    next_cursor: str | None


class Changeset(Entry, rename="camel", omit_defaults=True, kw_only=True):
    """A changeset, and a page of what it did."""

    items: list[EntryItem]
    next_cursor: str | None


async def changes(tx: Tx, call: Call) -> Reply:
    """A page of the rows that changed after a revision, each once, as they are now."""
    request = PageRequest(call, f"{call.trip_id}/changes")
    since = int(call.request.query.get("since", 0))
    after: Place | None = None
    if request.after is not None:
        known, rev, row_id = request.after
        since, after = int(known), (rev, row_id)
    found = await history.changes(
        tx, call.trip_id, since, after, request.limit, messages=call.may_read_messages()
    )
    following = None
    if found.next is not None:
        # From where on the journal has to be whole for the pages to come: what is sent now of a
        # client that knows nothing may be deleted before it has all.
        following = (str(since or found.kept.rev), *found.next)
    return json_reply(ChangePage(found.changes, found.kept.rev, request.next_cursor(following)))


async def entries(tx: Tx, call: Call) -> Reply:
    """A page of the trip's changesets, latest first."""
    request = PageRequest(call, f"{call.trip_id}/history")
    before = request.after[1] if request.after else None
    found, following = await history.entries(
        tx, call.trip_id, before, request.limit, messages=call.may_read_messages()
    )
    place = None if following is None else ("", following, "")
    return json_reply(HistoryPage(found, request.next_cursor(place)))


async def changeset(tx: Tx, call: Call) -> Reply:
    """One changeset, with a page of what it did."""
    request = PageRequest(call, f"{call.trip_id}/history/{call.rev}")
    after_id = request.after[2] if request.after else ""
    found = await history.changeset(
        tx, call.trip_id, call.rev, after_id, request.limit, messages=call.may_read_messages()
    )
    place = None if found.next is None else ("", call.rev, found.next)
    told = msgspec.structs.asdict(found.entry)
    following = request.next_cursor(place)
    return json_reply(Changeset(**told, items=found.items, next_cursor=following))
