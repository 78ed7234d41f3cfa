"""The first run by HTTP (contract section 19)."""

import pytest

from domain.set_up_code import is_set_up_code, set_up_code
from domain.sign_in import MOST_OF_ACCOUNT
from tests.support import PASSWORD, gather

OLGA = {"email": "olga@example.org", "name": "Olga Ito", "password": PASSWORD}


@pytest.fixture
async def new(world):
    """A world whose first user is nobody's yet."""
    await world.store.write(lambda tx: tx.execute("UPDATE users SET password = NULL"))
    return world


def code_of(world):
    return set_up_code(world.running.services.signing_secret)


async def set_up(world, **body):
    return await world.as_(None).post("/setup", {"code": code_of(world), **OLGA, **body})


async def test_whoever_has_the_code_is_the_first_user(new):
    made = await set_up(new)
    assert (made.status, made.headers["Cache-Control"]) == (201, "no-store")
    assert made.json["user"] == {
        "_id": new.owner.user_id,
        "name": "Olga Ito",
        "email": "olga@example.org",
    }
    assert made.json["groups"][0]["role"] == "owner"
    token = made.headers["Set-Cookie"].partition(";")[0].removeprefix("__Host-carnet=")
    assert (await new.client.with_session(token).get("/session")).json == made.json
    # The key of the first start is theirs too.
    assert (await new.client.get("/me")).json["user"]["name"] == "Olga Ito"
    members = (await new.client.get(f"{new.trip}/members")).json["items"]
    assert [member["name"] for member in members] == ["Olga Ito"]


async def test_a_list_of_members_that_was_kept_is_not_the_present_one(new):
    kept = await new.client.get(f"{new.trip}/members")
    await set_up(new)
    again = await new.client.get(
        f"{new.trip}/members", headers={"If-None-Match": kept.headers["ETag"]}
    )
    assert again.status == 200


async def test_a_second_time_it_is_done(new):
    assert (await set_up(new)).status == 201
    for body in ({}, {"email": "eve@example.org"}, {"code": "wrong"}):
        refused = await set_up(new, **body)
        assert (refused.status, refused.code) == (409, "CONFLICT")
        assert "Set-Cookie" not in refused.headers


async def test_of_many_at_once_one_wins(new):
    emails = [f"user{number}@example.org" for number in range(6)]
    answers = await gather(*(set_up(new, email=email) for email in emails))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 5
    (won,) = [answer.json["user"]["email"] for answer in answers if answer.status == 201]
    assert (await new.client.get("/me")).json["user"]["email"] == won


async def test_who_has_deleted_themselves_is_not_set_up_again(new):
    await new.store.write(lambda tx: tx.execute("UPDATE users SET deleted_at = '2027-01-01'"))
    assert (await set_up(new)).status == 409


async def test_another_users_address_is_not_taken(new):
    await new.person("ben", None)
    refused = await set_up(new, email="BEN@example.org")
    assert (refused.status, refused.details) == (400, [("email", "duplicate")])
    assert (await set_up(new)).status == 201


async def test_wrong_codes_are_counted(new):
    for _ in range(MOST_OF_ACCOUNT):
        assert (await set_up(new, code="00000-00000-00000-00000")).code == "FORBIDDEN"
    refused = await set_up(new)
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) > 0


async def test_all_that_is_wrong_is_told_at_once(new):
    refused = await set_up(new, code=1, email="nobody", name="\n", password="short")
    expected = [("code", "wrong_type"), ("email", "malformed"), ("name", "malformed")]
    assert refused.details == [*expected, ("password", "out_of_range")]
    assert "short" not in refused.raw.decode()


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}]
)
async def test_no_page_of_another_server_sets_up(new, headers):
    body = {"code": code_of(new), **OLGA}
    refused = await new.as_(None).post("/setup", body, headers=headers)
    assert refused.code == "FORBIDDEN"


def test_codes_are_typed_in_any_way():
    secret = b"a secret of a database"
    code = set_up_code(secret)
    assert len(code.split("-")) == 4
    for typed in (code, code.lower(), code.replace("-", ""), f" {code.replace('-', ' ')} "):
        assert is_set_up_code(secret, typed)
    assert is_set_up_code(secret, code.replace("0", "O").replace("1", "l"))
    for typed in ("", code[:-1], f"{code}0", set_up_code(b"another"), "é"):
        assert not is_set_up_code(secret, typed)
