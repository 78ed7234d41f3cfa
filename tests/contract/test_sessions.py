"""Sessions act as their users, from pages of this server only (contract section 19)."""

import datetime

import msgspec
import pytest

from domain.clock import timestamp
from runtime.settings import Limits, Retention, Settings
from server.route import API
from server.services import Services
from tests.contract.wire import exchange, head
from tests.streams import streaming
from tests.support import SAMPLES, TRIP, add_session


@pytest.fixture
async def session(world):
    """The owner, signed in."""
    return world.client.with_session(await add_session(world.store, world.owner.user_id))


async def test_a_session_acts_as_its_user(world, session):
    me = (await session.get("/me")).json
    assert me["user"]["email"] == world.owner.email
    assert "key" not in me
    here = await session.get("/session")
    assert here.json == me | {"session": here.json["session"]}
    made = await session.post("/trips", {"groupId": world.group_id, **TRIP})
    assert made.status == 201
    assert made.headers["X-RateLimit-Limit"] == "600"
    (first,) = (await session.get(f"/trips/{made.json['_id']}/history")).json["items"]
    assert first["via"] == "web"


async def test_it_is_over_after_signing_out(session):
    gone = await session.delete("/session")
    assert (gone.status, gone.raw) == (204, b"")
    assert gone.headers["Set-Cookie"].startswith("__Host-carnet=; Path=/; Max-Age=0; ")
    assert (await session.get("/session")).code == "UNAUTHORIZED"


@pytest.mark.parametrize(("days", "status"), [(29, 200), (31, 401)])
async def test_it_ends_when_it_is_not_used_for_thirty_days(world, session, days, status):
    await world.store.write(
        lambda tx: tx.execute("UPDATE sessions SET last_used_at = $1", _days_ago(days))
    )
    assert (await session.get("/session")).status == status


class TestRetention:
    @pytest.fixture
    def settings(self):
        return msgspec.structs.replace(Settings(), retention=Retention(sessions_days=60))

    @pytest.mark.parametrize(("days", "status"), [(59, 200), (61, 401)])
    async def test_it_ends_after_as_many_days_as_the_setting_says(
        self, world, session, days, status
    ):
        await world.store.write(
            lambda tx: tx.execute("UPDATE sessions SET last_used_at = $1", _days_ago(days))
        )
        assert (await session.get("/session")).status == status
        listed = await session.get("/sessions")
        assert len(listed.json.get("items", [])) == (status == 200)


def _days_ago(days):
    return timestamp(datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days))


async def test_a_key_is_no_session(world):
    assert (await world.client.get("/session")).code == "FORBIDDEN"
    assert (await world.as_(None).get("/session")).code == "UNAUTHORIZED"


async def test_no_cookie_counts_beside_a_key(world, session):
    other = await world.person("other", None)
    seen = await session.get("/me", headers={"Authorization": f"Bearer {other.key}"})
    assert seen.json["user"]["_id"] == other.user_id
    wrong = {"Authorization": "Bearer osk_wrong"}
    assert (await session.get("/me", headers=wrong)).code == "UNAUTHORIZED"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, 201),
        ({"Origin": "{base}"}, 201),
        ({"Origin": "https://trips.example.org"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
async def test_a_write_by_cookie_comes_from_a_page_of_this_server(world, sent, status):
    token = await add_session(world.store, world.owner.user_id)
    headers = {name: value.format(base=world.running.base) for name, value in sent.items()}
    headers["Cookie"] = f"__Host-carnet={token}"
    anyone = world.as_(None)
    made = await anyone.post("/trips", {"groupId": world.group_id, **TRIP}, headers=headers)
    assert made.status == status
    assert (await anyone.get("/trips", headers=headers)).status == 200
    by_key = {**headers, "Authorization": f"Bearer {world.owner.key}"}
    written = await anyone.post("/trips", {"groupId": world.group_id, **TRIP}, headers=by_key)
    assert written.status == 201


async def test_the_host_of_the_public_url_is_this_server_too(world):
    services: Services = world.running.services
    object.__setattr__(services, "public_url", "https://trips.example.org")
    token = await add_session(world.store, world.owner.user_id)
    headers = {"Cookie": f"__Host-carnet={token}", "Origin": "https://trips.example.org"}
    made = await world.as_(None).post(
        "/trips", {"groupId": world.group_id, **TRIP}, headers=headers
    )
    assert made.status == 201


async def test_where_others_may_listen_the_cookie_has_another_name(world):
    token = await add_session(world.store, world.owner.user_id)
    lan = {"Host": "192.168.1.5:8080"}
    anyone = world.as_(None)
    named = await anyone.get("/session", headers={**lan, "Cookie": f"carnet={token}"})
    assert named.status == 200
    other = await anyone.get("/session", headers={**lan, "Cookie": f"__Host-carnet={token}"})
    assert other.status == 401
    assert (await anyone.get("/session", headers={"Cookie": f"carnet={token}"})).status == 401


async def test_idempotency_keys_are_the_users(world, session):
    again = world.client.with_session(await add_session(world.store, world.owner.user_id))
    body, headers = {"groupId": world.group_id, **TRIP}, {"Idempotency-Key": "one"}
    first = await session.post("/trips", body, headers=headers)
    second = await again.post("/trips", body, headers=headers)
    assert second.json == first.json
    assert second.headers["Idempotency-Replayed"] == "true"
    by_key = await world.client.post("/trips", body, headers=headers)
    assert by_key.json["_id"] != first.json["_id"]


async def test_replies_to_a_session_are_not_for_others(session):
    shown = await session.get("/trips")
    assert shown.headers["Cache-Control"] == "private, no-cache"
    assert shown.headers["Vary"] == "Cookie"


class TestLimit:
    @pytest.fixture
    def settings(self):
        few = Limits(session_requests_per_minute=2)
        return msgspec.structs.replace(Settings(), limits=few)

    async def test_a_session_has_a_limit_of_its_own(self, world, session):
        assert [(await session.get("/me")).status for _ in range(3)] == [200, 200, 429]
        assert (await world.client.get("/me")).status == 200
        other = world.client.with_session(await add_session(world.store, world.owner.user_id))
        assert (await other.get("/me")).status == 200


async def test_a_stream_of_changes_ends_with_the_session(world):
    world.running.services.events.pace.check = 0.02
    token = await add_session(world.store, world.owner.user_id)
    async with (
        streaming(world.client, world.trip) as stays,
        streaming(world.client.with_session(token), world.trip) as goes,
    ):
        await stays.next()
        await goes.next()
        assert (await world.client.with_session(token).delete("/session")).status == 204
        assert await goes.rest() == []
        await world.make("/map-pins", SAMPLES["mapPin"])
        assert (await stays.next()).name == "change"


@pytest.mark.parametrize("value", [b"", b"\xff", "é".encode(), b"x" * 4_000])
async def test_a_cookie_that_was_never_set_here_is_nobodys(world, value):
    sent = head(world, "GET", f"{API}/me", b"Cookie: carnet=" + value, key=False)
    answer = await exchange(world, sent)
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
