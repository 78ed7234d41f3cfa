"""Contract section 16: a file as the body of `POST /trips/{tripId}/import`."""

from urllib.parse import quote

import pytest

from tests.contract.kinds import listed, snapshot
from tests.contract.queue_world import (
    ASYNC,
    INLINE,
    MAX_ITEMS,
    job_count,
    job_of,
    small,
    stop_worker,
    work,
)

PINS = b"name,lat,lng\nAsakusa,35.7148,139.7967\nShibuya,35.6595,139.7005\n"
BROKEN = b"name,lat,lng\nAsakusa,35.7148,139.7967\nNowhere,148.1,9.1\n"
GPX = b"""<?xml version="1.0"?><gpx version="1.1" creator="hand">
<wpt lat="-16.8" lon="179.98"><name>Pier</name></wpt>
<trk><name>Sailed</name><trkseg><trkpt lat="-16.8" lon="179.9"/></trkseg></trk></gpx>"""


@pytest.fixture
def settings(settings):
    return small(settings)


async def send(world, data, query="", **headers):
    return await world.client.post(f"{world.trip}/import{query}", data=data, headers=headers)


def rows(count):
    return b"name,lat,lng\n" + b"".join(b"Pin %d,1.%03d,2.5\n" % (n, n) for n in range(count))


async def test_what_a_file_holds_is_merged_and_twice_is_unchanged(world):
    answer = await send(world, PINS, "?filename=places.csv")
    assert answer.status == 200
    assert answer.json["dryRun"] is False
    assert answer.json["mapPins"].items() >= {"created": 2, "errors": 0}.items()
    assert (answer.json["rejects"], answer.json["notImported"]) == ([], {})
    assert {pin["name"] for pin in await listed(world, f"{world.trip}/map-pins")} == {
        "Asakusa",
        "Shibuya",
    }
    assert [item["name"] for item in answer.json["mapPins"]["items"]] == ["Asakusa", "Shibuya"]
    again = (await send(world, PINS)).json["mapPins"]
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 2)
    assert not any("name" in item for item in again["items"])


@pytest.mark.parametrize("media_type", ["text/csv", "application/json", "x/y; charset=utf-16", ""])
async def test_any_media_type_will_do(world, media_type):
    answer = await send(world, PINS, **{"Content-Type": media_type} if media_type else {})
    assert answer.json["mapPins"]["created"] == 2


async def test_what_cannot_be_a_row_is_told_and_the_rest_is_done(world):
    answer = await send(world, BROKEN, f"?filename={quote('é places.csv')}")
    assert answer.status == 207
    assert answer.json["mapPins"]["created"] == 1
    [reject] = answer.json["rejects"]
    assert (reject["line"], reject["name"]) == (3, "Nowhere")
    assert "148.1" in reject["reason"]
    assert reject["row"]
    assert reject["file"] == "é places.csv"


async def test_what_has_no_place_in_a_trip_is_counted(world):
    answer = await send(world, GPX)
    assert answer.status == 200
    assert answer.json["mapPins"]["created"] == 1
    assert answer.json["notImported"] == {"tracks": 1}


async def test_a_dry_run_tells_and_writes_nothing(world):
    answer = await send(world, BROKEN, "?dryRun=true")
    assert answer.json["dryRun"] is True
    assert answer.json["mapPins"]["created"] == 1
    assert len(answer.json["rejects"]) == 1
    assert await listed(world, f"{world.trip}/map-pins") == []


@pytest.mark.parametrize("body", [b"", b"\x00\x01\x02\xff" * 9, b"<html></html>", b'{"a": 1}'])
async def test_a_file_that_cannot_be_read_is_refused_with_its_reason(world, body):
    answer = await send(world, body, "?filename=x.bin")
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert answer.details == [("", "malformed")]
    assert len(answer.json["error"]["message"]) > 10
    assert await listed(world, f"{world.trip}/map-pins") == []


async def test_an_export_comes_back_unchanged(world):
    await send(world, PINS)
    exported = await world.client.get(f"{world.trip}/export")
    answer = await send(world, exported.raw)
    assert (answer.json["mapPins"]["unchanged"], answer.json["mapPins"]["created"]) == (2, 0)


async def test_history_tells_that_it_was_an_import(world):
    await send(world, PINS)
    [latest, *_] = (await world.client.get(f"{world.trip}/history")).json["items"]
    assert latest["via"] == "import"


async def test_one_with_many_rows_is_a_job_and_answers_the_same(world):
    few = await send(world, rows(INLINE))
    assert (few.status, await job_count(world)) == (200, 0)
    many = await send(world, rows(INLINE + 1))
    assert (many.status, await job_count(world)) == (200, 1)
    assert many.json["mapPins"].items() >= {"created": 1, "unchanged": INLINE}.items()
    assert many.json.keys() == few.json.keys()
    [latest, *_] = (await world.client.get(f"{world.trip}/history")).json["items"]
    assert latest["via"] == "import"


async def test_one_may_be_asked_for_as_a_job(world):
    await stop_worker(world)
    accepted = await send(world, BROKEN, "?filename=a.csv", **ASYNC)
    assert accepted.status == 202
    assert accepted.headers["Preference-Applied"] == "respond-async"
    assert (await job_of(world, accepted)).json["kind"] == "import"
    await work(world)
    job = (await job_of(world, accepted)).json
    assert job["status"] == "succeeded"
    assert job["result"]["mapPins"]["created"] == 1
    assert job["result"]["rejects"][0]["file"] == "a.csv"


async def test_a_job_whose_file_cannot_be_read_fails_with_the_reason(world):
    await stop_worker(world)
    accepted = await send(world, b"\x00\x01\xfe" * 100_000, **ASYNC)
    await work(world)
    job = (await job_of(world, accepted)).json
    assert (job["status"], job["error"]["code"]) == ("failed", "VALIDATION_ERROR")
    assert await listed(world, f"{world.trip}/map-pins") == []


async def test_more_rows_than_an_import_may_have_are_refused(world):
    assert (await send(world, rows(MAX_ITEMS))).status == 200
    answer = await send(world, rows(MAX_ITEMS + 1))
    assert (answer.status, answer.code) == (413, "PAYLOAD_TOO_LARGE")
    assert str(MAX_ITEMS) in answer.json["error"]["message"]


async def test_conditions_and_retries_hold_as_for_a_sync(world):
    tag = (await world.client.get(f"{world.trip}/export")).headers["ETag"]
    key = {"Idempotency-Key": "file-1"}
    first = await send(world, PINS, **key, **{"If-Match": tag})
    assert first.status == 200
    again = await send(world, PINS, **key, **{"If-Match": tag})
    assert (again.raw, again.headers["Idempotency-Replayed"]) == (first.raw, "true")
    assert (await send(world, BROKEN, **key)).code == "IDEMPOTENCY_CONFLICT"
    assert (await send(world, BROKEN, **{"If-Match": tag})).code == "PRECONDITION_FAILED"
    assert len(await listed(world, f"{world.trip}/map-pins")) == 2


@pytest.mark.parametrize("query", ["?dryrun=true", "?dryRun=1", "?filename=a&filename=b"])
async def test_a_query_that_is_wrong_writes_nothing(world, query):
    assert (await send(world, PINS, query)).status == 400
    assert (await snapshot(world))["mapPins"] == []
