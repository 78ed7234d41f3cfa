"""What Carnet writes, Carnet reads: pins of every map format, every row of a table."""

import io
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.resources import RESOURCES
from domain.shape import members_of
from formats.found import About, Notice, NotImported, Reading, Row
from formats.reading import read
from formats.writers import WRITERS
from tests.formats.exports import export_of, exports

WORDS = st.text(st.sampled_from("aZéß浅\U0001f5fa 1.,;:'\"&<>=+-@#%/\\"), min_size=1, max_size=30)


def tidy(text: str) -> bool:
    """Whether a reader that tidies texts leaves this one as it is."""
    return text == " ".join(text.split()) and bool(text)


LINE = WORDS.filter(tidy)
NOTES = st.lists(LINE, min_size=1, max_size=3).map("\n".join)
DEGREES = st.decimals(-85, 85, places=6).map(float)


@st.composite
def pins(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Pins as people have them, no two of the same name at the same place."""
    made = draw(
        st.lists(
            st.fixed_dictionaries(
                {"name": LINE, "lat": DEGREES, "lng": DEGREES},
                optional={"category": LINE, "notes": NOTES, "clientRef": LINE},
            ),
            max_size=5,
            unique_by=lambda pin: pin["name"],
        )
    )
    refs = [pin["clientRef"] for pin in made if "clientRef" in pin]
    assume(len(refs) == len(set(refs)))
    return made


def found(suffix: str, export: dict[str, Any]) -> list[Any]:
    """The rows that are read of what is written; nothing is rejected."""
    file = io.BytesIO(b"".join(WRITERS[suffix](export)))
    told = [*read(file, f"trip.{suffix}", Reading())]
    rows = [each for each in told if not isinstance(each, About | Notice)]
    assert all(isinstance(each, Row) for each in rows), rows
    return rows


@pytest.mark.parametrize("suffix", ["csv", "geojson", "gpx", "kml"])
@given(given_pins=pins())
def test_pins_are_read_as_they_were_written(suffix, given_pins):
    if suffix == "kml":
        # Its folders come after what is in none.
        given_pins.sort(key=lambda pin: pin.get("category", ""))
    rows = found(suffix, export_of(mapPins=given_pins))
    told = sorted(given_pins, key=lambda pin: pin["name"])
    read_again = sorted((row.document for row in rows), key=lambda pin: pin["name"])
    for written, document in zip(told, read_again, strict=True):
        kept = ("name", "lat", "lng", "category", "notes")
        expected = {name: written[name] for name in kept if name in written}
        if suffix == "kml":
            expected.setdefault("category", "Kyōto & <Nara>")
        assert {name: document[name] for name in kept if name in document} == expected
        if "clientRef" in written and suffix in ("csv", "geojson"):
            assert document["clientRef"] == written["clientRef"]


def as_read(value: Any) -> Any:
    """A line of a table may end in any way, within a cell too."""
    if not isinstance(value, str):
        return value
    return value.replace("\r\n", "\n").replace("\r", "\n")


@given(exports())
def test_every_row_of_a_table_is_read_as_it_was_written(export):
    places = [
        (pin["name"], round(pin["lat"], 5), round(pin["lng"], 5)) for pin in export["mapPins"]
    ]
    assume(len(places) == len({*places}))  # one place of a file is one pin
    rows = found("csv", export)
    for resource in RESOURCES:
        fields = members_of(resource.struct).by_name
        written = [
            {name: as_read(value) for name, value in row.items() if name in fields and value != ""}
            for row in export[resource.snapshot]
        ]
        again = [
            {name: value for name, value in row.document.items() if name in fields}
            for row in rows
            if row.list == resource.snapshot
        ]
        for document in again:
            # What a row without one is known by.
            document.pop("clientRef")
        assert again == written


def test_nothing_of_a_map_is_taken_twice():
    place = {"name": "Inn", "lat": 35.5, "lng": 139.5}
    export = export_of(mapPins=[place], stays=[{**place, "legId": "leg0"}])
    file = io.BytesIO(b"".join(WRITERS["geojson"](export)))
    kinds = [type(each) for each in read(file, "trip.geojson", Reading())]
    assert kinds == [Row, NotImported]
