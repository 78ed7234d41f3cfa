"""The front with a table of its own: the three kinds of routes, and what each may do."""

import asyncio
import contextlib
import threading

import aiohttp
import msgspec
import pytest

from domain.changes import ChangeSet
from domain.errors import Forbidden, NotFound, Unavailable
from domain.resources import MAP_PIN
from domain.row import Row
from domain.scopes import Role
from runtime.ids import new_id
from server.app import App
from server.front import BASE, Api
from server.route import Body, Rendering, Reply, Stream, Transaction, View, json_reply
from storage import changes
from tests.server.test_listener import listening
from tests.support import SAMPLES, Client
from tests.waiting import until

PLAIN = "text/plain; charset=utf-8"
CALENDAR = "text/calendar; charset=utf-8"
EVENTS = "text/event-stream"
OF_TRIP = "/trips/{tripId}"

CUT_OFF = (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError)


@contextlib.asynccontextmanager
async def serving(world, *routes):
    """A client of a server with these routes and no others."""
    app = App()
    app.mount(BASE, Api(world.running.services, routes).handle)
    async with listening(app) as (_, url), aiohttp.ClientSession() as session:
        yield Client(session, url, world.owner.key)


def route(kind, method, path, handler, **options):
    return kind(method, path, "doIt", handler, "Do it", "own", None, **options)


# What takes long to make.


async def test_a_body_is_rendered_in_a_thread_once_for_a_state(world):
    rendered = []
    state = "one"

    async def slow(_tx, _call):
        def render():
            rendered.append(threading.current_thread())
            return f"{state}, number {len(rendered)}".encode()

        return Rendering(render, state)

    here = route(Transaction, "GET", "/slow", slow, access="address", media_type=PLAIN)
    async with serving(world, here) as client:
        first = await client.get("/slow")
        assert (first.raw, first.headers["Content-Type"]) == (b"one, number 1", PLAIN)
        assert (await client.get("/slow?utm=1")).raw == b"one, number 1"
        known = {"If-None-Match": first.headers["ETag"]}
        assert (await client.get("/slow", headers=known)).status == 304
        state = "two"
        assert (await client.get("/slow", headers=known)).raw == b"two, number 2"
    assert threading.main_thread() not in rendered


# Streams.


async def test_a_stream_is_sent_piece_by_piece(world):
    async def events(call):
        yield f"event: hello\ndata: {call.actor.user}\n\n".encode()
        for number in range(3):
            yield f"data: {number}\n\n".encode()

    stream = route(Stream, "GET", "/events", events, media_type=EVENTS)
    async with serving(world, stream) as client:
        answer = await client.get("/events")
        assert (answer.status, answer.headers["Content-Type"]) == (200, EVENTS)
        assert answer.raw.decode() == (
            f"event: hello\ndata: {world.owner.user_id}\n\ndata: 0\n\ndata: 1\n\ndata: 2\n\n"
        )
        assert answer.headers["X-Request-Id"].startswith("req_")
        assert "X-RateLimit-Remaining" in answer.headers
        headed = await client.send("HEAD", "/events")
        assert (headed.status, headed.raw, headed.headers["Content-Type"]) == (200, b"", EVENTS)
        assert (await client.with_key(None).get("/events")).status == 401


async def test_a_stream_has_headers_of_its_own_but_no_failure_of_it_has(world):
    async def events(call):
        if call.request.method != "HEAD":
            raise Unavailable
        yield b""

    own = {"X-Own": "yes"}
    async with serving(world, route(Stream, "GET", "/own", events, headers=own)) as client:
        headed = await client.send("HEAD", "/own")
        assert (headed.status, headed.headers["X-Own"]) == (200, "yes")
        failed = await client.get("/own")
        assert (failed.status, "X-Own" in failed.headers) == (503, False)


async def test_a_client_that_goes_away_ends_a_stream(world):
    ended = []

    async def pieces(_call):
        try:
            while True:
                yield b"more" * 10_000
                await asyncio.sleep(0)
        finally:
            ended.append(True)

    async with serving(world, route(Stream, "GET", "/more", pieces)) as client:
        async with client.open("/more") as answer:
            assert (await answer.content.readany()).startswith(b"more")
        await until(lambda: ended)


async def test_a_stream_has_the_scope_and_the_trip_checked_like_any_route(world):
    async def events(call):
        yield call.trip_id.encode()

    stream = route(Stream, "GET", f"{OF_TRIP}/events", events, scope="trips:read")
    async with serving(world, stream) as client:
        assert (await client.get(f"{world.trip}/events")).raw == world.trip_id.encode()
        assert (await client.get(f"/trips/{'0' * 24}/events")).status == 404
        stranger = client.with_key((await world.person("otto", None)).key)
        assert (await stranger.get(f"{world.trip}/events")).status == 403
        assert (await client.get(f"{world.trip}/events?x=1")).details == [("?x", "unknown_field")]


async def test_what_a_stream_raises_before_its_first_piece_is_an_answer(world):
    async def full(call):
        if call.request_id:
            raise Unavailable("So many streams are open already", retry_after=7)
        yield b""

    async def broken(call):
        if call.request_id:
            raise RuntimeError("secret internals")
        yield b""

    async def empty(call):
        if not call.request_id:
            yield b""

    streams = [
        route(Stream, "GET", f"/{each.__name__}", each, media_type=EVENTS)
        for each in (full, broken, empty)
    ]
    async with serving(world, *streams) as client:
        answer = await client.get("/full")
        assert (answer.status, answer.code, answer.headers["Retry-After"]) == (
            503,
            "UNAVAILABLE",
            "7",
        )
        assert answer.headers["Content-Type"] == "application/json"
        answer = await client.get("/broken")
        assert (answer.status, b"secret" in answer.raw) == (500, False)
        answer = await client.get("/empty")
        assert (answer.status, answer.raw) == (200, b"")


async def test_what_fails_in_the_middle_of_a_stream_cuts_it_off_and_ends_its_handler(world):
    ended = []

    async def breaks(_call):
        try:
            yield b"one"
            raise RuntimeError("secret internals")
        finally:
            ended.append(True)

    async with serving(world, route(Stream, "GET", "/breaks", breaks)) as client:
        with pytest.raises(CUT_OFF):
            await client.get("/breaks")
        assert ended == [True]


async def test_a_handler_ends_with_a_stream_that_is_only_asked_for_its_head(world):
    ended = []

    async def pieces(_call):
        try:
            while True:
                yield b"more"
        finally:
            ended.append(True)

    async with serving(world, route(Stream, "GET", "/more", pieces)) as client:
        assert (await client.send("HEAD", "/more")).status == 200
        assert ended == [True]


# Views.


async def test_a_view_answers_without_a_transaction(world):
    async def show(call):
        return Reply(203, b"I am well", {"X-Own": call.request_id})

    view = route(View, "GET", "/health", show, media_type=PLAIN, access="none")
    async with serving(world, view) as client:
        answer = await client.with_key(None).get("/health?from=a&from=b")
        assert (answer.status, answer.raw) == (203, b"I am well")
        assert answer.headers["Content-Type"] == PLAIN
        assert answer.headers["X-Own"] == answer.headers["X-Request-Id"]
        assert "X-RateLimit-Limit" not in answer.headers
        # What it does not know is still JSON.
        assert (await client.with_key(None).send("POST", "/health")).code == "METHOD_NOT_ALLOWED"


# Transactions.


async def test_a_transaction_has_its_own_status_media_type_and_headers(world):
    async def calendar(tx, call):
        title = await tx.fetchval("SELECT doc FROM trips WHERE id = $1", call.trip_id)
        name = msgspec.json.decode(title)["title"]
        headers = {"Content-Disposition": 'attachment; filename="trip.ics"'}
        return Reply(203, f"BEGIN:VCALENDAR\r\nNAME:{name}\r\n".encode(), headers)

    row = route(
        Transaction,
        "GET",
        f"{OF_TRIP}/calendar.ics",
        calendar,
        scope="trips:read",
        shows="content",
        media_type=CALENDAR,
    )
    async with serving(world, row) as client:
        path = f"{world.trip}/calendar.ics"
        answer = await client.get(path)
        assert (answer.status, answer.headers["Content-Type"]) == (203, CALENDAR)
        assert answer.raw.startswith(b"BEGIN:VCALENDAR\r\nNAME:Cotswolds")
        assert answer.headers["Content-Disposition"] == 'attachment; filename="trip.ics"'
        known = {"If-None-Match": answer.headers["ETag"]}
        assert (await client.get(path, headers=known)).status == 304
        await world.client.patch(world.trip, {"title": "New"})
        assert b"NAME:New" in (await client.get(path, headers=known)).raw
        # A failure is JSON, whatever the route answers else.
        refused = await client.get(f"/trips/{'0' * 24}/calendar.ics")
        assert refused.headers["Content-Type"] == "application/json"


async def test_a_write_has_its_own_status_and_headers_also_when_it_is_replayed(world):
    async def do(_tx, call):
        return json_reply({"by": call.actor.user}, 203, {"X-Own": "kept"})

    async with serving(world, route(Transaction, "POST", "/do", do)) as client:
        for replayed in (None, "true"):
            answer = await client.post("/do", headers={"Idempotency-Key": "k"})
            assert (answer.status, answer.json) == (203, {"by": world.owner.user_id})
            assert answer.headers["X-Own"] == "kept"
            assert answer.headers.get("Idempotency-Replayed") == replayed


# What is cached.


def cached_route(name, handler):
    """A cached read of a trip's content, which takes `limit`."""
    return route(
        Transaction,
        "GET",
        f"{OF_TRIP}/{name}",
        handler,
        scope="trips:read",
        shows="content",
        cached=True,
        query=("limit",),
    )


async def test_the_handler_of_a_cached_route_has_no_actor(world):
    seen = []

    async def look(_tx, call):
        seen.append(call.caller)
        return Reply(200, call.actor.name.encode())

    async with serving(world, cached_route("look", look)) as client:
        answer = await client.get(f"{world.trip}/look")
        assert (answer.status, answer.code, seen) == (500, "INTERNAL", [None])
        # The request's line in the log, and its headers, still tell whose it was.
        assert "X-RateLimit-Remaining" in answer.headers


async def test_a_cached_reply_has_no_status_or_headers_of_its_own(world):
    async def create(_tx, call):
        return Reply(201 if "limit" in call.request.query else 200, b"x", {"X-Own": "lost"})

    async with serving(world, cached_route("own", create)) as client:
        for query in ("", "?limit=1"):
            assert (await client.get(f"{world.trip}/own{query}")).status == 500


async def test_a_cached_reply_is_made_once_for_all_callers_until_the_content_changes(world):
    made = []

    async def count(_tx, _call):
        made.append(1)
        return Reply(200, str(len(made)).encode())

    async with serving(world, cached_route("count", count)) as client:
        path = f"{world.trip}/count"
        other = client.with_key((await world.person("ed", Role.EDITOR)).key)
        assert [(await each.get(path)).raw for each in (client, other, client)] == [b"1"] * 3
        assert (await client.get(f"{path}?limit=5")).raw == b"2"
        await world.make("/map-pins", SAMPLES["mapPin"])
        assert (await other.get(path)).raw == b"3"


# What fails under an Idempotency-Key.


def failing(error):
    """A route that writes a pin, and then raises this."""

    async def create_and_fail(tx, call):
        trip = await changes.begin(tx, call.trip_id)
        row_id = new_id()
        fields, _ = MAP_PIN.merge({}, dict(SAMPLES["mapPin"]))
        json = MAP_PIN.compose(
            fields, None, row_id=row_id, trip_id=call.trip_id, parent_id="", now=call.now
        )
        pin = Row(MAP_PIN.kind, row_id, "", json)
        await changes.commit(tx, trip, ChangeSet(created=[pin]), call.cause)
        raise error

    return route(
        Transaction,
        "POST",
        f"{OF_TRIP}/fail",
        create_and_fail,
        scope="trips:write",
        body=Body(type=dict, largest=1_000),
    )


async def state(world):
    journal = "SELECT count(*) FROM changesets WHERE trip_id = $1"
    return (
        (await world.client.get(f"{world.trip}/export")).json,
        await world.store.read(lambda tx: tx.fetchval(journal, world.trip_id)),
    )


async def test_a_404_after_a_write_leaves_nothing_of_it_and_is_remembered(world):
    before = await state(world)
    key = {"Idempotency-Key": "k"}
    async with serving(world, failing(NotFound("There is no such thing"))) as client:
        path = f"{world.trip}/fail"
        first = await client.post(path, {"a": 1}, headers=key)
        assert (first.status, first.code, await state(world)) == (404, "NOT_FOUND", before)
        replay = await client.post(path, {"a": 1}, headers=key)
        assert (replay.status, replay.raw) == (404, first.raw)
        assert replay.headers["Idempotency-Replayed"] == "true"
        assert replay.headers["X-Request-Id"] != first.headers["X-Request-Id"]
        assert (await client.post(path, {"a": 2}, headers=key)).status == 409
        # Without a key it leaves nothing either.
        assert (await client.post(path, {"a": 1})).status == 404
    assert await state(world) == before


@pytest.mark.parametrize("error", [Forbidden(), RuntimeError("secret internals")])
async def test_any_other_failure_after_a_write_leaves_nothing_and_is_not_remembered(world, error):
    before = await state(world)
    key = {"Idempotency-Key": "k"}
    async with serving(world, failing(error)) as client:
        for _ in range(2):
            answer = await client.post(f"{world.trip}/fail", {}, headers=key)
            assert answer.status in (403, 500)
            assert "Idempotency-Replayed" not in answer.headers
    assert await state(world) == before
