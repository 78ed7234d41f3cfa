"""Bodies that are wrong: each gets the right refusal, and the server answers the next request."""

import gzip
from typing import Any

import msgspec
import pytest

from domain.resources import RESOURCES
from tests.contract.wire import JSON, check_envelope, exchange, head
from tests.support import SAMPLES, TRIP

LEG = SAMPLES["leg"]
MALFORMED = ("", "malformed")


@pytest.fixture(autouse=True)
async def lives_on(world):
    """The server answers the request after a bad one."""
    yield
    assert (await world.client.get("/me")).status == 200
    assert (await world.client.get(f"{world.trip}/export")).status == 200


def body(value) -> bytes:
    return msgspec.json.encode(value)


async def refuse(world, data, *details, path="/legs", **options):
    """Posts bytes and expects a 400 with these details."""
    answer = await world.client.post(f"{world.trip}{path}", data=data, **options)
    check_envelope(answer, 400, "VALIDATION_ERROR", *details)
    return answer


# What is not JSON.


NOT_JSON = [
    b"",
    b" ",
    b"{",
    b"{}}",
    b"{} {}",
    b'{"title": }',
    b'{"title": "Tokyo",}',
    b'{"title": "Tok',
    b'{"title" "Tokyo"}',
    b"{'title': 'Tokyo'}",
    b'{title: "Tokyo"}',
    b"[1, 2",
    b"nul",
    b"True",
    b"NaN",
    b'{"order": NaN}',
    b'{"order": Infinity}',
    b'{"order": -Infinity}',
    b'{"order": 01}',
    b'{"order": +1}',
    b'{"order": .5}',
    b'{"order": 0x10}',
    b'{"title": "a\nb"}',
    b'{"title": "\\x41"}',
    b'{"title": "\\u00"}',
    b"// a comment\n{}",
    b"\xef\xbb\xbf{}",
    '{"title": "Zürich"}'.encode("latin-1"),
    '{"title": "Tokyo"}'.encode("utf-16"),
    b'{"title": "\xc0\x80"}',
    b'{"title": "\xed\xa0\x80"}',
    b'{"title": "\xf4\x90\x80\x80"}',
    b"\x00",
    b"title=Tokyo&order=1",
]


async def test_what_is_not_json_is_malformed(world, subtests):
    for data in NOT_JSON:
        with subtests.test(data=data):
            for path in ("/legs", "/legs:batch", "/sync"):
                await refuse(world, data, MALFORMED, path=path)


WITH_ESCAPE = ['{"title": "a%sb"}', '{"accommodation": {"%s": 1}}', '"%s"']


async def test_half_a_surrogate_pair_is_malformed(world, subtests):
    for text in WITH_ESCAPE:
        with subtests.test(text=text):
            for escape in ("\\ud800", "\\udfff", "\\ud83d", "\\ude00\\ud83d"):
                await refuse(world, text.replace("%s", escape).encode(), MALFORMED)


WITH_NUL = [
    '{"title": "a\\u0000b"}',
    '{"\\u0000": 1}',
    '{"flights": [{"seat": "\\u0000"}]}',
    '["\\u0000"]',
    '"\\u0000"',
]


async def test_a_nul_character_is_malformed(world, subtests):
    for body in WITH_NUL:
        with subtests.test(body=body):
            await refuse(world, body.encode(), MALFORMED)


async def test_whole_surrogate_pairs_and_the_letters_of_a_nul_are_kept(world):
    title = "\U0001f600 \\u0000 \x01 \x7f \u2028"
    made = await world.make("/legs", {**LEG, "title": title})
    assert made["title"] == title
    escaped = b'{"text": "\\ud83d\\ude00", "urgency": "now"}'
    answer = await world.client.post(f"{world.trip}/action-items", data=escaped)
    assert (answer.status, answer.json["text"]) == (201, "\U0001f600")


# Names that come twice.


TWICE = [
    ("/legs", '{"title": "a", "title": "a"}', ["title"]),
    ("/legs", '{"title": "a", "\\u0074itle": "b"}', ["title"]),
    ("/legs", '{"title": 1, "title": 2, "title": 3, "order": 1, "order": 2}', None),
    ("/legs", '{"accommodation": {"name": "a", "x": 1, "name": "b"}}', ["accommodation.name"]),
    ("/legs", '{"flights": [{}, {"seat": "1", "seat": "2"}]}', ["flights[1].seat"]),
    ("/legs", '{"title": "a:b\\"", "x": {"y": {"": 1, "": 2}}}', ["x.y."]),
    ("/legs:batch", '{"items": [{"title": 1, "title": 2}]}', ["items[0].title"]),
    ("/sync", '{"legs": [], "legs": []}', ["legs"]),
]


async def test_a_name_that_comes_twice_is_duplicate(world, subtests):
    for path, body, details in TWICE:
        with subtests.test(path=path, body=body, details=details):
            answer = await refuse(world, body.encode(), path=path)
            assert {reason for _, reason in answer.details} == {"duplicate"}
            if details is not None:
                assert [path for path, _ in answer.details] == details


async def test_text_that_looks_like_names_is_not_taken_for_them(world):
    notes = '{"a": 1, "a": 2} \\"a\\": "a":'
    made = await world.make("/map-pins", {**SAMPLES["mapPin"], "notes": notes, "category": '"x":'})
    assert made["notes"] == notes


# Depth and size.


async def test_a_hundred_levels_are_kept(world):
    deep: Any = 1
    for _ in range(98):
        deep = {"a": deep}
    made = await world.make("/legs", {**LEG, "accommodation": deep})
    assert made["accommodation"] == deep
    export = (await world.client.get(f"{world.trip}/export")).json
    assert export["legs"] == [made]
    again = await world.client.post(f"{world.trip}/sync?dryRun=true", export)
    assert again.json["legs"]["unchanged"] == 1
    same = await world.client.patch(f"{world.trip}/legs/{made['_id']}", {"accommodation": deep})
    assert (same.status, same.json) == (200, made)


DEPTHS = [300, 900, 1_000, 5_000, 100_000]


async def test_nesting_without_end_is_malformed(world, subtests):
    for depth in DEPTHS:
        with subtests.test(depth=depth):
            for inner in ("1", '"\\u0000"', '{"b": 1, "b": 2}'):
                for opening, closing in ("[]", ('{"a":', "}")):
                    whole = opening * depth + inner + closing * depth
                    await refuse(world, whole.encode(), MALFORMED)
                    await refuse(world, f'{{"accommodation": {whole}}}'.encode(), MALFORMED)
                    await refuse(world, (opening * depth).encode(), MALFORMED)


async def test_a_string_of_a_megabyte_is_too_long(world):
    long = "x" * 1_000_000
    await refuse(world, body({**LEG, "title": long}), ("title", "too_long"), ("", "too_long"))
    for extra in ({"accommodation": {"address": long}}, {"flights": [{"x": long}]}):
        await refuse(world, body({**LEG, **extra}), ("", "too_long"))
    item = {**SAMPLES["mapPin"], "category": long}
    batch = await world.client.post(f"{world.trip}/map-pins:batch", {"items": [item]})
    assert batch.status == 207
    assert batch.json["results"][0]["error"]["details"] == [{"path": "", "reason": "too_long"}]


async def test_a_name_of_a_megabyte_is_refused(world):
    await refuse(world, body({**LEG, "x" * 1_000_000: 1}))
    await refuse(world, body({**LEG, "rentalCar": {"x" * 1_000_000: 1}}), ("", "too_long"))


# Numbers.


BEYOND_A_DOUBLE = ["1e999", "-1e999", "1" * 400, "-" + "9" * 400, "1" * 5_000]


async def test_numbers_beyond_a_double_are_refused(world, subtests):
    for number in BEYOND_A_DOUBLE:
        with subtests.test(number=number):
            for text in (
                '{"name": "a", "lat": %s, "lng": 1}',
                '{"name": "a", "lat": 1, "x": %s}',
                "%s",
            ):
                await refuse(world, (text % number).encode(), path="/map-pins")


def with_number(number: str) -> bytes:
    """A leg with a number in a member that is nobody's business but the client's."""
    return body({**LEG, "accommodation": {"x": "HERE"}}).replace(b'"HERE"', number.encode())


WITHOUT_BOUND = ["1e400", "1" * 400 + ".5", "1" * 5_000, "1" * 60_000]


async def test_numbers_without_bound_in_open_objects_are_malformed(world, subtests):
    for number in WITHOUT_BOUND:
        with subtests.test(number=number):
            await refuse(world, with_number(number), MALFORMED)


LONG_INTEGERS = ["1" * 400, "-9223372036854775809", "18446744073709551616"]


async def test_long_integers_in_open_objects_are_kept_to_the_digit(world, subtests):
    for number in LONG_INTEGERS:
        with subtests.test(number=number):
            made = await world.client.post(f"{world.trip}/legs", data=with_number(number))
            assert made.json["accommodation"]["x"] == int(number)
            export = await world.client.get(f"{world.trip}/export")
            assert f'"x":{number}'.encode() in export.raw
            path = f"{world.trip}/legs/{made.json['_id']}"
            for other in ("1.5", "true", number[:-1], number):
                changed = await world.client.patch(
                    path, data=b'{"accommodation":{"x":%s}}' % other.encode()
                )
                assert changed.status == 200
                assert f'"x":{other}'.encode() in changed.raw
            preview = await world.client.post(f"{world.trip}/sync?dryRun=true", data=export.raw)
            counts = preview.json["legs"]
            assert counts["created"] == counts["updated"] == counts["errors"] == 0


WITHIN_A_DOUBLE = [
    ("1e-999", 0.0),
    ("0.1000000000000000055511151231257827", 0.1),
    ("1e22", 1e22),
    ("-0", 0),
    ("18446744073709551615", 18446744073709551615),
    ("1E3", 1000),
]


async def test_numbers_within_a_double_are_kept(world, subtests):
    for number, kept in WITHIN_A_DOUBLE:
        with subtests.test(number=number, kept=kept):
            made = await world.client.post(f"{world.trip}/legs", data=with_number(number))
            assert made.status == 201, made.raw
            assert made.json["accommodation"]["x"] == kept


async def test_ranges_are_checked_for_integers_and_floats(world):
    pin = SAMPLES["mapPin"]
    for lat in ("90.0000001", "-91", "1e300", "10" * 100):
        text = body({**pin, "lat": "HERE"}).replace(b'"HERE"', lat.encode())
        await refuse(world, text, ("lat", "out_of_range"), path="/map-pins")


# Bodies that are not objects, and bodies where none belongs.


NO_OBJECTS = ["[]", "[{}]", '"text"', "1", "1.5", "true", "null"]


async def test_a_body_that_is_no_object_is_of_the_wrong_type(world, subtests):
    for value in NO_OBJECTS:
        with subtests.test(value=value):
            leg = await world.make("/legs", LEG)
            targets = [("POST", resource.path.format(legId=leg["_id"])) for resource in RESOURCES]
            targets += [("POST", f"{path}:batch") for _, path in targets]
            targets += [("POST", "/sync"), ("PATCH", ""), ("PATCH", f"/legs/{leg['_id']}")]
            for method, path in targets:
                answer = await world.client.send(method, f"{world.trip}{path}", data=value.encode())
                check_envelope(answer, 400, "VALIDATION_ERROR", ("", "wrong_type"))
            answer = await world.client.post("/trips", data=value.encode())
            check_envelope(answer, 400, "VALIDATION_ERROR", ("", "wrong_type"))


WITHOUT_ITEMS = ['{"items": null}', "{}"]


async def test_a_batch_needs_its_items(world, subtests):
    for value in WITHOUT_ITEMS:
        with subtests.test(value=value):
            await refuse(world, value.encode(), ("items", "required"), path="/legs:batch")


NO_LISTS = ['"x"', "{}", "1", "true"]


async def test_items_are_a_list(world, subtests):
    for items in NO_LISTS:
        with subtests.test(items=items):
            text = f'{{"items": {items}}}'.encode()
            await refuse(world, text, ("items", "wrong_type"), path="/legs:batch")
            text = f'{{"legs": {items}}}'.encode()
            await refuse(world, text, ("legs", "wrong_type"), path="/sync")


async def test_items_that_are_no_objects_fail_alone(world):
    items: list[Any] = [None, 1, "x", [], LEG]
    for path, name in (("/legs:batch", "items"), ("/sync", "legs")):
        answer = await world.client.post(f"{world.trip}{path}", {name: items})
        assert answer.status == 207
        results = answer.json["results"] if name == "items" else answer.json["legs"]["items"]
        assert [r["status"] for r in results] == ["error"] * 4 + ["created"]
        assert {r["error"]["details"][0]["reason"] for r in results[:4]} == {"wrong_type"}


async def test_a_body_where_none_belongs_is_json_all_the_same(world):
    path = f"{world.trip}/share-token"
    assert (await world.client.post(path, data=b"{}")).status == 201
    assert (await world.client.delete(path, data=b"{}")).status == 204
    check_envelope(await world.client.post(path, data=b"{"), 400, "VALIDATION_ERROR", MALFORMED)
    plain = {"Content-Type": "text/plain"}
    refused = await world.client.post(path, data=b"hello", headers=plain)
    check_envelope(refused, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert (await world.client.get(world.trip, data=b"{")).status == 200


async def test_an_unknown_field_is_refused_also_when_it_is_null(world):
    """A PATCH with a misspelt name would seem to clear what it does not."""
    leg = await world.make("/legs", LEG)
    unknown = ("nots", "unknown_field")
    for resource in RESOURCES:
        path = f"{world.trip}{resource.path.format(legId=leg['_id'])}"
        sample = SAMPLES[resource.kind]
        row = (await world.client.post(path, sample)).json
        answer = await world.client.post(path, {**sample, "nots": None})
        check_envelope(answer, 400, "VALIDATION_ERROR", unknown)
        answer = await world.client.patch(f"{path}/{row['_id']}", {"nots": None})
        check_envelope(answer, 400, "VALIDATION_ERROR", unknown)
        batch = await world.client.post(f"{path}:batch", {"items": [{**sample, "nots": None}]})
        assert batch.json["errors"] == 1
    answer = await world.client.patch(world.trip, {"nots": None})
    check_envelope(answer, 400, "VALIDATION_ERROR", unknown)


# Media types.


OTHER_MEDIA_TYPES = [
    "text/plain",
    "text/json",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/merge-patch+json",
    "application/octet-stream",
    "application/json; charset=latin-1",
    "application/json; charset=utf-16",
    "application/json; charset=nonsense",
    "application",
    "/",
    "json",
    "application/json, text/plain",
    "\xff",
]


async def test_another_media_type_is_415(world, subtests):
    for media_type in OTHER_MEDIA_TYPES:
        with subtests.test(media_type=media_type):
            lines = (f"Content-Type: {media_type}".encode("latin-1"), "Content-Length: 2")
            answer = await exchange(
                world, head(world, "POST", f"/api/v1{world.trip}/legs", *lines), b"{}"
            )
            check_envelope(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


NO_MEDIA_TYPE = [(), ("Content-Length: 0",), ("Content-Type:",)]


async def test_no_media_type_is_415(world, subtests):
    for lines in NO_MEDIA_TYPE:
        with subtests.test(lines=lines):
            target = f"/api/v1{world.trip}/legs"
            answer = await exchange(world, head(world, "POST", target, *lines))
            check_envelope(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
            answer = await exchange(world, head(world, "POST", target, "Content-Length: 2"), b"{}")
            check_envelope(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


CODINGS = ["gzip", "deflate", "br", "zstd", "gzip, identity", "nonsense"]


async def test_a_compressed_body_is_415(world, subtests):
    for coding in CODINGS:
        with subtests.test(coding=coding):
            data = gzip.compress(body(LEG))
            answer = await world.client.post(
                f"{world.trip}/legs", data=data, headers={"Content-Encoding": coding}
            )
            check_envelope(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


async def test_an_empty_body_is_malformed(world):
    target = f"/api/v1{world.trip}/legs"
    for lines in ((JSON,), (JSON, "Content-Length: 0")):
        answer = await exchange(world, head(world, "POST", target, *lines))
        check_envelope(answer, 400, "VALIDATION_ERROR", MALFORMED)
    chunked = head(world, "POST", target, JSON, "Transfer-Encoding: chunked")
    answer = await exchange(world, chunked, b"0\r\n\r\n")
    check_envelope(answer, 400, "VALIDATION_ERROR", MALFORMED)


async def test_a_refused_trip_is_not_made(world):
    before = (await world.client.get("/trips")).json
    for data in (b"{", body(TRIP), b"[]", b'{"groupId": "\\u0000"}'):
        check_envelope(await world.client.post("/trips", data=data), 400, "VALIDATION_ERROR")
    assert (await world.client.get("/trips")).json == before
