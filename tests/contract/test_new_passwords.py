"""Another password, by whoever is signed in or by a reset link (contract section 19)."""

import datetime

import pytest

from domain.clock import timestamp
from domain.sign_in import MOST_OF_ACCOUNT, RESET_HOURS
from storage import credentials
from tests.support import PASSWORD, add_session, gather, now

NEW = "another ferry, later"


@pytest.fixture
async def session(world):
    """The owner, signed in."""
    return world.client.with_session(await add_session(world.store, world.owner.user_id))


async def sign_in(world, password):
    body = {"email": world.owner.email, "password": password}
    here = {"Sec-Fetch-Site": "same-origin"}
    return (await world.as_(None).post("/session", body, headers=here)).status


async def change(session, current=PASSWORD, new=NEW, **options):
    return await session.post("/me/password", {"current": current, "new": new}, **options)


async def test_the_new_one_counts_and_the_other_sessions_are_over(world, session):
    other = world.client.with_session(await add_session(world.store, world.owner.user_id))
    changed = await change(session)
    assert (changed.status, changed.raw) == (204, b"")
    assert (await session.get("/session")).status == 200
    assert (await other.get("/session")).status == 401
    assert [await sign_in(world, each) for each in (PASSWORD, NEW)] == [401, 200]
    assert (await world.client.get("/me")).status == 200


async def test_a_wrong_one_is_told_at_its_field(world, session):
    refused = await change(session, current="not this one")
    assert (refused.status, refused.details) == (400, [("current", "not_allowed")])
    missing = await session.post("/me/password", {"new": NEW})
    assert (missing.status, missing.details) == (400, [("current", "required")])
    assert await sign_in(world, PASSWORD) == 200


async def test_wrong_ones_are_counted_with_failed_sign_ins(world, session):
    for _ in range(MOST_OF_ACCOUNT // 2):
        await change(session, current="not this one")
        await sign_in(world, "nor this one")
    assert (await change(session)).code == "RATE_LIMITED"
    assert await sign_in(world, PASSWORD) == 429


async def test_of_many_changes_at_once_one_counts(world, session):
    answers = await gather(*(change(session, new=f"{NEW} {number}") for number in range(4)))
    statuses = sorted(answer.status for answer in answers)
    assert statuses[0] == 204
    assert set(statuses[1:]) <= {400, 401}


async def test_who_has_none_sets_one(world):
    other = await world.person("other", None)
    session = world.client.with_session(await add_session(world.store, other.user_id))
    assert (await session.post("/me/password", {"new": NEW})).status == 204
    assert (await session.post("/me/password", {"new": NEW})).status == 400


async def test_nothing_is_kept_of_a_password_under_an_idempotency_key(world, session):
    headers = {"Idempotency-Key": "one"}
    assert (await change(session, headers=headers)).status == 204
    again = await change(session, headers=headers)
    assert again.details == [("current", "not_allowed")]
    kept = await world.store.read(lambda tx: tx.fetchval("SELECT count(*) FROM idempotency"))
    assert kept == 0


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ("seven c", "out_of_range"),
        ("\ufb03" * 2, "out_of_range"),  # a ligature of three letters
        ("\ufb03" * 3, None),
        ("pass word", None),
        ("12345678", None),
        (" " * 8, None),
        ("é" * 500, None),
        ("é" * 501, "too_long"),
        ("x" * 1_001, "too_long"),
        ("Owner@Example.org", "not_allowed"),
        ("", "out_of_range"),
        (None, "required"),
        (12345678, "wrong_type"),
    ],
)
async def test_what_a_password_may_be(session, new, reason):
    answer = await change(session, new=new)
    if reason is None:
        assert answer.status == 204
    else:
        assert (answer.status, answer.details) == (400, [("new", reason)])
        assert "x" * 100 not in answer.raw.decode()


# Reset links.


async def link(world, hours=RESET_HOURS):
    """The path of a new link of the owner's, which is good for so many hours."""
    ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=hours)
    token = await world.store.write(
        lambda tx: credentials.create_reset(
            tx, world.owner.user_id, now=now(), expires_at=timestamp(ends)
        )
    )
    return f"/reset/{token}"


async def reset(world, path, password=NEW):
    return await world.as_(None).post(path, {"password": password})


async def test_a_link_sets_a_password_and_signs_nobody_in(world, session):
    done = await reset(world, await link(world))
    assert (done.status, done.raw, done.headers["Cache-Control"]) == (204, b"", "no-store")
    assert "Set-Cookie" not in done.headers
    assert (await session.get("/session")).status == 401
    assert [await sign_in(world, each) for each in (PASSWORD, NEW)] == [401, 200]


async def test_links_that_are_void_are_answered_alike(world):
    replaced, used = await link(world), await link(world)
    assert (await reset(world, used)).status == 204
    over = await link(world, hours=0)
    for path in (replaced, used, over, "/reset/x", f"/reset/{'x' * 43}", "/reset/%00"):
        refused = await reset(world, path)
        assert (refused.status, refused.code) == (404, "NOT_FOUND")
        assert refused.json["error"]["message"].startswith("This link is used, past its time")
    assert await sign_in(world, NEW) == 200


async def test_of_many_uses_at_once_one_counts(world):
    path = await link(world)
    answers = await gather(*(reset(world, path, f"{NEW} {number}") for number in range(5)))
    assert sorted(answer.status for answer in answers) == [204] + [404] * 4


async def test_a_change_voids_a_link(world, session):
    path = await link(world)
    await change(session)
    assert (await reset(world, path)).status == 404


async def test_a_password_that_cannot_be_uses_no_link_up(world):
    path = await link(world)
    for password in ("short", world.owner.email):
        assert (await reset(world, path, password)).status == 400
    assert (await reset(world, path)).status == 204


async def test_only_a_hash_of_the_link_is_stored(world):
    path = await link(world)
    stored = await world.store.read(lambda tx: tx.fetch("SELECT hash FROM resets"))
    assert path.removeprefix("/reset/") not in str(stored)


async def test_who_was_deleted_has_no_link(world):
    path = await link(world)
    await world.store.write(lambda tx: tx.execute("UPDATE users SET deleted_at = '2027-01-01'"))
    assert (await reset(world, path)).status == 404
