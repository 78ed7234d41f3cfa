"""Signing in by password (contract section 19)."""

import re

import argon2
import msgspec
import pytest

from domain.sign_in import MOST_OF_ACCOUNT, MOST_OF_ADDRESS, WINDOW_SECONDS
from runtime.settings import Http, Limits, Settings
from server.signing_in import WRONG
from tests.hashing import counted
from tests.support import PASSWORD, PLENTY, add_session, gather

EMAIL = "owner@example.org"
HERE = {"Sec-Fetch-Site": "same-origin"}
ELSEWHERE = "203.0.113.9"


@pytest.fixture
def settings():
    """Behind one proxy, which tells the addresses of clients."""
    many = Limits(requests_per_minute=PLENTY, session_requests_per_minute=PLENTY)
    return msgspec.structs.replace(Settings(), limits=many, http=Http(trusted_proxies=1))


async def sign_in(world, email=EMAIL, password=PASSWORD, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"email": email, "password": password}
    return await world.as_(None).post("/session", body, headers=HERE | named)


def token_of(answer):
    match = re.match(r"__Host-carnet=(\w{43});", answer.headers["Set-Cookie"])
    assert match is not None
    return match[1]


async def test_whoever_knows_the_password_is_signed_in(world):
    answer = await sign_in(world, User_Agent="Firefox/140")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    signed_in = world.client.with_session(token_of(answer))
    assert (await signed_in.get("/session")).json == answer.json
    assert answer.json["user"] == {"_id": world.owner.user_id, "name": "Olga", "email": EMAIL}
    (here,) = (await signed_in.get("/sessions")).json["items"]
    assert (here["_id"], here["current"]) == (answer.json["session"]["_id"], True)
    assert here["lastUsedFrom"] == "127.0.0.1, Firefox/140"


@pytest.mark.parametrize("email", ["OWNER@example.org", "Owner@Example.ORG"])
async def test_the_case_of_an_address_does_not_matter(world, email):
    assert (await sign_in(world, email)).status == 200


async def test_only_a_hash_of_the_token_is_stored(world):
    token = token_of(await sign_in(world))
    stored = await world.store.read(lambda tx: tx.fetch("SELECT hash FROM sessions"))
    assert token not in str(stored)


@pytest.mark.parametrize(
    ("headers", "cookie"),
    [
        ({}, "__Host-carnet={}; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax; Secure"),
        (
            {"Host": "trips.example.org", "X-Forwarded-Proto": "https"},
            "__Host-carnet={}; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax; Secure",
        ),
        (
            {"Host": "192.168.1.5:8080"},
            "carnet={}; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax",
        ),
    ],
)
async def test_the_cookie_is_as_safe_as_the_connection(world, headers, cookie):
    body = {"email": EMAIL, "password": PASSWORD}
    answer = await world.as_(None).post("/session", body, headers=HERE | headers)
    sent = answer.headers["Set-Cookie"]
    assert re.sub(r"=\w{43};", "={};", sent, count=1) == cookie


# Who it is that fails, nobody learns.


async def failures(world):
    """An answer to each way to fail."""
    await world.person("nopassword", None)
    yield await sign_in(world, password="not this one")
    yield await sign_in(world, "nobody@example.org")
    yield await sign_in(world, "nopassword@example.org")
    yield await sign_in(world, "no address")
    yield await sign_in(world, "nul\x01@example.org", "")


async def test_all_that_is_wrong_is_answered_alike(world, monkeypatch):
    counting = counted(monkeypatch)
    answers = [answer async for answer in failures(world)]
    for answer in answers:
        assert answer.json["error"] == {
            "code": "UNAUTHORIZED",
            "message": WRONG,
            "requestId": answer.headers["X-Request-Id"],
        }
        assert "Set-Cookie" not in answer.headers
        assert set(answer.headers) == set(answers[0].headers)
    assert {answer.status for answer in answers} == {401}
    assert (len(counting.verified), counting.hashed) == (len(answers), 0)
    costs = {hashed.split("$")[3] for hashed in counting.verified}
    assert costs == {"m=19456,t=2,p=1"}


async def test_a_password_counts_to_the_letter_but_for_how_it_is_typed(world):
    assert (await sign_in(world, password=f" {PASSWORD}")).status == 401
    assert (await sign_in(world, password=PASSWORD.upper())).status == 401
    # The same in full-width letters, as an input method may give them (NFKC).
    wide = "".join(chr(ord(each) + 0xFEE0) if each != " " else each for each in PASSWORD)
    assert (await sign_in(world, password=wide)).status == 200


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, [("email", "required"), ("password", "required")]),
        ({"email": 1, "password": ["x"]}, [("email", "wrong_type"), ("password", "wrong_type")]),
        ({"email": EMAIL, "password": "x" * 1_001}, [("password", "too_long")]),
        ({"email": EMAIL, "password": PASSWORD, "remember": True}, [("remember", "unknown_field")]),
    ],
)
async def test_what_is_no_sign_in_is_told(world, body, details):
    answer = await world.as_(None).post("/session", body, headers=HERE)
    assert (answer.status, answer.details) == (400, details)
    assert "xxxx" not in answer.raw.decode()


async def test_a_hash_of_other_costs_is_made_anew(world):
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    await world.store.write(lambda tx: tx.execute("UPDATE users SET password = $1", weak))
    assert (await sign_in(world)).status == 200
    stored = await world.store.read(lambda tx: tx.fetchval("SELECT password FROM users"))
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await sign_in(world)).status == 200


async def test_a_password_that_is_set_meanwhile_counts(world, monkeypatch):
    passwords = world.running.services.passwords
    real = passwords.verify

    async def verify(hashed, password):
        await world.store.write(lambda tx: tx.execute("UPDATE users SET password = 'another'"))
        return await real(hashed, password)

    monkeypatch.setattr(passwords, "verify", verify)
    assert (await sign_in(world)).code == "UNAUTHORIZED"


# Sessions.


async def test_each_sign_in_has_a_token_of_its_own_and_ends_what_it_came_with(world):
    planted = await add_session(world.store, world.owner.user_id)
    first = token_of(await sign_in(world, Cookie=f"__Host-carnet={planted}"))
    assert first != planted
    assert (await world.client.with_session(planted).get("/session")).status == 401
    second = token_of(await sign_in(world))
    assert second != first
    assert (await world.client.with_session(first).get("/session")).status == 200


async def test_a_token_that_nobody_was_given_is_not_taken_over(world):
    answer = await sign_in(world, Cookie="__Host-carnet=chosenbysomebodyelse")
    assert token_of(answer) != "chosenbysomebodyelse"
    assert (await world.client.with_session("chosenbysomebodyelse").get("/me")).status == 401


@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}]
)
async def test_nobody_is_signed_in_by_a_page_of_another_server(world, headers):
    body = {"email": EMAIL, "password": PASSWORD}
    answer = await world.as_(None).post("/session", body, headers=headers)
    assert answer.code == "FORBIDDEN"
    assert "Set-Cookie" not in answer.headers


async def test_sessions_are_ended_one_by_one(world):
    here, there = [world.client.with_session(token_of(await sign_in(world))) for _ in range(2)]
    gone = (await there.get("/session")).json["session"]["_id"]
    assert (await here.delete(f"/sessions/{gone}")).status == 204
    assert (await there.get("/me")).status == 401
    assert (await here.delete(f"/sessions/{gone}")).status == 404
    own = (await here.get("/session")).json["session"]["_id"]
    ended = await here.delete(f"/sessions/{own}")
    assert ended.headers["Set-Cookie"].startswith("__Host-carnet=; Path=/; Max-Age=0; ")
    assert (await here.get("/me")).status == 401


async def test_a_session_of_another_is_not_found(world):
    other = await world.person("other", None)
    theirs = world.client.with_session(await add_session(world.store, other.user_id))
    session_id = (await theirs.get("/session")).json["session"]["_id"]
    mine = world.client.with_session(token_of(await sign_in(world)))
    assert (await mine.delete(f"/sessions/{session_id}")).code == "NOT_FOUND"
    assert (await theirs.get("/me")).status == 200


# Guessing.


async def guess(world, times, email=EMAIL, **headers):
    """The statuses of wrong guesses, one after another."""
    return [(await sign_in(world, email, "wrong guess", **headers)).status for _ in range(times)]


async def test_after_ten_failures_an_account_is_not_looked_at(world, monkeypatch):
    assert await guess(world, MOST_OF_ACCOUNT) == [401] * MOST_OF_ACCOUNT
    counting = counted(monkeypatch)
    refused = await sign_in(world)
    assert (refused.status, refused.code) == (429, "RATE_LIMITED")
    assert 0 < int(refused.headers["Retry-After"]) <= WINDOW_SECONDS
    assert counting.verified == []
    assert (await sign_in(world, "nobody@example.org")).status == 401


async def test_nobody_locks_another_out(world):
    await guess(world, MOST_OF_ACCOUNT, X_Forwarded_For=ELSEWHERE)
    assert (await sign_in(world, X_Forwarded_For=ELSEWHERE)).status == 429
    assert (await sign_in(world)).status == 200
    assert (await sign_in(world, X_Forwarded_For="2001:db8::1")).status == 200


@pytest.mark.parametrize(
    "spelled",
    [
        "198.51.100.1, 203.0.113.9",
        " 203.0.113.9 ",
        "203.0.113.9:4711",
        '"203.0.113.9"',
        "::ffff:203.0.113.9",
        "[::ffff:cb00:7109]:80",
    ],
)
async def test_another_spelling_is_no_other_address(world, spelled):
    await guess(world, MOST_OF_ACCOUNT, X_Forwarded_For=ELSEWHERE)
    assert (await sign_in(world, X_Forwarded_For=spelled)).status == 429


async def test_a_network_of_ipv6_is_one_address(world):
    for number in range(MOST_OF_ACCOUNT):
        await guess(world, 1, X_Forwarded_For=f"2001:db8::{number:x}:1")
    assert (await sign_in(world, X_Forwarded_For="2001:db8::ffff")).status == 429
    assert (await sign_in(world, X_Forwarded_For="2001:db8:0:1::1")).status == 200


async def test_another_spelling_is_no_other_account(world):
    await guess(world, 5, "OWNER@example.org")
    await guess(world, 5, "owner@EXAMPLE.org")
    assert (await sign_in(world)).status == 429


async def test_an_account_that_is_not_there_is_counted_as_well(world):
    assert await guess(world, MOST_OF_ACCOUNT, "nobody@example.org") == [401] * MOST_OF_ACCOUNT
    assert await guess(world, 1, "Nobody@example.org") == [429]


async def test_after_a_hundred_failures_an_address_is_not_listened_to(world):
    emails = [f"guess{number % 25}@example.org" for number in range(MOST_OF_ADDRESS)]
    answers = await gather(*(sign_in(world, email, "wrong guess") for email in emails))
    assert {answer.status for answer in answers} == {401}
    assert (await sign_in(world)).status == 429
    assert (await sign_in(world, X_Forwarded_For=ELSEWHERE)).status == 200


async def test_of_many_guesses_at_once_ten_are_verified(world, monkeypatch):
    counting = counted(monkeypatch)
    answers = await gather(*(sign_in(world, password=f"guess {n}") for n in range(30)))
    assert sorted(answer.status for answer in answers) == [401] * 10 + [429] * 20
    assert len(counting.verified) == MOST_OF_ACCOUNT


async def test_who_succeeds_has_not_failed(world):
    for _ in range(MOST_OF_ACCOUNT + 2):
        assert (await sign_in(world)).status == 200
    assert await guess(world, MOST_OF_ACCOUNT) == [401] * MOST_OF_ACCOUNT


async def test_failures_are_forgotten_after_their_time(world):
    await guess(world, MOST_OF_ACCOUNT)
    await world.store.write(
        lambda tx: tx.execute("UPDATE sign_in_failures SET at = at - $1", WINDOW_SECONDS - 5.0)
    )
    refused = await sign_in(world)
    assert (refused.status, int(refused.headers["Retry-After"]) <= 5) == (429, True)
    await world.store.write(lambda tx: tx.execute("UPDATE sign_in_failures SET at = at - 5"))
    assert (await sign_in(world)).status == 200
