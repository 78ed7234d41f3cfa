"""The shared view shows no secret, wherever it was hidden (contract section 7)."""

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect as types

from domain.resources import RESOURCES
from domain.scopes import Role
from domain.shape import bare
from domain.trip import TRIP
from runtime.ids import new_id
from tests.domain.allowlist import violations
from tests.properties.generate import JSON, TEXT, objects, snapshots
from tests.support import World, add_person

MARKERS = st.from_regex(r"zq[0-9a-f]{10}zq", fullmatch=True)
"""What cannot come up by chance in what may be shown."""


def hide(kind: types.Type, value: Any, marker: str, *, shown: bool = True) -> Any:
    """A value with the marker in every place that is not shown."""
    inner = bare(kind)
    if isinstance(inner, types.StructType) and isinstance(value, dict):
        fields = {field.encode_name: field.type for field in inner.fields}
        return {
            **{
                name: hide(fields[name], part, marker, shown=shown and is_safe(fields[name]))
                for name, part in value.items()
                if name in fields
            },
            **{
                marker + name: mark(part, marker)
                for name, part in value.items()
                if name not in fields
            },
        }
    if isinstance(inner, types.ListType) and isinstance(value, list):
        return [hide(inner.item_type, part, marker, shown=shown) for part in value]
    if isinstance(inner, types.StrType) and not shown and inner.pattern is None:
        return (marker + value)[: inner.max_length]
    return value


def is_safe(kind: types.Type) -> bool:
    return isinstance(kind, types.Metadata) and bool((kind.extra or {}).get("safe"))


def mark(value: Any, marker: str) -> Any:
    """JSON of any kind with the marker in all its names and texts."""
    if isinstance(value, dict):
        return {marker + name: mark(part, marker) for name, part in value.items()}
    if isinstance(value, list):
        return [marker, *(mark(part, marker) for part in value)]
    return f"{marker}{value}" if value is None or isinstance(value, str) else value


@st.composite
def secretive(draw: st.DrawFn, marker: str, owner: str) -> dict[str, list[Any]]:
    """A snapshot with secrets in it, and at least one row of each kind."""
    snapshot = draw(snapshots(owner, most=2))
    for resource in RESOURCES:
        for number, body in enumerate(snapshot[resource.snapshot]):
            links = {link.field for link in (*resource.links, resource.parent_link) if link}
            own = {name: body[name] for name in ("_id", *sorted(links)) if name in body}
            info = types.type_info(resource.struct)
            hidden = hide(info, {n: v for n, v in body.items() if n not in own}, marker)
            hidden["clientRef"] = f"{marker}{number}"
            snapshot[resource.snapshot][number] = {**hidden, **own}
    return snapshot


async def fill(world: World, trip: str, snapshot: Any, marker: str, extra: Any) -> None:
    """Puts secrets into a trip in every way the API has."""
    answer = await world.client.post(f"{trip}/sync", snapshot)
    assert answer.status == 200, answer.raw
    channels = await world.client.get(f"{trip}/channels")
    messages = f"{trip}/channels/{channels.json['items'][0]['_id']}/messages"
    sent = await world.client.post(messages, {"content": f"psst {marker}"})
    assert sent.status == 201
    legs = await world.client.get(f"{trip}/legs")
    for leg in legs.json["items"]:
        nested = {"accommodation": {marker: mark(extra, marker), "name": "Ryokan"}}
        patched = await world.client.patch(f"{trip}/legs/{leg['_id']}", nested)
        assert patched.status == 200, patched.raw


@settings(max_examples=25)
@given(st.data())
def test_no_secret_is_shown(living, data):
    marker = data.draw(MARKERS)
    snapshot = data.draw(secretive(marker, living.world.owner.user_id))
    extra = data.draw(st.dictionaries(TEXT, JSON, max_size=3))

    async def check() -> None:
        world = living.world
        friend = await add_person(world.store, f"{marker}-{new_id()}", world.group_id, Role.VIEWER)
        await world.store.write(
            lambda tx: tx.execute(
                "UPDATE users SET phone = $1, name = 'A friend' WHERE id = $2",
                f"+44 {marker}",
                friend.user_id,
            )
        )
        trip = f"/trips/{await world.new_trip()}"
        await fill(world, trip, snapshot, marker, extra)
        token = (await world.client.post(f"{trip}/share-token")).json["token"]
        stranger = world.as_(None)
        inside = (await world.client.get(f"{trip}/export")).raw.decode()
        assert marker in inside
        feed = (await world.client.post("/me/calendar-token")).json["url"]
        for path in (f"/shared/trips/{token}/calendar.ics", feed):
            answer = await stranger.get(path)
            assert answer.status == 200, answer.raw
            text = answer.raw.decode().replace("\r\n ", "")
            assert text.count("BEGIN:VEVENT") >= len(snapshot["legs"])
            for secret in (marker, world.owner.email, world.owner.user_id, world.group_id):
                assert secret not in text
        for path in (f"/shared/trips/{token}", f"/shared/trips/{token}/export"):
            answer = await stranger.get(path)
            assert answer.status == 200, answer.raw
            text = answer.raw.decode()
            for secret in (marker, world.owner.email, world.owner.user_id, friend.user_id):
                assert secret not in text
            assert world.group_id not in text
            assert list(violations(json.loads(text))) == []
        page = await stranger.get(f"{world.running.base}/t/{token}")
        assert page.status == 200, page.raw
        told = page.raw.decode()
        for secret in (marker, world.owner.email, world.owner.user_id, friend.user_id):
            assert secret not in told
        assert world.group_id not in told
        whole = json.loads(text)
        for resource in RESOURCES:
            assert len(whole[resource.snapshot]) == len(snapshot[resource.snapshot])

    living.run(check())


def test_every_hidden_text_of_a_resource_is_marked():
    """Or else the test above shows nothing."""
    for resource in [*RESOURCES, TRIP]:
        info = types.type_info(resource.struct)
        assert isinstance(info, types.StructType)
        full = everything(info)
        told = hide(info, full, "zqzq")
        for field in info.fields:
            text = isinstance(bare(field.type), types.StrType)
            pattern = getattr(bare(field.type), "pattern", None)
            marked = "zqzq" in json.dumps(told.get(field.encode_name, "zqzq"))
            if text and not pattern:
                assert marked != is_safe(field.type) or field.encode_name not in full
    leg = hide(types.type_info(RESOURCES[0].struct), {"accommodation": {"x": {"y": None}}}, "zq")
    assert leg == {"accommodation": {"zqx": {"zqy": "zqNone"}}}


def everything(info: types.StructType) -> dict[str, Any]:
    return {
        field.encode_name: "text"
        for field in info.fields
        if isinstance(bare(field.type), types.StrType)
    }


@settings(max_examples=25)
@given(st.data())
def test_a_stored_field_nobody_listed_is_not_shown(living, data):
    """A document with members that no struct knows, as a later version may write them."""
    marker = data.draw(MARKERS)
    resource = data.draw(st.sampled_from(RESOURCES))
    body = data.draw(objects(resource.struct))
    stored = {"_id": "x", "legId": "l", **body, marker: marker, "newField": {"a": marker}}
    safe = msgspec.json.decode(msgspec.json.encode(stored), type=resource.safe)
    assert marker.encode() not in msgspec.json.encode(safe)
