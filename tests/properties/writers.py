"""Writes of every sort in a trip, drawn beforehand and done against whatever is there then."""

import dataclasses
from typing import Any

from hypothesis import strategies as st

from domain.message import MESSAGE
from domain.resource import Resource
from domain.resources import BY_KIND, LEG, RESOURCES
from tests.properties.generate import bodies, snapshots
from tests.support import Client

REFS = st.sampled_from(["a", "b", "c"])
"""Few clientRefs, so that creates merge and rows take each other's."""


@dataclasses.dataclass(frozen=True)
class Write:
    """One request; `pick` chooses among the rows that there are."""

    what: str
    pick: int
    kind: str
    body: Any

    @property
    def resource(self) -> Resource:
        return BY_KIND[self.kind]


@st.composite
def writes(draw: st.DrawFn, owner: str) -> Write:
    """A write of any sort."""
    what = draw(
        st.sampled_from(
            [
                *("create", "create", "merge", "change", "ref", "delete", "delete", "sync"),
                *("trip", "message", "undo", "undo", "undo"),
            ]
        )
    )
    resource = draw(st.sampled_from(RESOURCES))
    body = dict(draw(bodies(resource)))
    if what == "merge":
        body["clientRef"] = draw(REFS)
    elif what == "ref":
        body = {"clientRef": draw(st.none() | REFS)}
    elif what == "sync":
        body = draw(snapshots(owner, most=2))
    elif what == "trip":
        body = {"title": draw(st.sampled_from(["A", "B"])), "status": "active"}
    elif what == "undo":
        body = {"force": draw(st.booleans())}
    elif what == "message":
        body = {"content": draw(st.sampled_from(["Hello", "Bye"]))}
    return Write(what, draw(st.integers(0, 1_000)), resource.kind, body)


async def do(client: Client, trip: str, write: Write) -> None:
    """Does a write, as far as there is anything to do it to."""
    match write.what:
        case "undo":
            entries = (await client.get(f"{trip}/history?limit=5")).json["items"]
            rev = entries[write.pick % len(entries)]["rev"]
            force = "true" if write.body["force"] else "false"
            await client.post(f"{trip}/history/{rev}/undo?force={force}")
        case "trip":
            await client.patch(trip, write.body)
        case "sync":
            await client.post(f"{trip}/sync", write.body)
        case "message":
            channels = (await client.get(f"{trip}/channels")).json["items"]
            path = f"{trip}/channels/{channels[0]['_id']}/{MESSAGE.collection}"
            await client.post(path, write.body)
        case what:
            collection = await _collection(client, trip, write)
            if collection is None:
                return
            if what in ("create", "merge"):
                await client.post(collection, write.body)
                return
            row_id = await _pick(client, collection, write.pick)
            if row_id is not None and what == "delete":
                await client.delete(f"{collection}/{row_id}")
            elif row_id is not None:
                await client.patch(f"{collection}/{row_id}", write.body)


async def _collection(client: Client, trip: str, write: Write) -> str | None:
    """The path of a collection of the write's resource; None where it has no parent to be in."""
    if write.resource.parent is None:
        return f"{trip}{write.resource.path}"
    leg_id = await _pick(client, f"{trip}{LEG.path}", write.pick // 7)
    if leg_id is None:
        return None
    return f"{trip}{write.resource.path.format(legId=leg_id)}"


async def _pick(client: Client, collection: str, number: int) -> str | None:
    # Others write at the same time: what is picked may be gone when it is used.
    page = await client.get(f"{collection}?limit=200")
    items = page.json["items"] if page.status == 200 else []
    return str(items[number % len(items)]["_id"]) if items else None
