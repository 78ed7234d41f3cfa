"""What holds of any file: readers raise nothing but `Unreadable`, and read the same twice."""

import csv
import io
import json

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from formats.found import Row
from tests.formats.found_in import CASES, found_in, found_until, pins, refs, zipped

BEGINNINGS = [
    b"name,lat,lng\n",
    b"\xff\xfename",
    b"<kml><Document>",
    b"<gpx><wpt lat='1' lon='2'>",
    b'{"type": "FeatureCollection", "features": [',
    b'{"type": "Feature", "geometry": ',
    b"\x1e{",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"BEGIN:VCALENDAR\r\n",
    b"From: a@b.example\r\n",
    b"[{",
]


@given(st.sampled_from([b"", *BEGINNINGS]), st.binary(max_size=300))
def test_any_bytes_are_read_or_unreadable(beginning, rest):
    _, reason = found_until(beginning + rest)
    assert "\n" not in reason


@pytest.mark.parametrize("path", sorted(CASES.iterdir()), ids=lambda path: path.name)
@given(data=st.data())
def test_any_change_of_a_file_is_read_or_unreadable(path, data):
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        change = data.draw(st.sampled_from(["byte", "cut", "drop", "twice"]))
        if change == "byte":
            content[at] = data.draw(st.integers(0, 255))
        elif change == "cut":
            content = content[: at + 1]
        elif change == "drop":
            del content[at : at + data.draw(st.integers(1, 40))]
            assume(content)
        else:
            content[at:at] = content[at : at + 60]
    found, reason = found_until(bytes(content), path.name)
    assert "\n" not in reason
    for row in found:
        if isinstance(row, Row) and row.list == "mapPins":
            assert -90 <= row.document["lat"] <= 90
            assert -180 <= row.document["lng"] <= 180
            assert 1 <= len(row.document["name"]) <= 200
            text = json.dumps(row.document, ensure_ascii=False).encode()
            assert b"\0" not in text
            assert row.document["clientRef"]


CELL = st.text(
    st.characters(codec="cp1252", exclude_categories=["Cc", "Zl", "Zp"]), max_size=20
).filter(lambda text: text == " ".join(text.split()))
PLACES = st.lists(
    st.tuples(
        CELL.filter(bool),
        st.integers(-90_000_000, 90_000_000).map(lambda x: x / 1_000_000),
        st.integers(-180_000_000, 180_000_000).map(lambda x: x / 1_000_000),
        CELL,
    ),
    max_size=6,
    unique_by=lambda row: row[0],
)


def table(rows, delimiter, comma, encoding, end):
    """The rows as a sheet saves them."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerow(["name", "lat", "lng", "notes"])
    for name, lat, lng, notes in rows:
        numbers = [f"{number:f}".replace(".", comma) for number in (lat, lng)]
        writer.writerow([name, *numbers, notes])
    return text.getvalue().encode(encoding)


@given(
    PLACES,
    st.sampled_from(",;\t|"),
    st.sampled_from(".,"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_a_table_reads_the_same_however_it_was_saved(rows, delimiter, comma, encoding, end):
    content = table(rows, delimiter, comma, encoding, end)
    if encoding == "cp1252":
        assume(not _is_utf8(content))
    plain = table(rows, ",", ".", "utf-8-sig", "\n")
    assert pins(found_in(content)) == pins(found_in(plain))
    assert refs(found_in(content)) == refs(found_in(plain))
    assert len(pins(found_in(plain))) == len(rows)


def _is_utf8(content):
    try:
        return not content.decode().isascii()
    except UnicodeDecodeError:
        return False


@given(PLACES, st.randoms(use_true_random=False))
def test_references_do_not_depend_on_the_order(rows, random):
    shuffled = rows.copy()
    random.shuffle(shuffled)
    first, second = (found_in(table(each, ",", ".", "utf-8", "\n")) for each in (rows, shuffled))
    assert sorted(refs(first)) == sorted(refs(second))


MEMBER = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@given(st.dictionaries(MEMBER, st.binary(max_size=60), max_size=5))
@example({"a.csv": b"name,lat,lng\nA,1,2\n", "b.kml": b"<kml>"})
def test_any_archive_is_read_or_unreadable(members):
    assert "\n" not in found_until(zipped(members))[1]
