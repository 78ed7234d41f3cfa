"""Live events (contract section 12)."""

import contextlib

import msgspec
import pytest

from domain.scopes import Role
from runtime.settings import Events, Limits, Settings
from server.events import EventHub
from storage import groups, journal
from tests.contract.kinds import channel_path
from tests.streams import Event, streaming
from tests.support import PLENTY, SAMPLES, World, add_key, now
from tests.waiting import until

PIN = SAMPLES["mapPin"]
SOON = 0.02
"""Seconds between two looks or comments, where a test waits for them."""
LATER = "9999-01-01T00:00:00.000Z"


@pytest.fixture
def settings() -> Settings:
    return msgspec.structs.replace(
        Settings(), limits=Limits(PLENTY, PLENTY), events=Events(per_key=3, max_streams=5)
    )


@pytest.fixture
def hub(world: World) -> EventHub:
    return world.running.services.events


async def rev_of(world: World) -> int:
    rev: int = (await world.client.get(f"{world.trip}/changes")).json["rev"]
    return rev


async def items_of(world: World, rev: int):
    """What a changeset changed, as /changes tells it while nothing else has changed."""
    return (await world.client.get(f"{world.trip}/changes?since={rev - 1}")).json["items"]


def names(events) -> list[str]:
    return [event.name for event in events]


def ids(events) -> list[int]:
    return [event.id for event in events]


async def test_a_stream_begins_with_the_present_revision(world):
    await world.make("/map-pins", PIN)
    async with streaming(world.client, world.trip) as stream:
        assert await stream.next() == Event("hello", 2, {"rev": 2})
        headers = stream.response.headers
        assert headers["Content-Type"] == "text/event-stream"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Accel-Buffering"] == "no"
        assert headers["X-Request-Id"].startswith("req_")
        assert "X-RateLimit-Remaining" in headers
        assert "Content-Encoding" not in headers
        assert "ETag" not in headers


async def test_a_changeset_is_an_event_with_its_rows(world):
    async with streaming(world.client, world.trip) as stream:
        await stream.next()
        pin = await world.make("/map-pins", PIN)
        created = await stream.next()
        assert created == Event(
            "change",
            2,
            {
                "rev": 2,
                "at": pin["createdAt"],
                "by": {"name": "Olga", "userId": world.owner.user_id},
                "via": "api",
                "items": await items_of(world, 2),
            },
        )
        assert created.data["items"][0]["document"] == pin
        path = f"{world.trip}/map-pins/{pin['_id']}"
        await world.client.patch(path, {"notes": "one\ntwo\r\nthree\u2028four"})
        assert (await stream.next()).data["items"] == await items_of(world, 3)
        await world.client.delete(path)
        assert (await stream.next()).data["items"] == [
            {"rev": 4, "kind": "mapPin", "_id": pin["_id"], "deleted": True}
        ]
        # What changes nothing is none.
        await world.client.patch(world.trip, {})
        await world.client.post(f"{world.trip}/share-token")
        await world.client.patch(world.trip, {"title": "New"})
        assert (await stream.next()).data["items"] == await items_of(world, 5)


async def test_of_a_large_changeset_only_that_there_is_one_is_told(world):
    async with streaming(world.client, world.trip) as stream:
        await stream.next()
        for number in (100, 101):
            await world.client.post(f"{world.trip}/sync", {"mapPins": [PIN] * number})
        small, large = await stream.take(2)
        assert len(small.data["items"]) == 100
        assert "more" not in small.data
        assert large.data["more"] is True
        assert "items" not in large.data
        assert large.data.keys() == {"rev", "at", "by", "via", "more"}
        assert ids((small, large)) == [2, 3]


@pytest.mark.parametrize(
    ("query", "header"), [("", "4"), ("?since=4", None), ("?since=9", "4"), ("?since=4", "")]
)
async def test_a_stream_goes_on_after_a_revision_that_is_named(world, query, header):
    for _ in range(25):
        await world.make("/map-pins", PIN)
    headers = {} if header is None else {"Last_Event_ID": header}
    async with streaming(world.client, world.trip, query, **headers) as stream:
        assert await stream.next() == Event("hello", 4, {"rev": 26})
        missed = await stream.take(22)
        assert names(missed) == ["change"] * 22
        assert ids(missed) == [event.data["rev"] for event in missed] == list(range(5, 27))
        await world.make("/map-pins", PIN)
        (new,) = await stream.take(1)
        assert (new.name, new.id) == ("change", 27)


async def test_from_0_it_is_all_there_is(world):
    await world.make("/map-pins", PIN)
    async with streaming(world.client, world.trip, "?since=0") as stream:
        hello, *missed = await stream.take(3)
        assert hello == Event("hello", 0, {"rev": 2})
        assert ids(missed) == [1, 2]
        assert {item["kind"] for item in missed[0].data["items"]} == {"trip", "channel"}


@pytest.mark.parametrize("ahead", [3, 10**30])
async def test_after_what_is_ahead_of_the_trip_it_is_reset(world, ahead):
    await world.make("/map-pins", PIN)
    async with streaming(world.client, world.trip, f"?since={ahead}") as stream:
        assert await stream.take(2) == [
            Event("hello", ahead, {"rev": 2}),
            Event("reset", 2, {"rev": 2}),
        ]
        await world.make("/map-pins", PIN)
        assert ids(await stream.take(1)) == [3]


async def test_after_what_is_no_longer_kept_it_is_reset(world):
    for _ in range(5):
        await world.make("/map-pins", PIN)
    await world.store.write(lambda tx: journal.prune(tx, LATER, 3))
    pruned = await world.store.read(
        lambda tx: tx.fetchval("SELECT pruned_rev FROM trips WHERE id = $1", world.trip_id)
    )
    assert 0 < pruned < 6
    for since in (0, pruned - 1):
        async with streaming(world.client, world.trip, f"?since={since}") as stream:
            assert names(await stream.take(2)) == ["hello", "reset"]
    async with streaming(world.client, world.trip, f"?since={pruned}") as stream:
        found = await stream.take(1 + 6 - pruned)
        assert names(found) == ["hello"] + ["change"] * (6 - pruned)


async def test_what_a_server_of_before_wrote_resets_a_stream(world, hub):
    hub.pace.check = SOON
    async with streaming(world.client, world.trip) as stream:
        await stream.next()
        await world.store.write(lambda tx: tx.execute("UPDATE trips SET rev = rev + 1"))
        assert await stream.next() == Event("reset", 2, {"rev": 2})
        await world.make("/map-pins", PIN)
        assert (await stream.next()).id == 3


async def test_messages_come_only_to_those_who_may_read_them(world):
    path = await channel_path(world)
    no_messages = world.as_(await add_key(world.store, world.owner.user_id, "trips:read"))
    async with (
        streaming(world.client, world.trip) as whole,
        streaming(no_messages, world.trip) as rest,
    ):
        assert (await whole.next(), await rest.next()) == (Event("hello", 1, {"rev": 1}),) * 2
        sent = (await world.client.post(path, {"content": "Hello"})).json
        pin = await world.make("/map-pins", PIN)
        message, change = await whole.take(2)
        assert message.data["items"] == [
            {"rev": 2, "kind": "message", "_id": sent["_id"], "document": sent}
        ]
        assert await rest.next() == change
        assert change.data["items"][0]["_id"] == pin["_id"]
    # Also of what is read later; a trip's first changeset is seen in part.
    async with streaming(no_messages, world.trip, "?since=0") as rest:
        hello, first, last = await rest.take(3)
        assert ids((hello, first, last)) == [0, 1, 3]
        assert [item["kind"] for item in first.data["items"]] == ["trip"]


async def test_a_viewer_may_watch(world):
    viewer = world.as_((await world.person("vera", Role.VIEWER)).key)
    async with streaming(viewer, world.trip) as stream:
        assert (await stream.next()).name == "hello"


async def test_a_comment_comes_now_and_then(world, hub):
    hub.pace.comment = SOON
    async with streaming(world.client, world.trip) as stream:
        await stream.next()

        async def commented() -> bool:
            await stream.response.content.readuntil(b":\n\n")
            stream.comments += 1
            return stream.comments == 3

        await until(commented)
    assert hub.pace.__class__().comment == 15


async def revoke(world: World, person) -> None:
    await world.store.write(
        lambda tx: tx.execute(
            "UPDATE api_keys SET revoked_at = $1 WHERE user_id = $2", now(), person.user_id
        )
    )


async def expire(world: World, person) -> None:
    await world.store.write(
        lambda tx: tx.execute(
            "UPDATE api_keys SET expires_at = $1 WHERE user_id = $2", now(), person.user_id
        )
    )


async def leave(world: World, person) -> None:
    await world.store.write(
        lambda tx: groups.remove_member(tx, group_id=world.group_id, user_id=person.user_id)
    )


def rescope(*scopes: str):
    async def change(world: World, person) -> None:
        text = msgspec.json.encode(list(scopes)).decode()
        await world.store.write(
            lambda tx: tx.execute(
                "UPDATE api_keys SET scopes = $1 WHERE user_id = $2", text, person.user_id
            )
        )

    return change


@pytest.mark.parametrize(
    "happen",
    [
        pytest.param(revoke, id="key revoked"),
        pytest.param(expire, id="key expired"),
        pytest.param(leave, id="member left"),
        pytest.param(rescope("messages:read"), id="trips:read gone"),
        pytest.param(rescope("trips:read:other", "messages:read"), id="trips:read for another"),
        pytest.param(rescope("trips:read"), id="messages:read gone"),
    ],
)
async def test_a_stream_ends_when_its_reader_may_no_longer_read_it(world, hub, happen):
    hub.pace.check = SOON
    person = await world.person("ed", Role.EDITOR)
    async with (
        streaming(world.client, world.trip) as stays,
        streaming(world.as_(person.key), world.trip) as goes,
    ):
        await stays.next()
        await goes.next()
        await happen(world, person)
        assert await goes.rest() == []
        await world.make("/map-pins", PIN)
        assert (await stays.next()).name == "change"
    assert hub.pace.__class__().check <= 5


async def test_a_stream_begins_anew_with_messages_once_they_may_be_read(world, hub):
    hub.pace.check = SOON
    person = await world.person("ed", Role.EDITOR)
    await rescope("trips:read")(world, person)
    async with streaming(world.as_(person.key), world.trip) as stream:
        await stream.next()
        await rescope("trips:read", f"messages:read:{world.trip_id}")(world, person)
        assert await stream.rest() == []


async def test_a_key_has_so_many_streams_and_no_more(world, hub):
    other = world.as_((await world.person("ed", Role.EDITOR)).key)
    async with contextlib.AsyncExitStack() as streams:
        for _ in range(3):
            await streams.enter_async_context(streaming(world.client, world.trip))
        for method in ("GET", "HEAD"):
            refused = await world.client.send(method, f"{world.trip}/events")
            assert refused.status == 429
            assert int(refused.headers["Retry-After"]) >= 1
            assert "X-RateLimit-Remaining" in refused.headers
        refused = await world.client.get(f"{world.trip}/events")
        assert refused.code == "RATE_LIMITED"
        assert "close one" in refused.json["error"]["message"]
        async with streaming(other, world.trip) as stream:
            assert (await stream.next()).name == "hello"
    await until(lambda: not hub._watchers)
    async with streaming(world.client, world.trip) as stream:
        assert (await stream.next()).name == "hello"


async def test_a_process_has_so_many_streams_and_no_more(world, hub):
    people = [world.client, world.as_((await world.person("ed", Role.EDITOR)).key)]
    async with contextlib.AsyncExitStack() as streams:
        for client in people:
            for _ in range(2):
                await streams.enter_async_context(streaming(client, world.trip))
        async with streaming(world.client, world.trip):
            refused = await people[1].get(f"{world.trip}/events")
            assert (refused.status, refused.code) == (503, "UNAVAILABLE")
            assert int(refused.headers["Retry-After"]) >= 1
    await until(lambda: not hub._watchers)
    assert (hub._feeds, hub._open, hub._tending) == ({}, {}, [])


async def test_opening_counts_against_the_rate_limit_and_events_do_not(world):
    limited = world.as_(await add_key(world.store, world.owner.user_id, rate_limit=3))
    async with streaming(limited, world.trip) as stream:
        await stream.next()
        for _ in range(5):
            await world.make("/map-pins", PIN)
        assert len(await stream.take(5)) == 5
    assert (await limited.get("/me")).headers["X-RateLimit-Remaining"] == "1"
    async with streaming(limited, world.trip) as stream:
        assert stream.response.headers["X-RateLimit-Remaining"] == "0"
    refused = await limited.get(f"{world.trip}/events")
    assert (refused.status, refused.code) == (429, "RATE_LIMITED")


async def test_the_head_alone_ends_at_once(world, hub):
    for _ in range(4):
        answer = await world.client.send("HEAD", f"{world.trip}/events?since=0")
        assert (answer.status, answer.raw) == (200, b"")
        assert answer.headers["Content-Type"] == "text/event-stream"
    assert (hub._watchers, hub._feeds) == (set(), {})


@pytest.mark.parametrize("text", ["x", "1.0", "-1", "1e3", "0x10", "\u0661", " 1 2", "1" * 2_000])
async def test_a_last_event_id_that_is_no_revision_is_refused(world, text):
    refused = await world.client.get(f"{world.trip}/events", headers={"Last-Event-ID": text})
    assert refused.status == 400
    ((path, reason),) = refused.details
    assert path == "Last-Event-ID"
    assert reason == ("out_of_range" if text == "-1" else "malformed")


async def test_queries_are_checked(world):
    path = f"{world.trip}/events"
    assert (await world.client.get(f"{path}?since=x")).details == [("since", "malformed")]
    assert (await world.client.get(f"{path}?since=-1")).details == [("since", "out_of_range")]
    assert (await world.client.get(f"{path}?since=1&since=2")).details == [("?since", "duplicate")]
    assert (await world.client.get(f"{path}?limit=1")).details == [("?limit", "unknown_field")]


async def test_streams_of_trips_that_are_not_ones_own_are_refused(world):
    assert (await world.client.get("/trips/nothing/events")).status == 404
    stranger = world.as_((await world.person("otto", None)).key)
    assert (await stranger.get(f"{world.trip}/events")).status == 403
    assert (await world.as_(None).get(f"{world.trip}/events")).status == 401
    limited = world.as_(await add_key(world.store, world.owner.user_id, "trips:read:other"))
    assert (await limited.get(f"{world.trip}/events")).status == 403


async def test_each_trip_has_its_own_events(world):
    other = await world.new_trip()
    async with (
        streaming(world.client, world.trip) as here,
        streaming(world.client, f"/trips/{other}") as there,
    ):
        await here.next()
        await there.next()
        await world.client.patch(f"/trips/{other}", {"title": "There"})
        await world.client.patch(world.trip, {"title": "Here"})
        for stream, title in ((here, "Here"), (there, "There")):
            (change,) = await stream.take(1)
            assert change.data["items"][0]["document"]["title"] == title
    # An id of the one means nothing in the other: it is a revision like any.
    async with streaming(world.client, f"/trips/{other}", Last_Event_ID="7") as there:
        assert names(await there.take(2)) == ["hello", "reset"]
