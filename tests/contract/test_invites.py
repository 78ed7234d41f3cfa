"""Invitations: who may accept one, once, and until when (contract section 19)."""

import datetime

import pytest

from domain.clock import timestamp
from domain.scopes import Role
from tests.contract.persons import HERE, PASSWORD, give_password, signed_in
from tests.support import add_session, gather

NEWCOMER = {"email": "zoe@example.org", "name": "Zoë", "password": PASSWORD}


@pytest.fixture
async def owner(world):
    return await signed_in(world, world.owner.user_id)


@pytest.fixture
def invites(world):
    return f"/groups/{world.group_id}/invites"


async def invite(client, invites, **body):
    """A new invitation, and the path that accepts it."""
    made = await client.post(invites, {"role": "editor", **body})
    assert made.status == 201, made.json
    return made.json, f"/invites/{made.json['url'].rpartition('/')[2]}"


async def accept(world, path, body=None, **headers):
    """The answer to somebody who is not signed in."""
    sent = NEWCOMER | (body or {})
    return await world.as_(None).post(path, sent, headers={**HERE, **headers})


async def members(owner, world):
    listed = (await owner.get(f"/groups/{world.group_id}/members")).json["items"]
    return {member["name"]: member["role"] for member in listed}


async def test_a_link_is_shown_once_and_tells_little(world, owner, invites):
    made, path = await invite(owner, invites, role="viewer")
    assert made["url"] == f"{world.running.base}/invite/{path.rpartition('/')[2]}"
    (listed,) = (await owner.get(invites)).json["items"]
    assert listed == {name: made[name] for name in made if name != "url"}
    assert listed["createdBy"] == "Olga"
    for client in (world.as_(None), owner):
        shown = await client.get(path)
        assert shown.json == {
            "group": "Family",
            "role": "viewer",
            "invitedBy": "Olga",
            "expiresAt": made["expiresAt"],
        }
    stored = await world.store.read(lambda tx: tx.fetch("SELECT * FROM invites"))
    assert path.rpartition("/")[2] not in str([tuple(row) for row in stored])


async def test_under_an_idempotency_key_the_link_is_not_told_again(owner, invites):
    headers = {"Idempotency-Key": "one"}
    first = await owner.post(invites, {"role": "editor"}, headers=headers)
    again = await owner.post(invites, {"role": "editor"}, headers=headers)
    assert (first.status, again.code) == (201, "IDEMPOTENCY_CONFLICT")
    assert len((await owner.get(invites)).json["items"]) == 1


@pytest.mark.parametrize(("days", "expected"), [(None, 7), (1, 1), (30, 30)])
async def test_how_long_it_is_good_for(owner, invites, days, expected):
    made, _ = await invite(owner, invites, expiresInDays=days)
    moments = [datetime.datetime.fromisoformat(made[n]) for n in ("createdAt", "expiresAt")]
    assert moments[1] - moments[0] == datetime.timedelta(days=expected)


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, [("role", "required")]),
        ({"role": "admin"}, [("role", "not_allowed")]),
        ({"role": "editor", "expiresInDays": 0}, [("expiresInDays", "out_of_range")]),
        ({"role": "editor", "expiresInDays": 31}, [("expiresInDays", "out_of_range")]),
        ({"role": "editor", "expiresInDays": 10**400}, [("expiresInDays", "out_of_range")]),
        ({"role": "editor", "expiresInDays": 1.5}, [("expiresInDays", "wrong_type")]),
        ({"role": "editor", "expiresInDays": "7"}, [("expiresInDays", "wrong_type")]),
        ({"role": "editor", "email": "a@b.org"}, [("email", "unknown_field")]),
    ],
)
async def test_an_invitation_that_cannot_be(owner, invites, body, details):
    assert (await owner.post(invites, body)).details == details


async def test_there_is_an_end_to_invitations(world, owner, invites):
    for _ in range(100):
        await invite(owner, invites)
    assert (await owner.post(invites, {"role": "editor"})).details == [("", "too_long")]
    await _expire(world)
    assert (await owner.get(invites)).json["items"] == []
    await invite(owner, invites)


async def _expire(world):
    gone = timestamp(datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=1))
    await world.store.write(lambda tx: tx.execute("UPDATE invites SET expires_at = $1", gone))


# Accepting.


async def test_somebody_new_is_signed_in(world, owner, invites):
    _, path = await invite(owner, invites)
    answer = await accept(world, path)
    assert (answer.status, answer.headers["Cache-Control"]) == (201, "no-store")
    assert answer.json["user"]["email"] == "zoe@example.org"
    assert [group["role"] for group in answer.json["groups"]] == ["editor"]
    token = answer.headers["Set-Cookie"].partition(";")[0].partition("=")[2]
    zoe = world.client.with_session(token)
    assert (await zoe.get(world.trip)).status == 200
    assert await members(owner, world) == {"Olga": "owner", "Zoë": "editor"}
    signing_in = {"email": "ZOE@example.org", "password": PASSWORD}
    assert (await world.as_(None).post("/session", signing_in, headers=HERE)).status == 200


async def test_whoever_is_signed_in_joins_as_who_they_are(world, owner, invites):
    _, path = await invite(owner, invites, role="viewer")
    person = await world.person("vera", None)
    vera = await signed_in(world, person.user_id)
    assert (await vera.post(path, NEWCOMER)).details == [("", "unknown_field")]
    answer = await vera.post(path)
    assert (answer.status, answer.json["user"]["_id"]) == (200, person.user_id)
    assert "Set-Cookie" not in answer.headers
    assert await members(owner, world) == {"Olga": "owner", "vera": "viewer"}


async def test_an_account_that_is_there_needs_its_password(world, owner, invites):
    _, path = await invite(owner, invites)
    person = await world.person("vera", None)
    await give_password(world, person.user_id)
    who = {"email": "Vera@example.org"}
    wrong = await accept(world, path, who | {"password": "not her password"})
    signing_in = {"email": person.email, "password": "not her password"}
    refused = await world.as_(None).post("/session", signing_in, headers=HERE)
    assert (wrong.status, wrong.json["error"]["message"]) == (
        refused.status,
        refused.json["error"]["message"],
    )
    failures = "SELECT count(*) FROM sign_in_failures"
    assert await world.store.read(lambda tx: tx.fetchval(failures)) == 2
    right = await accept(world, path, who)
    assert (right.status, right.json["user"]["name"]) == (200, "vera")
    assert await members(owner, world) == {"Olga": "owner", "vera": "editor"}


async def test_guesses_at_a_password_are_counted(world, owner, invites):
    _, path = await invite(owner, invites)
    person = await world.person("vera", None)
    await give_password(world, person.user_id)
    guess = {"email": person.email, "password": "not her password"}
    answers = [await accept(world, path, guess) for _ in range(11)]
    assert [answer.status for answer in answers] == [401] * 10 + [429]


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"email": "no address"}, [("email", "malformed")]),
        ({"name": " "}, [("name", "malformed")]),
        ({"password": "short"}, [("password", "out_of_range")]),
        ({"password": "zoe@example.org"}, [("password", "not_allowed")]),
        ({"phone": "5"}, [("phone", "unknown_field")]),
        ({"email": None, "name": None}, [("email", "required"), ("name", "required")]),
    ],
)
async def test_somebody_who_cannot_be(world, owner, invites, body, details):
    _, path = await invite(owner, invites)
    refused = await accept(world, path, body)
    assert [path for path, _ in refused.details] == [path for path, _ in details], refused.json
    assert await members(owner, world) == {"Olga": "owner"}
    assert (await accept(world, path)).status == 201


async def test_signed_out_it_says_what_is_missing(world, owner, invites):
    _, path = await invite(owner, invites)
    empty = await world.as_(None).post(path, headers=HERE)
    assert [each for each, _ in empty.details] == ["email", "name", "password"]


async def test_from_a_page_of_another_server_nothing_is_accepted(world, owner, invites):
    _, path = await invite(owner, invites)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert (await world.as_(None).post(path, NEWCOMER, headers=headers)).code == "FORBIDDEN"
        refused = await owner.post(path, headers=headers)
        assert (refused.code if "Sec-Fetch-Site" in headers else "FORBIDDEN") == "FORBIDDEN"
    assert await members(owner, world) == {"Olga": "owner"}


async def test_what_no_browser_sends_accepts_only_signed_out(world, owner, invites):
    """By a session it is a write like any other; without one a program may send it."""
    _, path = await invite(owner, invites)
    anyone = world.as_(None)
    token = await add_session(world.store, world.owner.user_id)
    refused = await anyone.post(path, headers={"Cookie": f"__Host-carnet={token}"})
    assert refused.code == "FORBIDDEN"
    assert (await anyone.post(path, NEWCOMER)).status == 201


async def test_a_member_who_accepts_stays_what_they_are(world, owner, invites):
    _, path = await invite(owner, invites, role="viewer")
    assert (await owner.post(path)).status == 200
    assert await members(owner, world) == {"Olga": "owner"}
    assert (await accept(world, path)).status == 201


# What cannot be accepted: one answer for all of it.


async def used(world, owner, invites, _made, path):
    assert (await accept(world, path, {"email": "first@example.org"})).status == 201


async def revoked(_world, owner, invites, made, _path):
    assert (await owner.delete(f"{invites}/{made['_id']}")).status == 204


async def expired(world, _owner, _invites, _made, _path):
    await _expire(world)


async def by_who_is_no_owner_any_more(world, owner, _invites, _made, _path):
    other = await world.person("other", Role.OWNER)
    client = await signed_in(world, other.user_id)
    me = f"/groups/{world.group_id}/members/{world.owner.user_id}"
    assert (await client.patch(me, {"role": "editor"})).status == 200


async def by_who_has_left(world, owner, _invites, _made, _path):
    await world.person("other", Role.OWNER)
    me = f"/groups/{world.group_id}/members/{world.owner.user_id}"
    assert (await owner.delete(me)).status == 204


@pytest.mark.parametrize(
    "spoil", [used, revoked, expired, by_who_is_no_owner_any_more, by_who_has_left]
)
async def test_what_cannot_be_accepted_is_as_if_it_had_never_been(world, owner, invites, spoil):
    made, path = await invite(owner, invites)
    await spoil(world, owner, invites, made, path)
    vera = await signed_in(world, (await world.person("vera", None)).user_id)
    never = await world.as_(None).get("/invites/abc")
    for answer in (
        await world.as_(None).get(path),
        await vera.post(path),
        await accept(world, path),
        await accept(world, "/invites/" + "x" * 43),
        await accept(world, "/invites/no-token"),
    ):
        assert answer.code == "NOT_FOUND"
        assert answer.json["error"]["message"] == never.json["error"]["message"]
    users = "SELECT count(*) FROM users WHERE email = 'zoe@example.org'"
    assert await world.store.read(lambda tx: tx.fetchval(users)) == 0


async def test_of_many_who_accept_at_once_one_does(world, owner, invites):
    _, path = await invite(owner, invites)
    clients = [
        await signed_in(world, (await world.person(f"p{n}", None)).user_id) for n in range(4)
    ]
    newcomers = [accept(world, path, {"email": f"n{n}@example.org"}) for n in range(3)]
    answers = await gather(*(client.post(path) for client in clients), *newcomers)
    assert sorted(answer.status for answer in answers)[1:] == [404] * 6
    assert len(await members(owner, world)) == 2
    users = await world.store.read(lambda tx: tx.fetchval("SELECT count(*) FROM users"))
    assert users in (5, 6)


async def test_of_two_with_one_address_one_is_made(world, owner, invites):
    paths = [(await invite(owner, invites))[1] for _ in range(2)]
    answers = await gather(*(accept(world, path) for path in paths))
    assert sorted(answer.status for answer in answers) in ([200, 201], [201, 401])
    assert await members(owner, world) == {"Olga": "owner", "Zoë": "editor"}


async def test_an_invitation_of_another_group_is_not_revoked(owner, invites):
    made, path = await invite(owner, invites)
    other = (await owner.post("/groups", {"name": "Other"})).json["_id"]
    gone = await owner.delete(f"/groups/{other}/invites/{made['_id']}")
    assert gone.code == "NOT_FOUND"
    assert (await owner.get(path)).status == 200
