"""`carnet export`, as a person runs it."""

import msgspec
import pytest

from formats.writers import WRITERS
from tests.support import SAMPLES, TRIP


@pytest.mark.parametrize("suffix", [*WRITERS, "ics", "GPX"])
async def test_a_trip_is_written_by_suffix(world, program, tmp_path, suffix):
    await world.make("/map-pins", SAMPLES["mapPin"])
    await world.make("/legs", SAMPLES["leg"])
    done = await program("export", world.trip_id, "-o", f"trip.{suffix}")
    assert (done.code, done.out, done.err) == (0, "", "")
    written = (tmp_path / f"trip.{suffix}").read_bytes()
    assert (b"Tokyo" if suffix == "ics" else b"Sensoji") in written
    assert [path.name for path in tmp_path.glob("*trip*")] == [f"trip.{suffix}"]


async def test_a_dash_is_json_on_standard_output(world, program):
    await world.make("/map-pins", SAMPLES["mapPin"])
    done = await program("export", TRIP["title"], "-o", "-")
    export = msgspec.json.decode((await world.client.get(f"{world.trip}/export")).raw)
    assert done.json == export


async def test_a_title_of_several_trips_names_them(world, program, tmp_path):
    other = await world.new_trip()
    done = await program("export", TRIP["title"], "-o", "trip.json")
    assert done.code == 1
    assert all(each in done.line for each in ("several trips", other, world.trip_id))
    assert not list(tmp_path.glob("*trip*"))


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("any", "-o", "trip.doc"), 2, "-o: .doc is no format; there are .json, .ndjson, .csv"),
        (("any", "-o", "trip"), 2, "-o: no suffix is no format; there are .json"),
        (("none", "-o", "trip.csv"), 1, "there is no trip with the id or the title 'none'"),
        (("Cotswolds", "-o", "no/trip.csv"), 1, "cannot write no/trip.csv: No such file"),
    ],
)
async def test_what_cannot_be_is_one_line(world, program, arguments, code, told):
    done = await program("export", *arguments)
    assert (done.code, done.line[: len(told)]) == (code, told)
