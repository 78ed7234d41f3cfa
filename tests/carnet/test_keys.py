"""`carnet key` (contract sections 3 and 8)."""

import datetime
import re

import pytest

SCOPES = ["trips:read", "trips:write", "messages:read", "messages:write"]
OWNER = ("--user", "owner@localhost")


@pytest.fixture(autouse=True)
def set_up(carnet):
    assert carnet("init").code == 0


def create(carnet, *options):
    """Creates a key; what the list says of it."""
    made = carnet("key", "create", *OWNER, *options, "--json").json
    return next(k for k in carnet("key", "list", "--json").json if k["_id"] == made["_id"])


def test_a_new_key_is_shown_with_its_id(carnet):
    made = carnet("key", "create", *OWNER, "--json").json
    assert set(made) == {"_id", "key"}
    assert re.fullmatch(r"osk_[0-9A-Za-z]{32,}", made["key"])
    told = carnet("key", "create", *OWNER)
    assert (told.code, told.err) == (0, "")
    assert re.search(r"^id +[a-z0-9]+$", told.out, re.M)
    assert re.search(r"^key +osk_[0-9A-Za-z]{32,}$", told.out, re.M)
    assert "only this once" in told.out


def test_a_key_has_all_base_scopes_if_none_is_named(carnet):
    assert create(carnet)["scopes"] == SCOPES


def test_a_key_has_the_scopes_that_are_named(carnet):
    named = ["trips:read", "trips:write:1j10hh3m3udhpf2l183gu4up", "messages:read:a"]
    options = [part for scope in [*named, named[0]] for part in ("--scope", scope)]
    assert create(carnet, *options)["scopes"] == named


@pytest.mark.parametrize(
    "scope",
    ["trips", "trips:all", "trips:read:", "trips:read:a:b", "trips:read:A-B", "Trips:read", "",
     "*", " trips:read", "trips:read,trips:write", "trips:read:" + "x" * 33, "jobs:read"],
)  # fmt: skip
def test_a_scope_that_is_none_is_one_line(carnet, scope):
    refused = carnet("key", "create", *OWNER, "--scope", "trips:read", "--scope", scope)
    assert refused.code == 2
    assert refused.line.startswith("--scope: ")
    assert repr(scope) in refused.line
    for base in SCOPES:
        assert base in refused.line
    assert len(carnet("key", "list", "--json").json) == 1


def test_the_list_tells_all_but_the_key(carnet):
    first = carnet("key", "list", "--json").json[0]
    assert first["user"] == "owner@localhost"
    assert first["scopes"] == SCOPES
    assert set(first) == {"_id", "user", "name", "scopes", "createdAt"}
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    made = create(
        carnet, "--name", "laptop", "--rate-limit", "7", "--expires", tomorrow.isoformat()
    )
    assert (made["name"], made["rateLimit"]) == ("laptop", 7)
    assert made["expiresAt"] == f"{tomorrow:%Y-%m-%dT%H:%M:%S}.{tomorrow.microsecond // 1000:03d}Z"
    assert [k["_id"] for k in carnet("key", "list", "--json").json] == [first["_id"], made["_id"]]


def test_the_list_is_a_line_a_key(carnet):
    made = create(carnet, "--name", "laptop")
    carnet("key", "revoke", made["_id"])
    lines = carnet("key", "list").out.splitlines()
    assert len(lines) == 2
    assert made["_id"] in lines[1]
    assert "laptop" in lines[1]
    assert "revoked" in lines[1]
    assert "revoked" not in lines[0]


@pytest.mark.parametrize(
    "limit", ["0", "-1", "many", "1.5", "", "3000000000", "1000000001", "9" * 5000, "\uff11", "1_0"]
)
def test_a_rate_limit_that_cannot_be_is_one_line(carnet, limit):
    refused = carnet("key", "create", *OWNER, "--rate-limit", limit)
    assert refused.code == 2
    assert refused.line.startswith("--rate-limit: ")
    assert refused.line.endswith("from 1 to 1,000,000,000")
    assert len(refused.line) < 200


@pytest.mark.parametrize("limit", [1, 1_000_000_000])
def test_a_rate_limit_is_taken_as_it_is(carnet, limit):
    assert create(carnet, "--rate-limit", str(limit))["rateLimit"] == limit


def test_a_key_may_be_used_through_its_last_day(carnet):
    today = datetime.datetime.now(datetime.UTC).date()
    made = create(carnet, "--expires", today.isoformat())
    assert made["expiresAt"] == f"{today + datetime.timedelta(days=1)}T00:00:00.000Z"


@pytest.mark.parametrize(
    ("moment", "stored"),
    [
        ("2999-12-31T23:30:00Z", "2999-12-31T23:30:00.000Z"),
        ("2999-12-31T23:30:00+01:00", "2999-12-31T22:30:00.000Z"),
        ("2999-12-31T23:30", "2999-12-31T23:30:00.000Z"),
        ("2999-12-31", "3000-01-01T00:00:00.000Z"),
    ],
)
def test_a_key_may_end_at_a_moment(carnet, moment, stored):
    assert create(carnet, "--expires", moment)["expiresAt"] == stored


@pytest.mark.parametrize(
    "moment",
    ["2020-01-01", "2020-01-01T00:00:00Z", "0001-01-01", "0001-01-01T00:00:00+14:00",
     "yesterday", "", "2999-02-30", "99999-01-01", "1e9", "2999-12-31T25:00:00Z"],
)  # fmt: skip
def test_an_end_that_is_past_or_none_is_one_line(carnet, moment):
    refused = carnet("key", "create", *OWNER, "--expires", moment)
    assert refused.code == 2
    assert refused.line.startswith("--expires: ")


@pytest.mark.parametrize("moment", ["9999-12-31", "9999-12-31T23:59:59-14:00"])
def test_an_end_beyond_the_calendar_is_told_with_the_last_day_there_is(carnet, moment):
    refused = carnet("key", "create", *OWNER, "--expires", moment)
    assert refused.code == 2
    assert refused.line.startswith(f"--expires: {moment} ends beyond the calendar")
    assert "9999-12-30" in refused.line
    assert create(carnet, "--expires", "9999-12-30")["expiresAt"] == "9999-12-31T00:00:00.000Z"


@pytest.mark.parametrize("name", ["", "x" * 201, " ", "\t", "a\nb", "a\x1b[2J", "a\u2028b", "\x85"])
def test_a_name_that_cannot_be_is_one_line(carnet, name):
    refused = carnet("key", "create", *OWNER, "--name", name)
    assert refused.code == 2
    assert refused.line.startswith("--name: ")


def test_an_unknown_user_is_one_line(carnet):
    refused = carnet("key", "create", "--user", "nobody@example.org")
    assert refused.code == 2
    assert "nobody@example.org" in refused.line
    assert carnet("key", "create").code == 2


def test_the_users_address_is_read_whatever_its_case(carnet):
    assert carnet("key", "create", "--user", "Owner@LOCALHOST").code == 0


def test_a_key_is_revoked_once_and_for_all(carnet):
    made = create(carnet)
    assert "revokedAt" not in made
    assert carnet("key", "revoke", made["_id"]).out == f"revoked {made['_id']}\n"
    first = next(k for k in carnet("key", "list", "--json").json if k["_id"] == made["_id"])
    assert carnet("key", "revoke", made["_id"]).code == 0
    again = next(k for k in carnet("key", "list", "--json").json if k["_id"] == made["_id"])
    assert again["revokedAt"] == first["revokedAt"]


@pytest.mark.parametrize("key_id", ["x", "", "X", "a b", "a'b", "x" * 33, "é"])
def test_an_unknown_key_is_one_line(carnet, key_id):
    refused = carnet("key", "revoke", key_id)
    assert refused.code == 2
    assert key_id in refused.line


def test_a_key_in_place_of_its_id_is_not_repeated(carnet):
    key = carnet("key", "create", *OWNER, "--json").json["key"]
    refused = carnet("key", "revoke", key)
    assert refused.code == 2
    assert "carnet key list" in refused.line
    assert key not in refused.line


def test_a_revocation_in_json(carnet):
    made = create(carnet)
    told = carnet("key", "revoke", made["_id"], "--json").json
    listed = next(k for k in carnet("key", "list", "--json").json if k["_id"] == made["_id"])
    assert told == {"_id": made["_id"], "revokedAt": listed["revokedAt"]}


def test_only_a_hash_of_a_key_is_stored(carnet):
    made = carnet("key", "create", *OWNER, "--json").json
    for path in carnet.database.parent.iterdir():
        assert made["key"].removeprefix("osk_").encode() not in path.read_bytes()
