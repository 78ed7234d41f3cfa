"""Rows in chunks: what is linked to goes first, by clientRef where ids mean nothing."""

import msgspec
import pytest

from carnet.importing import chunks
from carnet.importing.chunks import Chunker
from formats.found import Notice, Part, Row

PIN = Row(list="mapPins", document={"name": "Hafen", "_id": "p1", "clientRef": "carnet:p1"})
LEG = Row(list="legs", document={"title": "Tokyo", "_id": "l1", "clientRef": "carnet:l1"})
STAY = Row(list="stays", document={"name": "Inn", "legId": "l1"})
EVENT = Row(list="commitments", document={"title": "Dinner", "mapPinId": "p1", "legId": "l1"})
FLIGHT = Part(member="flights", document={"flightNumber": "XX1"})


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 2)


def lists(made):
    return [{name: len(rows) for name, rows in chunk.lists().items()} for chunk in made]


def test_a_chunk_has_so_many_rows(small):
    alone = Row(list="commitments", document={"title": "Alone"})
    made = Chunker(dry_run=False).pass_on([PIN, alone, PIN, PIN, Notice(text="x"), PIN])
    assert lists(made) == [{"mapPins": 1, "commitments": 1}, {"mapPins": 2}, {"mapPins": 1}]


def test_a_chunk_has_so_many_bytes(monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 10)
    assert lists(Chunker(dry_run=False).pass_on([PIN, PIN])) == [{"mapPins": 1}, {"mapPins": 1}]


def test_what_is_no_row_comes_with_the_rows_around_it(small):
    notice = Notice(text="columns")
    first, second = Chunker(dry_run=False).pass_on([notice, PIN, PIN, notice, PIN])
    assert (first.others, second.others) == ([notice, notice], [])


def test_what_links_goes_last_and_by_clientref(small):
    chunker = Chunker(dry_run=False)
    assert lists(chunker.pass_on([EVENT, STAY, FLIGHT, LEG, PIN])) == [{"mapPins": 1}]
    assert chunker.itinerary == [STAY, FLIGHT, LEG]
    first, last = chunker.the_rest([LEG, STAY])
    assert lists([first, last]) == [{"legs": 1, "stays": 1}, {"commitments": 1}]
    assert first.links
    assert last.links
    assert first.rows[1].document == {"name": "Inn", "legRef": "carnet:l1"}
    assert last.rows[0].document == {
        "title": "Dinner", "mapPinRef": "carnet:p1", "legRef": "carnet:l1",
    }  # fmt: skip


def test_a_dry_run_does_not_link_to_what_an_earlier_request_did_not_make(small):
    chunker = Chunker(dry_run=True)
    list(chunker.pass_on([PIN, EVENT]))
    (rest,) = chunker.the_rest([LEG])
    assert rest.rows[1].document == {"title": "Dinner", "legRef": "carnet:l1"}


def test_rows_that_link_to_nothing_known_stay_as_they_are():
    row = Row(list="commitments", document={"title": "Dinner", "legId": "of-the-trip"})
    chunker = Chunker(dry_run=False)
    list(chunker.pass_on([row]))
    (rest,) = chunker.the_rest([])
    assert msgspec.json.decode(rest.rows[0].raw) == row.document
