"""Strict JSON: what is taken, and what is refused (through a server: `test_bad_input`)."""

import json
import random
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ValidationFailed
from domain.json_body import IMPORT_DEPTH, MAX_DEPTH, decode

COMPACT: dict[str, Any] = {"separators": (",", ":")}
AIRY: dict[str, Any] = {"separators": (" \n,\t", "\t\r\n : ")}


def details(raw: bytes) -> list[tuple[str, str]]:
    with pytest.raises(ValidationFailed) as caught:
        decode(raw)
    return [(detail.path, detail.reason) for detail in caught.value.details]


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        "",
        0,
        -1.5,
        True,
        None,
        {"a": {"a": {"a": []}}},
        [{"a": 1}, {"a": 1}],
        {"a": "b", "b": "a"},
        {"": {"": ""}},
        {'"': '"', "\\": "\\", ":": ":", "\n": "\t"},
        {"a": '{"a": 1, "a": 2}', "b": '"a":'},
        {"\U0001f600": "\U0001f600", "é": "\u2028"},
        {"a\\u0000": "\\u0000"},
        {"\x7f": "\x1f"},
    ],
)
def test_json_is_read_however_it_is_written(value):
    for style in (COMPACT, AIRY, {"ensure_ascii": False}, {"indent": 3}):
        assert decode(json.dumps(value, **style).encode()) == value


def some_json(chance: random.Random, depth: int) -> Any:
    kind = chance.randrange(7 if depth else 5)
    text = "".join(chance.choices(string.printable + '"\\:{}[],é\U0001f600', k=chance.randrange(6)))
    match kind:
        case 0:
            return text
        case 1:
            return chance.randint(-(2**62), 2**62)
        case 2:
            return chance.uniform(-1e9, 1e9)
        case 3:
            return chance.choice([True, False, None])
        case 4:
            return {text: 1}
        case 5:
            return [some_json(chance, depth - 1) for _ in range(chance.randrange(4))]
    return {
        chance.choice("abc") + text: some_json(chance, depth - 1)
        for _ in range(chance.randrange(5))
    }


def test_whatever_python_writes_is_read_as_it_was():
    chance = random.Random(4711)
    for _ in range(2_000):
        value = some_json(chance, 5)
        text = json.dumps(value, ensure_ascii=chance.random() < 0.5)
        assert decode(text.encode()) == value


def test_names_that_come_twice_are_found_wherever_they_are():
    chance = random.Random(42)
    found = 0
    for _ in range(500):
        value = some_json(chance, 4)
        text = json.dumps({"before": value, "twice": 1, "after": value})
        doubled = text.replace('"twice": 1', '"twice": 1, "twice": [2]', 1)
        where = [(path, reason) for path, reason in details(doubled.encode())]
        assert where == [("twice", "duplicate")]
        inner = json.dumps({"list": [value, {"x": {"twice": 1}}]})
        doubled = inner.replace('"twice": 1', '"tw\\u0069ce": 1, "twice": 1', 1)
        assert details(doubled.encode()) == [("list[1].x.twice", "duplicate")]
        found += 1
    assert found == 500


def test_every_name_that_comes_twice_is_told():
    raw = b'{"a": 1, "a": 2, "b": {"c": 1, "c": 1}, "d": [{"e": 1, "e": 1}], "a": 3}'
    assert sorted(details(raw)) == [
        ("a", "duplicate"),
        ("a", "duplicate"),
        ("b.c", "duplicate"),
        ("d[0].e", "duplicate"),
    ]
    assert details(b'[{"a": 1, "a": 1}]') == [("[0].a", "duplicate")]


def test_depth_is_bounded():
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        for depth in (1, 2, MAX_DEPTH // 2, MAX_DEPTH):
            decode((opening * depth + "1" + closing * depth).encode())
        for depth in (MAX_DEPTH + 2, 500, 950, 5_000, 200_000):
            raw = (opening * depth + '"\\u0000"' + closing * depth).encode()
            assert details(raw) == [("", "malformed")]


def test_items_of_an_import_may_nest_as_deep_as_rows_of_their_own():
    row = '{"a":' * MAX_DEPTH + "1" + "}" * MAX_DEPTH
    imported = f'{{"items":[{row}]}}'.encode()
    assert decode(imported, IMPORT_DEPTH)
    assert details(f'{{"items":[[{row}]]}}'.encode()) == [("", "malformed")]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00",
        b"\xef\xbb\xbf1",
        b"1 2",
        b"[1,]",
        b'{"a":1,}',
        b"'a'",
        b"\xff",
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'{"\\ud800": 1}',
        b'"\\u0000"',
        b'{"\\u0000": 1}',
        b'{"a": ["\\u0000"]}',
        b'"a\nb"',
        b'"\\q"',
        b"01",
        b"1.",
        b".1",
        b"+1",
        b"-",
        b"1e",
        b"1e999",
        b"NaN",
        b"Infinity",
        b"tru",
    ],
)
def test_what_is_not_strict_json_is_malformed(raw):
    assert details(raw) == [("", "malformed")]


def test_a_refusal_says_in_one_short_line_what_is_wrong():
    for raw in (b"{", b"\xff" * 1000, b"[" * 100_000, b'"\\u0000"', b'{"a": 1, "a": 2}'):
        with pytest.raises(ValidationFailed) as caught:
            decode(raw)
        assert "\n" not in caught.value.message
        assert len(caught.value.message) < 200


def test_a_refusal_tells_nothing_of_the_body():
    for raw in (b'{"secret" 1}', b'{"k": secret}', b'{"k": "secret\xff"}', b'{"k": "secret'):
        with pytest.raises(ValidationFailed) as caught:
            decode(raw)
        assert "secret" not in caught.value.message


def test_a_large_body_is_read_in_a_moment():
    raw = json.dumps([{"name": 'a"b\\', "n": i} for i in range(50_000)]).encode()
    assert len(decode(raw)) == 50_000
    assert decode(b'"' + b'\\"' * 500_000 + b'"') == '"' * 500_000


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"a" :1,"a":2}',
        '{"a"\t:1,"a"\n:2}',
        '{"a":1,"a" \r\n :2,"b":"\\":"}',
        '[{"x":"\\":","y":{"a":1,"a" :2}}]',
    ],
)
def test_a_name_that_comes_twice_is_found_whatever_stands_before_the_colon(text):
    with pytest.raises(ValidationFailed) as caught:
        decode(text.encode())
    assert {detail.reason for detail in caught.value.details or ()} == {"duplicate"}


@pytest.mark.parametrize("first", ["[01]", '["\\ud800"]', '"\\q"', "[" * 5_000 + "]" * 5_000])
@pytest.mark.parametrize("room", ["", " " * 70_000])
def test_what_is_dropped_for_a_later_name_is_strict_json_too(first, room):
    assert details(f'{{"a": {first}, "a": []}}{room}'.encode()) == [("", "malformed")]


@pytest.mark.parametrize("text", ['{"a":"x\\":y"}', '{"a" : "b :"}', '{"\\":":1,"b":" :"}'])
def test_what_only_looks_like_a_name_is_none(text):
    assert decode(text.encode()) == json.loads(text)


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.recursive(TEXT, lambda inner: st.dictionaries(TEXT, inner)), st.data())
def test_names_are_counted_alike_by_looking_and_by_tokens(value, data):
    style = data.draw(st.sampled_from([(",", ":"), (", ", ": "), (",", " :"), (",\n", "\n:\t")]))
    raw = json.dumps(value, separators=style).encode()
    assert decode(raw) == value
