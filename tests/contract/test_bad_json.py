"""Bodies that are not JSON as we take it: names twice, nesting and numbers without end."""

from typing import Any

import pytest

from tests.contract.wire import encoded, refuse
from tests.support import SAMPLES, told

LEG = SAMPLES["leg"]
MALFORMED = ("", "malformed")


pytestmark = pytest.mark.usefixtures("lives_on")


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


DEPTHS = [300, 900, 1_000, 5_000, 20_000]


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
    long = "x" * 100_000
    await refuse(world, encoded({**LEG, "title": long}), ("", "too_long"))
    for extra in ({"accommodation": {"address": long}}, {"flights": [{"x": long}]}):
        await refuse(world, encoded({**LEG, **extra}), ("", "too_long"))
    item = {**SAMPLES["mapPin"], "category": long}
    batch = await world.client.post(f"{world.trip}/map-pins:batch", {"items": [item]})
    assert batch.status == 207
    assert told(batch.json["results"][0]["error"]) == [("", "too_long")]


async def test_a_name_of_a_megabyte_is_refused(world):
    await refuse(world, encoded({**LEG, "x" * 100_000: 1}))
    await refuse(world, encoded({**LEG, "rentalCar": {"x" * 100_000: 1}}), ("", "too_long"))


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
    return encoded({**LEG, "accommodation": {"x": "HERE"}}).replace(b'"HERE"', number.encode())


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
        text = encoded({**pin, "lat": "HERE"}).replace(b'"HERE"', lat.encode())
        await refuse(world, text, ("lat", "out_of_range"), path="/map-pins")
