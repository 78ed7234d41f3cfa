"""A client's copy of a trip, kept up to date by deltas, and whether it is the trip."""

import dataclasses

import msgspec

from domain.message import CHANNEL, MESSAGE
from domain.resources import RESOURCES
from domain.trip import TRIP
from tests.support import Client, World

Documents = dict[tuple[str, str], bytes]
"""Every document of a trip to the letter, by kind and id."""

_export = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])


class _Item(msgspec.Struct, rename={"id": "_id"}):
    rev: int
    kind: str
    id: str
    document: msgspec.Raw = msgspec.Raw()
    deleted: bool = False


class _Page(msgspec.Struct, rename="camel"):
    items: list[_Item]
    rev: int
    next_cursor: str | None


async def exported(client: Client, trip: str) -> tuple[int, Documents]:
    """The revision and the documents of an export."""
    parts = _export.decode((await client.get(f"{trip}/export")).raw)
    found: Documents = {}
    _add(found, TRIP.kind, parts["trip"])
    for resource in RESOURCES:
        for document in _list.decode(parts[resource.snapshot]):
            _add(found, resource.kind, document)
    return msgspec.json.decode(parts["rev"]), found


async def whole(world: World, trip: str) -> Documents:
    """The documents of an export, of all channels and of all messages."""
    _, found = await exported(world.client, trip)
    for channel in await _all_of(world.client, f"{trip}/channels"):
        channel_id = _add(found, CHANNEL.kind, channel)
        for message in await _all_of(world.client, f"{trip}/channels/{channel_id}/messages"):
            _add(found, MESSAGE.kind, message)
    return found


async def _all_of(client: Client, path: str) -> list[msgspec.Raw]:
    found, cursor = [], ""
    while True:
        answer = (await client.get(f"{path}?cursor={cursor}")).raw
        page = _export.decode(answer)
        found += _list.decode(page["items"])
        following = msgspec.json.decode(page["nextCursor"])
        if following is None:
            return found
        cursor = following


def _add(found: Documents, kind: str, document: msgspec.Raw) -> str:
    row_id: str = msgspec.json.decode(document)["_id"]
    assert (kind, row_id) not in found
    found[kind, row_id] = bytes(document)
    return row_id


@dataclasses.dataclass
class Copy:
    """What a client knows of a trip."""

    client: Client
    trip: str
    rev: int = 0
    documents: Documents = dataclasses.field(default_factory=dict)

    async def page(self, limit: int, cursor: str | None = None) -> str | None:
        """Applies the next page; the cursor of the one after, None when this was the last."""
        query = f"since={self.rev}" if cursor is None else f"cursor={cursor}"
        answer = await self.client.get(f"{self.trip}/changes?{query}&limit={limit}")
        assert answer.status == 200, answer.raw
        found = msgspec.json.decode(answer.raw, type=_Page)
        assert len(found.items) == limit or found.next_cursor is None
        revs = [item.rev for item in found.items]
        assert revs == sorted(revs)
        assert len({(item.kind, item.id) for item in found.items}) == len(found.items)
        for item in found.items:
            assert self.rev < item.rev <= found.rev
            if item.deleted:
                assert not item.document
                self.documents.pop((item.kind, item.id), None)
            else:
                self.documents[item.kind, item.id] = bytes(item.document)
        if found.next_cursor is None:
            self.rev = found.rev
        return found.next_cursor

    async def catch_up(self, limit: int = 200) -> None:
        """Applies all pages there are."""
        cursor = await self.page(limit)
        while cursor is not None:
            cursor = await self.page(limit, cursor)
