"""Contract section 1: ids, times, dates, zones, status codes, headers."""

import datetime
import re

import pytest

from tests.contract.kinds import KINDS, NAMES, channel_path, listed, rows_path
from tests.support import SAMPLES

LEG, COMMITMENT = SAMPLES["leg"], SAMPLES["commitment"]
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"

every_kind = pytest.mark.parametrize("kind", KINDS, ids=NAMES)


# Ids, times, what is left out.


async def test_ids_are_short_lower_case_and_roughly_ordered_by_time(world):
    ids = [(await world.make("/map-pins", SAMPLES["mapPin"]))["_id"] for _ in range(5)]
    for found in (*ids, world.trip_id, world.group_id, world.owner.user_id):
        assert re.fullmatch(r"[a-z0-9]{1,32}", found)
    assert ids == sorted(ids)


async def test_ids_of_others_cannot_be_guessed_from_ones_own(world):
    ids = [(await world.make("/map-pins", SAMPLES["mapPin"]))["_id"] for _ in range(20)]
    # The ends are random: with 12 characters of 32 two alike would be a 1 in 10^16 accident.
    assert len({found[-12:] for found in ids}) == 20


@every_kind
async def test_stored_things_carry_the_times_of_their_making_and_last_change(world, kind):
    path = await rows_path(world, kind)
    before = datetime.datetime.now(datetime.UTC)
    made = (await world.client.post(path, kind.sample)).json
    assert made["createdAt"] == made["updatedAt"]
    assert re.fullmatch(MOMENT, made["createdAt"])
    moment = datetime.datetime.fromisoformat(made["createdAt"])
    # A tenth of a second of grace: the text is cut to milliseconds.
    grace = datetime.timedelta(seconds=0.1)
    assert before - grace <= moment <= datetime.datetime.now(datetime.UTC) + grace
    changed = await world.client.patch(f"{path}/{made['_id']}", {kind.text: "Another"})
    assert changed.json["createdAt"] == made["createdAt"]
    assert changed.json["updatedAt"] >= made["updatedAt"]
    assert re.fullmatch(MOMENT, changed.json["updatedAt"])


async def test_trips_channels_and_messages_carry_times_too(world):
    messages = await channel_path(world)
    sent = await world.client.post(messages, {"content": "Hello"})
    channel = (await listed(world, f"{world.trip}/channels"))[0]
    trip = (await world.client.get(world.trip)).json
    for document in (sent.json, channel, trip):
        assert re.fullmatch(MOMENT, document["createdAt"])
        assert re.fullmatch(MOMENT, document["updatedAt"])


@every_kind
async def test_optional_fields_that_are_not_set_are_left_out(world, kind):
    path = await rows_path(world, kind)
    made = (await world.client.post(path, kind.sample)).json
    assert not set(made) & {*kind.optional, *kind.links, "completedAt"} - {"legId"}
    assert None not in made.values()


# Formats.

ARABIC_DIGITS = "\u0662\u0660\u0662\u0666-07-05"
BAD_DATES = ["2026-02-30", "2026-7-5", "20260705", "2026-W01-1", "05/07/2026", "2026-07-05T00:00"]


@pytest.mark.parametrize(
    "text",
    [*BAD_DATES, "2026-07-05Z", " 2026-07-05", "2026-13-01", ARABIC_DIGITS],
)
async def test_a_date_that_is_not_a_calendar_date_is_malformed(world, text):
    refused = await world.client.post(
        f"{world.trip}/commitments", {**COMMITMENT, "startDate": text}
    )
    assert (refused.status, refused.details) == (400, [("startDate", "malformed")])


async def test_the_29th_of_february_is_a_date_in_leap_years_only(world):
    for year, status in ((2028, 201), (2026, 400)):
        body = {**COMMITMENT, "startDate": f"{year}-02-29"}
        assert (await world.client.post(f"{world.trip}/commitments", body)).status == status


@pytest.mark.parametrize(
    "text", ["24:00", "9:30", "09:60", "09:30:00", "0930", "09:30 ", "9pm", ""]
)
async def test_a_local_time_that_is_not_hours_and_minutes_is_malformed(world, text):
    body = {**COMMITMENT, "startTime": text, "endTime": text}
    refused = await world.client.post(f"{world.trip}/commitments", body)
    assert refused.status == 400
    assert refused.details == [("startTime", "malformed"), ("endTime", "malformed")]


async def test_local_times_run_from_midnight_to_the_last_minute(world):
    body = {**COMMITMENT, "startTime": "00:00", "endTime": "23:59"}
    made = await world.make("/commitments", body)
    assert (made["startTime"], made["endTime"]) == ("00:00", "23:59")


@pytest.mark.parametrize(
    "zone", ["Mars/Phobos", "europe/london", "../etc/passwd", "+02:00", "CEST"]
)
async def test_a_time_zone_outside_the_iana_database_is_malformed(world, zone):
    refused = await world.client.post(f"{world.trip}/legs", {**LEG, "timezone": zone})
    assert (refused.status, refused.details) == (400, [("timezone", "malformed")])


async def test_time_zones_of_the_iana_database_are_taken(world):
    for zone in ("Europe/London", "America/Argentina/Buenos_Aires", "UTC"):
        assert (await world.make("/legs", {**LEG, "timezone": zone}))["timezone"] == zone


@pytest.mark.parametrize(
    "text",
    ["2026-07-15T09:30", "2026-07-15T09:30:15", "2026-07-15T09:30Z", "2026-07-15T09:30:00+09:00"],
)
async def test_flights_and_cars_take_iso_8601_times_with_or_without_offset(world, text):
    flights = [{"departureTime": text, "arrivalTime": text}]
    made = await world.make(
        "/legs", {**LEG, "flights": flights, "rentalCar": {"pickupTime": text, "dropoffTime": text}}
    )
    assert made["flights"] == flights
    assert made["rentalCar"] == {"pickupTime": text, "dropoffTime": text}


@pytest.mark.parametrize("text", ["tomorrow", "09:30", "2026-02-30T09:30", "2026-07-15T25:00"])
async def test_a_flight_or_car_time_that_is_no_moment_is_malformed(world, text):
    refused = await world.client.post(
        f"{world.trip}/legs",
        {**LEG, "flights": [{}, {"departureTime": text}], "rentalCar": {"dropoffTime": text}},
    )
    assert refused.details == [
        ("flights[1].departureTime", "malformed"),
        ("rentalCar.dropoffTime", "malformed"),
    ]


# Status codes and headers.


@every_kind
async def test_a_create_is_201_a_change_200_a_delete_204_without_a_body(world, kind):
    path = await rows_path(world, kind)
    made = await world.client.post(path, kind.sample)
    row = f"{path}/{made.json['_id']}"
    changed = await world.client.patch(row, {kind.text: "Another"})
    deleted = await world.client.delete(row)
    assert (made.status, changed.status, deleted.status) == (201, 200, 204)
    assert deleted.raw == b""
    assert await listed(world, path) == []
    assert (await world.client.delete(row)).code == "NOT_FOUND"


async def test_deleting_a_trip_is_200_with_the_trip_now_completed(world):
    leg = await world.make("/legs", LEG)
    trip = (await world.client.get(world.trip)).json
    archived = await world.client.delete(world.trip)
    assert archived.status == 200
    assert archived.json == trip | {
        "status": "completed",
        "updatedAt": archived.json["updatedAt"],
    }
    assert (await world.client.get(world.trip)).json == archived.json
    assert await listed(world, f"{world.trip}/legs") == [leg]
    again = await world.client.delete(world.trip)
    assert (again.status, again.json) == (200, archived.json)


async def test_every_response_carries_a_request_id_of_its_own(world):
    client, nobody = world.client, world.as_(None)
    share = (await client.post(f"{world.trip}/share-token")).json["token"]
    responses = [
        await client.get("/me"),
        await client.post(f"{world.trip}/legs", LEG),
        await client.delete(f"{world.trip}/share-token"),
        await client.get("/nowhere"),
        await client.send("PUT", "/me"),
        await client.post(f"{world.trip}/legs", {}),
        await client.post(f"{world.trip}/legs", data=b"x", headers={"Content-Type": "text/plain"}),
        await nobody.get("/me"),
        await nobody.get(f"/shared/trips/{share}"),
        await nobody.get(f"{world.running.base}/elsewhere"),
    ]
    statuses = [response.status for response in responses]
    assert statuses == [200, 201, 204, 404, 405, 400, 415, 401, 404, 404]
    ids = [response.headers["X-Request-Id"] for response in responses]
    assert len(set(ids)) == len(ids)
    uuid = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    assert all(re.fullmatch(f"req_{uuid}", found) for found in ids)


async def test_responses_are_json_in_utf_8(world):
    await world.client.patch(world.trip, {"title": "東京"})
    for path, status in ((world.trip, 200), ("/nowhere", 404), (f"{world.trip}/export", 200)):
        response = await world.client.get(path)
        assert response.status == status
        assert response.headers["Content-Type"].startswith("application/json")
    assert "東京".encode() in (await world.client.get(world.trip)).raw


async def test_a_trailing_slash_is_another_route(world):
    for path in ("/trips/", f"{world.trip}/", f"{world.trip}/legs/", "/me/"):
        assert (await world.client.get(path)).code == "NOT_FOUND"
