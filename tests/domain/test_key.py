"""What may be set of an API key, and how its use is told."""

import datetime

import pytest

from domain.account import used_from
from domain.errors import ValidationFailed
from domain.key import MOST_REQUESTS, MOST_SCOPES, last_day, made, trips_named, unreachable
from domain.scopes import trip_of

NOW = "2026-11-28T12:00:00.000Z"
KEY = {"name": "Importer", "scopes": ["trips:read"]}


def wrong(**fields):
    """What is wrong with a key, but for what these members change, as `(path, reason)`."""
    _, found = made({**KEY, **fields}, NOW)
    return [(detail.path, detail.reason) for detail in found]


def test_a_key_needs_a_name_and_scopes():
    _, found = made({}, NOW)
    assert [(each.path, each.reason) for each in found] == [
        ("name", "required"),
        ("scopes", "required"),
    ]


@pytest.mark.parametrize("body", [None, [], "key", 1])
def test_a_key_is_an_object(body):
    with pytest.raises(ValidationFailed) as refused:
        made(body, NOW)
    assert [(each.path, each.reason) for each in refused.value.details] == [("", "wrong_type")]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"name": ""}, [("name", "empty")]),
        ({"name": "x" * 201}, [("name", "too_long")]),
        ({"name": "  "}, [("name", "malformed")]),
        ({"name": "a\nb"}, [("name", "malformed")]),
        ({"name": 1}, [("name", "wrong_type")]),
        ({"scopes": []}, [("scopes", "empty")]),
        ({"scopes": "trips:read"}, [("scopes", "wrong_type")]),
        ({"scopes": ["trips:read"] * (MOST_SCOPES + 1)}, [("scopes", "too_long")]),
        ({"scopes": ["trips:all"]}, [("scopes[0]", "malformed")]),
        ({"scopes": ["trips:read", "trips:read\n"]}, [("scopes[1]", "malformed")]),
        ({"scopes": ["trips:read:A"]}, [("scopes[0]", "malformed")]),
        ({"scopes": [None]}, [("scopes[0]", "wrong_type")]),
        ({"scopes": [["trips:read"]]}, [("scopes[0]", "wrong_type")]),
        ({"scopes": ["trips:read", "trips:read"]}, [("scopes[1]", "duplicate")]),
        ({"expiresAt": "soon"}, [("expiresAt", "malformed")]),
        ({"expiresAt": "9999-12-31"}, [("expiresAt", "malformed")]),
        ({"expiresAt": "2026-11-27"}, [("expiresAt", "out_of_range")]),
        ({"expiresAt": "2026-11-28T13:00:00+01:00"}, [("expiresAt", "out_of_range")]),
        ({"expiresAt": 1}, [("expiresAt", "wrong_type")]),
        ({"rateLimit": 0}, [("rateLimit", "out_of_range")]),
        ({"rateLimit": MOST_REQUESTS + 1}, [("rateLimit", "out_of_range")]),
        ({"rateLimit": 1.5}, [("rateLimit", "wrong_type")]),
        ({"rateLimit": "60"}, [("rateLimit", "wrong_type")]),
        ({"key": "osk_mine"}, [("key", "unknown_field")]),
        ({"userId": None}, [("userId", "unknown_field")]),
        ({"revokedAt": NOW}, [("revokedAt", "unknown_field")]),
    ],
)
def test_what_is_wrong_is_told(fields, found):
    assert wrong(**fields) == found


def test_null_is_as_if_absent_and_what_was_read_can_be_sent_back():
    read = {"_id": "1", "lastFour": "abcd", "lastUsedAt": NOW, "lastUsedFrom": "", "createdAt": 7}
    fields, found = made({**KEY, "expiresAt": None, "rateLimit": None, **read}, NOW)
    assert (fields, found) == (KEY, [])


@pytest.mark.parametrize(
    ("given", "stored", "shown"),
    [
        ("2026-11-28", "2026-11-29T00:00:00.000Z", "2026-11-28"),
        ("2027-05-01T18:00:00+02:00", "2027-05-01T16:00:00.000Z", "2027-05-01"),
        ("9999-12-30", "9999-12-31T00:00:00.000Z", "9999-12-30"),
    ],
)
def test_a_key_is_good_through_its_last_day(given, stored, shown):
    fields, found = made({**KEY, "expiresAt": given}, NOW)
    assert (fields["expiresAt"], found) == (stored, [])
    assert last_day(stored) == datetime.date.fromisoformat(shown)


def test_trips_that_scopes_name():
    scopes = ["trips:read", "trips:read:a", "messages:read:b", "trips:write:a"]
    assert [trip_of(each) for each in scopes] == [None, "a", "b", "a"]
    assert trips_named(scopes) == {"a", "b"}
    assert [(each.path, each.reason) for each in unreachable(scopes, {"a"})] == [
        ("scopes[2]", "not_found")
    ]


@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("HomeAssistant/2026.11", "192.168.1.20, HomeAssistant/2026.11"),
        ("", "192.168.1.20"),
        ("\x1b[2J a\tb  c\u2028d \u202e\ufeff\udcff\x00", "192.168.1.20, [2J a b c d"),
        ("\u200b", "192.168.1.20"),
        ("x" * 160, f"192.168.1.20, {'x' * 160}"),
        ("x" * 5_000, f"192.168.1.20, {'x' * 160}…"),
    ],
)
def test_where_a_key_is_used_is_one_clean_line(agent, shown):
    assert used_from("192.168.1.20", agent) == shown


def test_an_address_that_is_not_known_is_left_out():
    assert used_from("", "curl/8") == "curl/8"
    assert used_from("", "") == ""
