"""What the methods of the client do, against a server."""

import asyncio
import inspect
import subprocess
import sys
from typing import Any

import pytest

from carnet.client import (
    CarnetClient,
    Forbidden,
    NotFound,
    SharedTripClient,
    Unauthorized,
    ValidationFailed,
    errors,
)
from carnet.client.pages import rows
from docs.client_methods import snake
from domain.errors import ERRORS
from server.routes import ROUTES
from tests.support import SAMPLES

PIN = SAMPLES["mapPin"]


def test_every_operation_is_a_method():
    shared = [route for route in ROUTES if route.path.startswith("/shared/trips/{token}")]
    for route in ROUTES:
        kind = SharedTripClient if route in shared else CarnetClient
        assert callable(getattr(kind, snake(route.name))), route.name


def test_every_code_has_its_class():
    assert {each.code for each in ERRORS} <= errors.BY_CODE.keys()


def test_it_is_imported_without_the_server():
    code = "import sys, carnet.client; print(*{n for n in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    ours = {"domain", "formats", "runtime", "storage", "operations", "workers", "server"}
    assert not {name.partition(".")[0] for name in loaded} & (ours | {"click", "structlog"})
    assert "aiohttp.web" not in loaded


async def test_a_trip_from_beginning_to_end(client, world):
    me = await client.me()
    trip = await client.create_trip(
        {"groupId": me["defaultGroupId"], "title": "Japan", "startDate": "2027-05-01",
         "endDate": "2027-05-09"}
    )  # fmt: skip
    made = await client.create_map_pin(trip["_id"], PIN).with_response()
    assert made.status == 201
    assert made.request_id
    changed = await client.update_map_pin(trip["_id"], made.data["_id"], {"notes": "early"})
    assert changed["notes"] == "early"
    assert await client.delete_map_pin(trip["_id"], made.data["_id"]) is None
    assert [change["kind"] async for change in client.changes(trip["_id"])]
    assert (await client.archive_trip(trip["_id"]))["status"] == "completed"


@pytest.mark.parametrize("suffix", ["", "/", "/api/v1", "/api/v1/"])
async def test_the_address_may_end_in_several_ways(world, suffix):
    base = world.running.base + suffix
    async with CarnetClient(base_url=base, api_key=world.owner.key) as client:
        assert (await client.me())["user"]["_id"] == world.owner.user_id


@pytest.mark.parametrize("base", ["", "localhost:8080", "ftp://x", "http://"])
def test_what_is_no_address_is_refused(base):
    with pytest.raises(ValueError, match="base_url must be an address"):
        CarnetClient(base_url=base, api_key="osk_x")


@pytest.mark.parametrize("key", ["", "osk_\n", None])
def test_what_can_be_no_key_is_refused(key):
    with pytest.raises(ValueError, match="api_key must be"):
        CarnetClient(base_url="http://localhost", api_key=key)


@pytest.mark.parametrize("trip_id", ["", ".", "..", None])
async def test_an_id_that_names_nothing_is_refused(client, trip_id):
    with pytest.raises(ValueError, match="tripId must be an id"):
        client.get_trip(trip_id)


async def test_an_id_stays_one_segment_of_the_path(client):
    with pytest.raises(NotFound):
        await client.get_trip("a/legs")


async def test_iterators_go_through_all_pages(client, world):
    pins = [{**PIN, "name": f"P{number}"} for number in range(7)]
    await client.sync(world.trip_id, {"mapPins": pins})
    found = [pin["name"] async for pin in client.iterate_map_pins(world.trip_id, limit=3)]
    assert found == [pin["name"] for pin in pins]


async def test_an_iterator_ends_where_a_cursor_comes_again():
    async def page(_cursor):
        return {"items": [{"_id": "a"}], "nextCursor": "again"}

    assert len([row async for row in rows(page)]) == 2


async def test_changes_tell_how_far_they_go(client, world):
    changes = client.changes(world.trip_id)
    before = [change async for change in changes]
    await client.sync(world.trip_id, {"mapPins": [PIN, PIN, PIN]})
    later = client.changes(world.trip_id, since=changes.rev, limit=2)
    first = await anext(later)
    assert later.rev == first["rev"] - 1 == changes.rev
    assert len([change async for change in later]) == 2
    assert later.rev == first["rev"]
    assert before


async def test_some_that_failed_are_data(client, world):
    body = {"mapPins": [PIN, {"name": "nowhere"}]}
    sent = await client.sync(world.trip_id, body).with_response()
    assert sent.status == 207
    assert sent.data["mapPins"]["errors"] == 1


async def test_a_job_is_data_and_is_waited_for(client, world):
    sent = await client.sync_trip(
        world.trip_id, {"mapPins": [PIN]}, prefer="respond-async"
    ).with_response()
    assert sent.status == 202
    job = await client.wait_for_job(sent.data["_id"])
    assert job["result"]["mapPins"]["created"] == 1


async def test_with_progress_a_job_is_followed(client, world):
    told: list[Any] = []
    done = await client.sync(
        world.trip_id, {"mapPins": [PIN]}, prefer="respond-async", on_progress=told.append
    )
    assert done["mapPins"]["created"] == 1
    assert told[-1]["status"] == "succeeded"


async def test_what_is_known_is_a_304(client, world):
    first = await client.get_trip(world.trip_id).with_response()
    again = await client.get_trip(
        world.trip_id, if_none_match=first.headers["ETag"]
    ).with_response()
    assert (again.status, again.data) == (304, None)


async def test_errors_have_their_class_and_all_that_is_told(client, world):
    with pytest.raises(ValidationFailed) as caught:
        await client.create_map_pin(world.trip_id, {"name": "x", "lat": 91, "lng": 0})
    error = caught.value
    assert (error.status, error.code) == (400, "VALIDATION_ERROR")
    assert [(each["path"], each["reason"]) for each in error.details] == [("lat", "out_of_range")]
    assert error.request_id == error.headers["X-Request-Id"]
    stranger = await world.person("Stranger", None)
    async with CarnetClient(base_url=world.running.base, api_key=stranger.key) as other:
        with pytest.raises(Forbidden):
            await other.get_trip(world.trip_id)
    async with CarnetClient(base_url=world.running.base, api_key="osk_no") as other:
        with pytest.raises(Unauthorized):
            await other.me()


async def test_a_share_token_opens_a_trip(client, world):
    link = await client.create_share_token(world.trip_id)
    async with SharedTripClient(base_url=world.running.base, token=link["token"]) as shared:
        assert (await shared.get_shared_trip())["trip"]["_id"] == world.trip_id
        assert "mapPins" in await shared.export_shared_trip()


async def test_a_call_nobody_awaits_is_told_of_by_python(client):
    call = client.me()
    with pytest.warns(RuntimeWarning, match="never awaited"):
        del call


async def test_events_come_and_go_on_after_since(client, world):
    async with asyncio.timeout(60):
        events = client.events(world.trip_id)
        hello = await anext(events)
        await client.create_map_pin(world.trip_id, PIN)
        change = await anext(events)
        await events.aclose()
        assert (hello.type, change.type, change.id) == ("hello", "change", hello.id + 1)
        later = client.events(world.trip_id, since=hello.id)
        assert [(await anext(later)).type, (await anext(later)).id] == ["hello", change.id]
        await later.aclose()


async def test_any_number_of_rows_goes_by_several_requests(client, world, monkeypatch):
    monkeypatch.setattr("carnet.client.uploads.CHUNK_ROWS", 2)
    pins = [{**PIN, "clientRef": f"p{number}"} for number in range(5)]
    pins[3] = {"name": "nowhere"}
    told: list[Any] = []
    done = await client.upsert_all(world.trip_id, "mapPins", pins, on_progress=told.append)
    assert (done["created"], done["errors"]) == (4, 1)
    assert [item["index"] for item in done["items"]] == [0, 1, 2, 3, 4]
    assert done["items"][3]["status"] == "error"
    assert told == [2, 4, 5]


def test_signatures_are_typed():
    hints = inspect.get_annotations(CarnetClient.list_map_pins, eval_str=True)
    assert hints["limit"] == int | None


async def test_a_file_is_sent_as_it_is(client, world):
    file = b"name,lat,lng\nHafen,48.1,9.9\nOhne,,\n"
    sent = await client.import_file(world.trip_id, file, filename="orte.csv").with_response()
    assert sent.status == 207
    assert sent.data["mapPins"]["created"] == 1
    assert sent.data["rejects"][0]["file"] == "orte.csv"
