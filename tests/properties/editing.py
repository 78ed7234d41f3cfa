"""Histories of a trip: writes of every kind, one after another, undos among them.

What is drawn names rows by number, so that it can be drawn before there are any; a write that does
not fit is refused, and that is that.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st

from domain.resource import Resource
from domain.resources import BY_KIND, RESOURCES
from domain.shape import members_of
from domain.trip import TRIP
from tests.contract.kinds import one_of_each
from tests.properties.generate import bodies, snapshots
from tests.support import World

REFS = st.sampled_from([None, *(f"{each.kind}-{n}" for each in RESOURCES for n in range(2))])
NUMBER = st.sampled_from(range(12))


@dataclasses.dataclass(frozen=True)
class Write:
    """One write: to the row of a number where it is about one."""

    does: str
    number: int = 0
    body: Any = None
    resource: str = ""
    links: int = 0


@st.composite
def patches(draw: st.DrawFn, resource: Resource) -> dict[str, Any]:
    """A PATCH: some members of a body, some cleared, and maybe another clientRef."""
    body = draw(bodies(resource))
    names = draw(st.lists(st.sampled_from(sorted(body)), min_size=1, max_size=4, unique=True))
    members = members_of(resource.struct).by_name
    optional = sorted(name for name, each in members.items() if not each.required)
    patch = {name: body[name] for name in names}
    if draw(st.booleans()) and optional:
        patch[draw(st.sampled_from(optional))] = None
    if "clientRef" in members and draw(st.integers(0, 3)) == 0:
        patch["clientRef"] = draw(REFS)
    return patch


@st.composite
def writes(draw: st.DrawFn, owner: str, about: Sequence[Resource], *, undos: bool) -> Write:
    """Any write; where it is to one row, that is of one of a few resources."""
    does = draw(st.sampled_from(["sync", "patch", "patch", "batch", "delete", "move", "trip"]))
    if undos and draw(st.integers(0, 3)) == 0:
        return Write(draw(st.sampled_from(["undo", "undo", "force"])), draw(NUMBER))
    if does == "sync":
        return Write(does, body=draw(snapshots(owner, most=2)))
    if does == "trip":
        patch = draw(patches(TRIP))
        return Write(does, body={name: v for name, v in patch.items() if name != "groupId"})
    resource = draw(st.sampled_from(about))
    number, links = draw(NUMBER), draw(NUMBER)
    body: Any = None
    if does == "patch":
        body = draw(patches(resource))
    elif does == "batch":
        made = [{**draw(bodies(resource)), "clientRef": draw(REFS)} for _ in range(2)]
        body = {"items": made}
    elif does == "move":
        body = draw(REFS)
    return Write(does, number, body, resource.kind, links)


class Trip:
    """A trip, the exports there were of it, and writes to it."""

    def __init__(self, world: World, trip_id: str) -> None:
        self.world = world
        self.trip_id = trip_id
        self.path = f"/trips/{trip_id}"
        self.states: dict[int, bytes] = {}
        """Exports, each at the revision of a changeset."""

    @classmethod
    async def new(cls, world: World) -> "Trip":
        """One with two rows of each kind."""
        trip = cls(world, await world.new_trip())
        await trip.look()
        first, second = one_of_each("-0"), one_of_each("-1")
        rows = {name: [*first[name], *second[name]] for name in first}
        filled = await world.client.post(f"{trip.path}/sync", rows)
        assert filled.status == 200, filled.raw
        await trip.look()
        return trip

    async def export(self) -> bytes:
        return (await self.world.client.get(f"{self.path}/export")).raw

    async def look(self) -> int:
        """Notes the present state; its revision."""
        raw = await self.export()
        rev: int = msgspec.json.decode(raw)["rev"]
        self.states[rev] = raw
        return rev

    @property
    def rev(self) -> int:
        return max(self.states)

    async def undo(self, rev: int, query: str = "") -> Any:
        """The answer to an undo, which a dry run has told of before, writing nothing."""
        before = await self.export()
        path = f"{self.path}/history/{rev}/undo"
        dry = await self.world.client.post(f"{path}?dryRun=true{query.replace('?', '&')}")
        assert await self.export() == before
        answer = await self.world.client.post(f"{path}{query}")
        assert answer.status == dry.status, (answer.raw, dry.raw)
        if answer.status < 300:
            told = {**answer.json, "dryRun": True, "rev": msgspec.json.decode(before)["rev"]}
            assert told == dry.json
        await self.look()
        return answer

    async def write(self, write: Write) -> None:
        """Does a write, as far as it fits."""
        client, state = self.world.client, msgspec.json.decode(self.states[self.rev])
        if write.does in ("undo", "force"):
            rev = self.rev - write.number % (self.rev - 1)
            answer = await self.undo(rev, "?force=true" if write.does == "force" else "")
        elif write.does == "sync":
            answer = await client.post(f"{self.path}/sync", write.body)
        elif write.does == "trip":
            answer = await client.patch(self.path, write.body)
        else:
            answer = await self._row(write, BY_KIND[write.resource], state)
        assert answer is None or answer.status in (200, 201, 204, 207, 400, 404), answer.raw
        await self.look()

    async def _row(self, write: Write, resource: Resource, state: dict[str, Any]) -> Any:
        client, rows = self.world.client, state[resource.snapshot]
        parents = state["legs"] if resource.parent else [{}]
        if not parents or (write.does != "batch" and not rows):
            return None
        row = rows[write.number % len(rows)] if rows else {}
        above = parents[write.links % len(parents)] if write.does == "batch" else row
        leg_id = above.get("legId") or above.get("_id", "")
        path = f"{self.path}{resource.path.replace('{legId}', leg_id)}"
        if write.does == "batch":
            return await client.post(f"{path}:batch", write.body)
        if write.does == "delete":
            return await client.delete(f"{path}/{row['_id']}")
        if write.does == "patch":
            links = self._links(resource, write, state)
            return await client.patch(f"{path}/{row['_id']}", {**write.body, **links})
        moved = {"_id": row["_id"], **self._links(resource, write, state)}
        if resource.parent:
            moved["legId"] = parents[write.links % len(parents)]["_id"]
        if write.body is not None:
            moved["clientRef"] = write.body
        return await client.post(f"{self.path}/sync", {resource.snapshot: [moved]})

    def _links(self, resource: Resource, write: Write, state: dict[str, Any]) -> dict[str, Any]:
        """Links to rows that there are; every other number leaves them as they are."""
        found: dict[str, Any] = {}
        for link in resource.links:
            target = BY_KIND.get(link.kind)
            if target is None or write.links % 2:
                continue
            rows = state[target.snapshot]
            found[link.field] = rows[write.links % len(rows)]["_id"] if rows else None
        return found


async def check_tables(trip: Trip) -> None:
    """What rows are found and sorted by is what their documents say, and no link leads nowhere."""
    where = trip.trip_id
    rows = await trip.world.store.read(
        lambda tx: tx.fetch(
            "SELECT id, kind, parent_id, sort_key, client_ref, doc FROM items WHERE trip_id = $1",
            where,
        )
    )
    links = await trip.world.store.read(
        lambda tx: tx.fetch("SELECT source_id, target_id FROM links WHERE trip_id = $1", where)
    )
    kinds = {row_id: kind for row_id, kind, *_ in rows}
    expected = set()
    for row_id, kind, parent_id, sort_key, client_ref, doc in rows:
        if kind not in BY_KIND:
            continue
        resource, document = BY_KIND[kind], msgspec.json.decode(doc)
        assert document["_id"] == row_id
        assert document["createdAt"] <= document["updatedAt"]
        assert (sort_key, client_ref) == (
            resource.sort_key(resource.fields_of(document)),
            document.get("clientRef"),
        )
        if resource.parent_link:
            assert document[resource.parent_link.field] == parent_id
            assert kinds[parent_id] == resource.parent_link.kind
        assert ("completedAt" in document) == (document.get("isCompleted") is True)
        for link in resource.links:
            if link.kind in BY_KIND and link.field in document:
                expected.add((row_id, document[link.field]))
                assert kinds[document[link.field]] == link.kind
    assert {tuple(each) for each in links} == expected
