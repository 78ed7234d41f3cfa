"""What goes the plain way, what does not, and that either way comes to the same."""

from typing import Any

import msgspec
import pytest

from domain import plain
from domain.errors import ValidationFailed
from domain.fields import MAX_ITEM_BYTES
from domain.imports import ImportRequest, read, split
from domain.plain import Plain
from domain.resource import Resource
from domain.resources import ACTION_ITEM, COMMITMENT, LEG, MAP_PIN, RESOURCES, STAY
from domain.shape import MAX_INTEGER
from tests.domain.planning import NOW, body, generally, new_plan, plainly, stored, told
from tests.domain.test_shape import EXPENSE
from tests.support import SAMPLES

PIN = '"name":"Senso-ji","lat":35,"lng":139.5'
EVENT = '"title":"Dinner","startDate":"2026-07-16","category":"dinner"'
STAGE = (
    '"order":1,"title":"Tokyo","destination":"Tokyo","startDate":"2026-07-15",'
    '"endDate":"2026-07-20","timezone":"Asia/Tokyo"'
)

PLAIN: dict[str, tuple[Resource, str]] = {
    "a pin": (MAP_PIN, f"{{{PIN}}}"),
    "in another order": (MAP_PIN, '{"lng":139.5,"name":"Senso-ji","lat":35}'),
    "with white space": (MAP_PIN, '\n{"name" :\t"Senso-ji", "lat": 35,"lng"\r:139.5 } '),
    "with colons and braces": (MAP_PIN, f'{{{PIN},"notes":"{{a:[b]}}:","category":":"}}'),
    "with empty texts": (MAP_PIN, f'{{{PIN},"notes":"","category":""}}'),
    "with escapes": (MAP_PIN, f'{{{PIN},"notes":"\\"a\\nb\\u00e9\\ud83d\\ude00\\/\\\\"}}'),
    "a name that is escaped": (MAP_PIN, '{"n\\u0061me":"a","lat":1,"lng":2}'),
    "not ASCII": (MAP_PIN, f'{{{PIN},"notes":"浅草寺 \U0001f600 \u2028 \x7f"}}'),
    "a whole number for a fraction": (MAP_PIN, '{"name":"a","lat":-90,"lng":180}'),
    "a fraction that is whole": (MAP_PIN, '{"name":"a","lat":-0.0,"lng":1.80e2}'),
    "a negative nothing": (MAP_PIN, '{"name":"a","lat":-0,"lng":-0}'),
    "more digits than fit": (MAP_PIN, '{"name":"a","lat":0.1234567890123456789,"lng":0}'),
    "the largest": (MAP_PIN, f'{{{PIN},"category":"{"x" * (MAX_ITEM_BYTES - 54)}"}}'),
    "the largest whole number": (LEG, f"{{{STAGE.replace('1', str(MAX_INTEGER), 1)}}}"),
    "all day": (COMMITMENT, f'{{{EVENT},"isAllDay":true,"startTime":"09:00"}}'),
    "with a time": (COMMITMENT, f'{{{EVENT},"startTime":"09:00"}}'),
    "of several days": (COMMITMENT, f'{{{EVENT},"endDate":"2026-07-16"}}'),
    "completed": (ACTION_ITEM, '{"text":"Pack","urgency":"now","isCompleted":true}'),
    "an open object": (LEG, f'{{{STAGE},"accommodation":{{"lat":1,"name":"Inn"}}}}'),
    "a list": (LEG, f'{{{STAGE},"flights":[{{"departureTime":"2026-07-15T09:30"}},{{}}]}}'),
    "whole numbers": (EXPENSE, f'{{"title":"a","amountMinor":{MAX_INTEGER},"two":[-1,0]}}'),
}

NOT_PLAIN: dict[str, tuple[Resource, str | bytes]] = {
    "a colon, escaped": (MAP_PIN, f'{{{PIN},"notes":"\\u003a"}}'),
    "a name twice, and a colon escaped": (MAP_PIN, f'{{"lat":1,{PIN},"notes":"\\u003A"}}'),
    "a NUL": (MAP_PIN, f'{{{PIN},"notes":"\\u0000"}}'),
    "a name twice": (MAP_PIN, f'{{"lat":1,{PIN}}}'),
    "a name twice, with colons": (MAP_PIN, f'{{"notes":":",{PIN},"notes":""}}'),
    "a name twice, once escaped": (MAP_PIN, f'{{{PIN},"n\\u0061me":"\\u003a"}}'),
    "a name twice within": (LEG, f'{{{STAGE},"accommodation":{{"name":"a","name":"b"}}}}'),
    "a null": (MAP_PIN, f'{{{PIN},"notes":null}}'),
    "an unknown member": (MAP_PIN, f'{{{PIN},"colour":"red"}}'),
    "an unknown member, too deep": (MAP_PIN, f'{{{PIN},"zoo":{"[" * 5_000 + "]" * 5_000}}}'),
    "an unknown member within": (LEG, f'{{{STAGE},"accommodation":{{"stars":5}}}}'),
    "a null in a list": (LEG, f'{{{STAGE},"flights":[{{"seat":null}}]}}'),
    "a member of the server's": (MAP_PIN, f'{{{PIN},"_id":"p1"}}'),
    "a parent": (STAY, '{"name":"Inn","legId":"leg1"}'),
    "a link": (COMMITMENT, f'{{{EVENT},"legId":"leg1"}}'),
    "a link by ref": (COMMITMENT, f'{{{EVENT},"legRef":"a"}}'),
    "a member of the trip": (ACTION_ITEM, '{"text":"Pack","urgency":"now","owner":"u1"}'),
    "what is required": (MAP_PIN, '{"clientRef":"a"}'),
    "an empty clientRef": (MAP_PIN, f'{{{PIN},"clientRef":""}}'),
    "a number out of bounds": (MAP_PIN, '{"name":"a","lat":91,"lng":0}'),
    "a fraction out of bounds": (MAP_PIN, '{"name":"a","lat":90.00000000000001,"lng":0}'),
    "a larger whole number": (LEG, f"{{{STAGE.replace('1', str(2**53 + 1), 1)}}}"),
    "one out of all bounds": (MAP_PIN, f'{{"name":"a","lat":{10**25},"lng":0}}'),
    "one beyond all floats": (LEG, f"{{{STAGE.replace('1', str(10**400), 1)}}}"),
    "a whole number too large": (EXPENSE, f'{{"title":"a","amountMinor":{MAX_INTEGER + 1}}}'),
    "a fraction for a whole number": (EXPENSE, '{"title":"a","amountMinor":1.0}'),
    "at an open bound": (EXPENSE, '{"title":"a","amountMinor":1,"share":1}'),
    "a boolean for a number": (MAP_PIN, '{"name":"a","lat":true,"lng":0}'),
    "a text for a number": (MAP_PIN, '{"name":"a","lat":"1","lng":0}'),
    "no date": (COMMITMENT, f'{{{EVENT},"endDate":"2026-02-30"}}'),
    "no time": (COMMITMENT, f'{{{EVENT},"startTime":"24:00"}}'),
    "no time, all day": (COMMITMENT, f'{{{EVENT},"isAllDay":true,"startTime":"24:00"}}'),
    "no zone": (LEG, f"{{{STAGE.replace('Asia', 'Mars')}}}"),
    "dates in wrong order": (COMMITMENT, f'{{{EVENT},"endDate":"2026-07-15"}}'),
    "too long a text": (MAP_PIN, f'{{{PIN},"notes":"{"x" * 10_001}"}}'),
    "too large": (MAP_PIN, f'{{{PIN},"category":"{"x" * (MAX_ITEM_BYTES - 53)}"}}'),
    "no object": (MAP_PIN, "[]"),
    "nothing": (MAP_PIN, ""),
    "a mark": (MAP_PIN, f"\ufeff{{{PIN}}}"),
    "not UTF-8": (MAP_PIN, f"{{{PIN},".encode() + b'"notes":"\xff"}'),
    "half a surrogate, escaped": (MAP_PIN, f'{{{PIN},"notes":"\\ud800"}}'),
    "half a surrogate": (MAP_PIN, f"{{{PIN},".encode() + b'"notes":"\xed\xa0\x80"}'),
    "more after it": (MAP_PIN, f"{{{PIN}}} {{}}"),
    "too deep": (LEG, f'{{{STAGE},"flights":{"[" * 5_000 + "]" * 5_000}}}'),
}


def as_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def json_of(value: Any) -> bytes:
    return msgspec.json.encode(value)


def assert_same(resource: Resource, *raws: bytes) -> None:
    """Both ways come to the same, in a new trip and where there is a row already."""
    parent_id = "leg1" if resource.parent else ""
    there = stored(resource, "r1", parent_id, clientRef="a") if resource in RESOURCES else None
    for rows in ([], [there] if there else []):
        assert told(resource, rows, raws, plainly) == told(resource, rows, raws, generally)


@pytest.mark.parametrize("name", PLAIN)
def test_what_is_plain(name):
    resource, text = PLAIN[name]
    raw = text.encode()
    assert isinstance(plain.decode(resource, raw), Plain)
    assert plain.decode_list(resource, [msgspec.Raw(raw)] * 2) == [plain.decode(resource, raw)] * 2
    assert_same(resource, raw)
    with_ref = raw.rstrip()[:-1] + b',"clientRef":"a"}'
    assert_same(resource, with_ref, with_ref)


@pytest.mark.parametrize("name", NOT_PLAIN)
def test_what_is_not_plain(name):
    resource, text = NOT_PLAIN[name]
    raw = as_bytes(text)
    assert plain.decode(resource, raw) is None
    assert_same(resource, raw)
    good = json_of(SAMPLES.get(resource.kind, {"title": "a", "amountMinor": 1}))
    listed = plain.decode_list(resource, [msgspec.Raw(each) for each in (good, raw, good)])
    assert [item is not None for item in listed] == [True, False, True]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
def test_the_sample_of_every_resource_is_plain(resource):
    assert plain.decode(resource, json_of(SAMPLES[resource.kind])) is not None


def test_a_plain_item_tells_what_was_sent():
    raw = f'{{{EVENT},"isAllDay":true,"startTime":"09:00","clientRef":"a"}}'.encode()
    item = plain.decode(COMMITMENT, raw)
    assert item is not None
    assert (item.client_ref, item.sort_key) == ("a", "2026-07-16")
    assert item.members == f'{EVENT},"isAllDay":true,"clientRef":"a"'
    assert item.value == msgspec.json.decode(raw)


def test_a_plain_item_gets_what_the_server_adds():
    item = plain.decode(ACTION_ITEM, b'{"text":"Pack","urgency":"now","isCompleted":true}')
    row = new_plan().upsert(ACTION_ITEM, item)[1]
    assert row.document["completedAt"] == row.document["createdAt"] == NOW


def test_a_plain_item_that_is_there_needs_no_decoding(monkeypatch):
    pin = stored(MAP_PIN, "p1", clientRef="a", lat=35)
    item = plain.decode(MAP_PIN, json_of(body(MAP_PIN, lat=35, clientRef="a")))
    monkeypatch.setattr(Plain, "value", property(lambda _: pytest.fail("decoded")))
    assert new_plan(pin).upsert(MAP_PIN, item) == ("unchanged", pin, {})


@pytest.mark.parametrize(("before", "after"), [("35", "35.0"), ("35.0", "35"), ("35", "3.5E1")])
def test_a_number_is_the_same_however_it_is_spelt(before, after):
    first, second = (
        plain.decode(MAP_PIN, f'{{"name":"a","lat":{lat},"lng":0,"clientRef":"a"}}'.encode())
        for lat in (before, after)
    )
    plan = new_plan()
    row = plan.upsert(MAP_PIN, first)[1]
    assert plan.upsert(MAP_PIN, second) == ("unchanged", row, {})


def lists(text: str, request: ImportRequest | None = None) -> Any:
    """The items of a body by what they are for, those that are plain as `plain`."""
    raw = text.encode()
    request = request or ImportRequest("sync")
    return [
        (resource.kind, ["plain" if isinstance(item, Plain) else item for item in items])
        for resource, items in read(request, raw, split(raw))
    ]


def test_items_of_a_body_are_plain_one_by_one():
    pin = f"{{{PIN}}}"
    assert lists(f'{{"mapPins":[{pin},{pin}]}}') == [("mapPin", ["plain", "plain"])]
    mixed = f'{{"mapPins":[{pin},5,{{"lat":1}}],"legs":[{{{STAGE}}}],"trip":{{}},"rev":1}}'
    assert lists(mixed) == [("leg", ["plain"]), ("mapPin", ["plain", 5, {"lat": 1}])]
    batch = ImportRequest("batch", "mapPin")
    assert lists(f'{{"items":[{pin},null]}}', batch) == [("mapPin", ["plain", None])]
    assert lists("{}") == []


@pytest.mark.parametrize(
    ("text", "path", "reason"),
    [
        (f'{{"mapPins":[],"mapPins":[{{{PIN}}}]}}', "mapPins", "duplicate"),
        (f'{{"mapP\\u0069ns":[],"mapPins":[{{{PIN}}}]}}', "mapPins", "duplicate"),
        (f'{{"mapPins":[{{{PIN}}},{{{PIN},"lat":1}}]}}', "mapPins[1].lat", "duplicate"),
        (f'{{"mapPins":[{{{PIN}}}],"trip":{{"a":1,"a":1}}}}', "trip.a", "duplicate"),
        (f'{{"mapPins":[{{{PIN}}}],"trip":"\\u0000"}}', "", "malformed"),
        (f'{{"mapPins":[{{{PIN}}}],"trip":{"[" * 300 + "]" * 300}}}', "", "malformed"),
        (f'{{"mapPins":[{{{PIN}}}]}}]', "", "malformed"),
        (f'{{"mapPins":[{{{PIN}}},]}}', "", "malformed"),
        (f'{{"mapPins":[{{{PIN}}}],"zoo":[]}}', "zoo", "unknown_field"),
        ("[]", "", "wrong_type"),
    ],
)
def test_bodies_that_are_refused_whole(text, path, reason):
    with pytest.raises(ValidationFailed) as caught:
        lists(text)
    assert [(detail.path, detail.reason) for detail in caught.value.details] == [(path, reason)]


def test_a_stay_that_names_no_leg_is_refused_in_a_sync_though_it_is_plain():
    raw = b'{"name":"Inn"}'
    item = plain.decode(STAY, raw)
    assert item is not None
    with pytest.raises(ValidationFailed) as caught:
        new_plan().upsert_from_snapshot(STAY, item)
    assert [detail.path for detail in caught.value.details] == ["legId"]
