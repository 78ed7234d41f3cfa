"""`carnet import`, as a person runs it."""

import asyncio
import csv
import io
import zipfile
from signal import SIGINT

import airportsdata
import msgspec
import pytest

from tests.carnet.program import CARNET, environment
from tests.client.faulty import AFTER, NEVER, answer, faulty
from tests.support import SAMPLES, add_key
from tests.waiting import until

PINS = "name,lat,lng,notes\nHafen,48.1,9.9,am See\nTurm,48.2,9.8,\n"
BROKEN = "name,lat,lng\nHafen,48.1,9.9\nOhne,,\nFern,148.1,9.1\n"


@pytest.fixture
def pins(tmp_path):
    path = tmp_path / "pins.csv"
    path.write_text(PINS)
    return path


async def listed(world, trip_id=None):
    found = await world.client.get(f"/trips/{trip_id or world.trip_id}/map-pins?limit=200")
    return {pin["name"]: pin for pin in found.json["items"]}


async def test_twice_is_all_unchanged(world, program, pins):
    first = await program("import", str(pins), "--trip", world.trip_id)
    assert first.code == 0, first.err
    assert "columns: name → name" in first.out
    assert "mapPins: 2 created, 0 updated, 0 unchanged\n" in first.out
    again = await program("import", str(pins), "--trip", world.trip_id, "--json")
    assert again.json["mapPins"] == {"created": 0, "updated": 0, "unchanged": 2}
    assert (await listed(world))["Hafen"]["notes"] == "am See"


async def test_what_was_deleted_meanwhile_comes_back(world, program, pins):
    await program("import", str(pins), "--trip", world.trip_id)
    hafen = (await listed(world))["Hafen"]
    await world.client.delete(f"{world.trip}/map-pins/{hafen['_id']}")
    again = await program("import", str(pins), "--trip", world.trip_id, "--json")
    assert again.json["mapPins"] == {"created": 1, "updated": 0, "unchanged": 1}


async def test_a_dry_run_shows_what_would_change_and_writes_nothing(world, program, pins):
    await program("import", str(pins), "--trip", world.trip_id)
    pins.write_text(PINS.replace("am See", "im Tal") + "Neu,1,2,\n")
    shown = await program("import", str(pins), "--trip", world.trip_id, "--dry-run")
    assert "mapPins: would be 1 created, 1 updated, 1 unchanged\n" in shown.out
    assert '  + Neu\n  ~ Hafen\n      notes: "am See" → "im Tal"\n' in shown.out
    assert (await listed(world))["Hafen"]["notes"] == "am See"
    done = await program("import", str(pins), "--trip", world.trip_id, "--json")
    assert done.json["mapPins"] == {"created": 1, "updated": 1, "unchanged": 1}


async def test_rejects_go_to_a_file_and_into_the_exit_code(world, program, tmp_path):
    (tmp_path / "some.csv").write_text(BROKEN)
    arguments = ("some.csv", "--trip", world.trip_id, "--rejects", "rejects.ndjson")
    done = await program("import", *arguments)
    assert done.code == 3
    assert "rejected: 2\n  some.csv:3: Ohne: no coordinates\n" in done.out
    assert done.out.endswith("the rejects are in rejects.ndjson\n")
    first, second = map(msgspec.json.decode, (tmp_path / "rejects.ndjson").read_text().splitlines())
    assert first == {
        "file": "some.csv", "line": 3, "name": "Ohne", "reason": "no coordinates",
        "row": {"name": "Ohne"},
    }  # fmt: skip
    assert "beyond 90" in second["reason"]


EVENTS = (
    "title,startDate,category,legId\nDinner,2027-03-01,dinner,\nLunch,2027-03-09,dinner,nowhere\n"
)
"""The second one links to a leg that no trip has."""


async def test_what_the_server_refuses_is_a_reject_too(world, program, tmp_path):
    (tmp_path / "events.csv").write_text(EVENTS)
    done = await program("import", "events.csv", "--trip", world.trip_id, "--json")
    assert done.code == 3
    assert done.json["commitments"] == {"created": 1, "updated": 0, "unchanged": 0}
    (reject,) = done.json["rejects"]
    assert (reject["file"], reject["line"], reject["name"]) == ("events.csv", 3, "Lunch")
    assert (reject["row"]["legId"], "legId" in reject["reason"]) == ("nowhere", True)


async def test_folders_and_archives_are_read_in_the_order_of_names(world, program, tmp_path):
    folder = tmp_path / "all"
    (folder / "b").mkdir(parents=True)
    (folder / "a.csv").write_text(PINS)
    (folder / ".hidden.csv").write_text("name,lat,lng\nHidden,1,1\n")
    (folder / "b" / "c.csv").write_text("name,lat,lng\nC,1,1\n")
    with zipfile.ZipFile(folder / "d.zip", "w") as archive:
        archive.writestr("e.csv", "name,lat,lng\nE,2,2\n")
    done = await program("import", "all", "--trip", world.trip_id)
    assert done.code == 0, done.out
    assert list(await listed(world)) == ["Hafen", "Turm", "C", "E"]


async def test_a_new_trip_is_made_once(world, program, pins):
    dry = await program("import", str(pins), "--new-trip", "Am See", "--dry-run")
    assert "mapPins: would be 2 created" in dry.out
    first = await program("import", str(pins), "--new-trip", "Am See")
    assert "today, since nothing has dates" in first.out
    trips = (await world.client.get("/trips")).json["items"]
    (made,) = [trip for trip in trips if trip["title"] == "Am See"]
    assert made["startDate"] == made["endDate"]
    assert len(await listed(world, made["_id"])) == 2
    again = await program("import", str(pins), "--new-trip", "Am See")
    assert again.code == 2
    assert again.line == (f"--new-trip: there is a trip 'Am See' already: say --trip {made['_id']}")


async def test_a_new_trip_has_the_days_of_what_is_imported(world, program, tmp_path):
    (tmp_path / "events.csv").write_text(EVENTS)
    done = await program("import", "events.csv", "--new-trip", "Spring", "--json")
    trip = (await world.client.get(f"/trips/{done.json['tripId']}")).json
    assert (trip["startDate"], trip["endDate"]) == ("2027-03-01", "2027-03-09")


async def test_a_file_that_cannot_be_read_makes_no_trip(world, program, tmp_path):
    (tmp_path / "some.bin").write_bytes(bytes(range(256)) * 9)
    done = await program("import", "some.bin", "--new-trip", "Nothing")
    assert done.code == 1
    assert "some.bin: " in done.line
    assert len((await world.client.get("/trips")).json["items"]) == 1


async def test_an_export_goes_into_another_trip_with_its_links(world, program):
    leg = await world.make("/legs", SAMPLES["leg"])
    await world.make(f"/legs/{leg['_id']}/stays", SAMPLES["stay"])
    pin = await world.make("/map-pins", SAMPLES["mapPin"])
    event = {**SAMPLES["commitment"], "legId": leg["_id"], "mapPinId": pin["_id"]}
    await world.make("/commitments", event)
    assert (await program("export", world.trip_id, "-o", "trip.csv")).code == 0
    other = await world.new_trip()
    dry = await program("import", "trip.csv", "--trip", other, "--dry-run", "--json")
    assert dry.code == 0, dry.json
    done = await program("import", "trip.csv", "--trip", other, "--json")
    assert done.code == 0, done.json
    copy = (await world.client.get(f"/trips/{other}/export")).json
    assert copy["stays"][0]["legId"] == copy["legs"][0]["_id"]
    assert copy["commitments"][0]["mapPinId"] == copy["mapPins"][0]["_id"]
    again = await program("import", "trip.csv", "--trip", other, "--json")
    assert {name: again.json[name]["unchanged"] for name in ("legs", "stays", "commitments")} == {
        "legs": 1, "stays": 1, "commitments": 1,
    }  # fmt: skip


CANCELLED = """From: booking@example.org
Content-Type: text/html; charset=utf-8

<script type="application/ld+json">{"@context": "http://schema.org", "@type": "FlightReservation",
"reservationStatus": "http://schema.org/Cancelled", "reservationFor": {"@type": "Flight",
"flightNumber": "33", "airline": {"iataCode": "XX"}, "departureAirport": {"iataCode": "SFO"},
"arrivalAirport": {"iataCode": "SIN"}, "departureTime": "2026-07-16T23:30:00"}}</script>
"""


async def test_what_is_cancelled_and_still_there_is_named(world, program, tmp_path):
    flight = {
        "flightNumber": "XX33",
        "departureTime": "2026-07-16T23:30",
        "departureAirport": "SFO",
    }
    await world.make("/legs", {**SAMPLES["leg"], "flights": [flight]})
    (tmp_path / "mail.eml").write_text(CANCELLED)
    done = await program("import", "mail.eml", "--trip", world.trip_id)
    assert done.code == 0
    assert "not imported: 1 cancelled\n  XX33 2026-07-16\n" in done.out
    assert (
        "still in the trip, though cancelled: flight XX33 2026-07-16 in the leg Tokyo" in done.out
    )


async def test_bookings_find_their_leg(world, program, tmp_path):
    leg = await world.make("/legs", SAMPLES["leg"])
    booked = CANCELLED.replace("Cancelled", "ReservationConfirmed")
    (tmp_path / "mail.eml").write_text(booked)
    for outcome in ("updated", "unchanged"):
        done = await program("import", "mail.eml", "--trip", world.trip_id, "--json")
        assert done.json["legs"] == {"created": 0, "updated": 0, "unchanged": 0} | {outcome: 1}
    (found,) = (await world.client.get(f"{world.trip}/legs")).json["items"]
    assert (found["_id"], len(found["flights"])) == (leg["_id"], 1)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 2, "say either --trip ID or --new-trip TITLE"),
        (("--trip", "a", "--new-trip", "B"), 2, "say either --trip ID or --new-trip TITLE"),
        (("--trip", "none"), 1, "--trip: there is no trip none"),
        (("--trip", "none", "--map", "Ort"), 2, "--map: 'Ort' is not COLUMN=FIELD"),
        (("--trip", "none", "--rejects", "no/where"), 2, "--rejects: cannot write no/where"),
        (("--trip", "none", "--url", "carnet.example"), 2, "--url must be an address such as"),
        (("--trip", "none", "--key", "osk_no"), 1, "--key: This API key is unknown"),
    ],
)
async def test_what_cannot_be_is_one_line(program, pins, arguments, code, told):
    done = await program("import", str(pins), *arguments)
    assert (done.code, done.line[: len(told)]) == (code, told)


async def test_a_server_that_is_not_there_is_one_line(program, pins, unused_tcp_port):
    url = f"http://127.0.0.1:{unused_tcp_port}"
    done = await program("import", str(pins), "--trip", "none", url=url)
    assert done.code == 1
    assert done.line.startswith(f"cannot reach the Carnet at {url}: ")


async def test_a_key_that_may_not_write_is_told_so(world, program, pins):
    reader = await add_key(world.store, world.owner.user_id, "trips:read")
    done = await program("import", str(pins), "--trip", world.trip_id, key=reader)
    assert done.code == 1
    assert "lacks trips:write of trip" in done.line


async def test_what_was_answered_to_nobody_is_not_done_twice(world, program, pins):
    async with faulty(world.running.base) as proxy:
        proxy.faults.extend(["", "", AFTER, answer(503, "Retry-After: 0\r\n")])
        done = await program("import", str(pins), "--trip", world.trip_id, "--json", url=proxy.url)
    assert done.json["mapPins"] == {"created": 2, "updated": 0, "unchanged": 0}
    assert len(await listed(world)) == 2


async def test_an_interrupted_import_says_that_it_can_be_begun_again(world, program, pins):
    async with faulty(world.running.base) as proxy:
        proxy.faults.extend(["", "", NEVER])
        process = await asyncio.create_subprocess_exec(
            *(CARNET, "import", pins, "--trip", world.trip_id, "--url", proxy.url),
            env=environment({"CARNET_API_KEY": world.owner.key}),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await until(lambda: len(proxy.seen) == 3)
        process.send_signal(SIGINT)
        _, errors = await process.communicate()
    assert process.returncode == 130
    assert errors.decode() == "0 rows are in: starting the same again goes on\n"
    assert (await program("import", str(pins), "--trip", world.trip_id)).code == 0


async def test_all_airports_and_then_none(world, program, tmp_path):
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["name", "lat", "lng", "notes"])
    airports = airportsdata.load("IATA")
    for code, airport in airports.items():
        writer.writerow([f"{airport['name']} ({code})", airport["lat"], airport["lon"], code])
    (tmp_path / "airports.csv").write_text(table.getvalue())
    first = await program("import", "airports.csv", "--new-trip", "Airports", "--json")
    assert first.json["mapPins"] == {"created": len(airports), "updated": 0, "unchanged": 0}
    again = await program("import", "airports.csv", "--trip", first.json["tripId"], "--json")
    assert again.json["mapPins"] == {"created": 0, "updated": 0, "unchanged": len(airports)}
