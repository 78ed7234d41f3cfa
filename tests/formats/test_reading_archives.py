"""ZIP archives, also those that are made to harm."""

import io
import struct
import zipfile

import pytest

from formats import archives
from formats.found import Reject
from tests.formats.found_in import (
    found_in,
    found_until,
    left_out,
    places,
    reasons,
    zipped,
)

TABLE = "name,lat,lng\nHof,48.4011,9.9876\n"
HOF = [("Hof", 48.4011, 9.9876)]


def gpx(name):
    return f'<gpx><wpt lat="1" lon="2"><name>{name}</name></wpt></gpx>'


def test_a_folder_is_read_in_the_order_of_names_and_says_where_things_are():
    archive = zipped(
        {
            "trip/b.gpx": gpx("B"),
            "trip/a.csv": TABLE,
            "trip/": "",
            "trip/photo.jpg": b"\xff\xd8\xff",
            "trip/.DS_Store": b"\0\0\0\1Bud1",
            "__MACOSX/trip/._a.csv": b"\0\5\x16\7",
            "trip\\c.csv": "name,lat,lng\nC,3,4\n",
        }
    )
    found = found_in(archive, "all.zip")
    assert places(found) == [*HOF, ("B", 1.0, 2.0), ("C", 3.0, 4.0)]
    assert [each.at.file for each in found] == [
        "all.zip/trip/a.csv",
        "all.zip/trip/a.csv",
        "all.zip/trip/b.gpx",
        "all.zip/trip/c.csv",
        "all.zip/trip/c.csv",
        "all.zip/trip/photo.jpg",
    ]
    assert left_out(found) == [("other", "trip/photo.jpg")]


def test_one_place_in_two_files_is_one():
    found = found_in(zipped({"a.csv": TABLE, "b.csv": TABLE}))
    assert places(found) == HOF
    assert left_out(found) == [("duplicates", "Hof")]


def test_what_cannot_be_read_is_told_and_the_rest_read():
    archive = zipped(
        {"a.txt": "hello", "b.pdf": b"%PDF-1.7", "c.csv": TABLE, "d.csv": "", "e.gpx": "<gpx><wpt"}
    )
    found = found_in(archive, "all.zip")
    assert places(found) == HOF
    told = {each.name: each.reason for each in found if isinstance(each, Reject)}
    assert [*told] == ["a.txt", "b.pdf", "d.csv", "e.gpx"]
    assert told["a.txt"].startswith("no table of places")
    assert told["b.pdf"].startswith("this is a PDF")
    assert told["d.csv"] == "the file is empty"
    assert told["e.gpx"].startswith("the file ends in the middle")


def test_an_archive_in_an_archive_is_read_and_no_deeper():
    inner = zipped({"a.csv": TABLE})
    assert places(found_in(zipped({"inner.zip": inner}))) == HOF
    found = found_in(zipped({"middle.zip": zipped({"inner.zip": inner})}))
    assert places(found) == []
    assert reasons(found) == ["an archive in an archive in an archive: unpack it first"]


def test_a_kmz_in_an_archive_is_read():
    kml = "<kml><Placemark><name>Hof</name><Point><coordinates>9.9876,48.4011"
    kmz = zipped({"doc.kml": f"{kml}</coordinates></Point></Placemark></kml>"})
    assert places(found_in(zipped({"lists/a.kmz": kmz}))) == HOF


def changed(archive, **fields):
    """The archive with fields of its first entry in the directory changed."""
    offsets = {"flags": (8, "<H"), "method": (10, "<H"), "crc": (16, "<L"), "size": (24, "<L")}
    data = bytearray(archive)
    at = data.index(b"PK\x01\x02")
    for name, value in fields.items():
        offset, form = offsets[name]
        struct.pack_into(form, data, at + offset, value)
    return bytes(data)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"flags": 1}, "it is encrypted: unpack it with its password first"),
        ({"method": 12}, "it is packed by a method that is not read; deflate is"),
        ({"method": 14}, "it is packed by a method that is not read; deflate is"),
        ({"crc": 1}, "a damaged archive: Bad CRC-32 for file 'a.csv'"),
    ],
)
def test_a_member_that_cannot_be_unpacked_is_told(fields, reason):
    assert reasons(found_in(changed(zipped({"a.csv": TABLE}), **fields))) == [reason]


def test_bounds_of_archives():
    zeros = zipped({"a.csv": b"\0" * (archives.FREE_BYTES + 1)})
    assert "a.csv unpacks to more than 200 times its size" in found_until(zeros)[1]
    huge = changed(zipped({"a.csv": TABLE * 100}), size=(1 << 30) + 1)
    assert "unpacks to more than 1,024 MiB" in found_until(huge)[1]
    many = zipped({f"{number}.csv": "" for number in range(archives.MOST_MEMBERS + 1)})
    assert "more than 10,000 files" in found_until(many)[1]


def test_files_that_overlap_are_refused():
    """As in a bomb of D. Fifield's: two entries share what is packed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", TABLE)
        archive.filelist.append(archive.filelist[0])
    assert "overlap" in found_until(buffer.getvalue())[1]


def test_half_an_archive_says_so():
    whole = zipped({"a.csv": TABLE * 50, "b.csv": TABLE})
    found, reason = found_until(whole[: len(whole) // 2])
    assert found == []
    assert reason == "half of an archive: its directory, which is at the end, is missing"


def test_a_member_without_a_name_does_not_matter():
    whole = zipped({"a.csv": TABLE, "\N{BLACK STAR}": TABLE})
    nameless = whole.replace("\N{BLACK STAR}".encode(), b"\0ab")
    assert places(found_in(nameless)) == HOF


def test_an_archive_of_nothing_says_so():
    assert found_until(zipped({}))[1] == "the archive is empty"
    assert found_until(zipped({"__MACOSX/x": "y"}))[1] == "the archive is empty"


@pytest.mark.parametrize(
    ("member", "reason"),
    [("xl/workbook.xml", "a workbook: save the sheet as CSV"), ("word/document.xml", "document")],
)
def test_documents_of_office_programs_are_no_archives(member, reason):
    assert reason in found_until(zipped({member: "<x/>", "[Content_Types].xml": "<x/>"}))[1]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf \r\n", "the file is empty"),
        (b"\0" * 1000, "the file is empty"),
        (b"\x1f\x8b\x08\0", "packed with gzip"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "a workbook"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"SQLite format 3\0" + b"\1" * 100, "a database"),
        (bytes(range(256)) * 4, "no file of a kind that is read"),
    ],
)
def test_files_of_other_kinds_say_what_they_are(content, reason):
    found, told = found_until(content)
    assert found == []
    assert reason in told


def test_the_suffix_does_not_matter():
    assert places(found_in(TABLE, "table.gpx")) == HOF
    assert places(found_in(zipped({"x.json": TABLE}), "a.csv")) == HOF


def test_a_name_that_leads_out_of_the_archive_is_read_within_it():
    found = found_in(zipped({"../../a.csv": "name,lat,lng\nHof,48.4011,9.9876\n"}), "a.zip")
    assert places(found) == [("Hof", 48.4011, 9.9876)]
    assert found[-1].at.file == "a.zip/a.csv"
