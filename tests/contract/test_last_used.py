"""When a key or a session was used last, and from where (contract section 19)."""

import msgspec
import pytest

from domain.errors import Unavailable
from runtime import clock
from runtime.settings import Http
from server.mcp.endpoint import MCP
from storage.last_use import APART_SECONDS
from tests.support import add_session, new_world
from tests.waiting import until

AGENT = {"User-Agent": "HomeAssistant/2026.11"}


@pytest.fixture
async def signed_in(world):
    return world.client.with_session(await add_session(world.store, world.owner.user_id))


@pytest.fixture
def later(monkeypatch):
    """Lets seconds pass."""
    real, passed = clock.unix_ns, [0.0]
    monkeypatch.setattr(clock, "unix_ns", lambda: real() + int(passed[0] * 10**9))

    def wait(seconds):
        passed[0] += seconds

    return wait


async def new_key(signed_in):
    made = await signed_in.post("/keys", {"name": "k", "scopes": ["trips:read"]})
    assert made.status == 201
    return made.json


async def use_of(signed_in, key_id, after=None):
    """When and from where a key was used, once that is another time."""

    async def used():
        items = (await signed_in.get("/keys")).json["items"]
        [mine] = [each for each in items if each["_id"] == key_id]
        return mine if mine.get("lastUsedAt", after) != after else None

    mine = await until(used)
    return mine["lastUsedAt"], mine["lastUsedFrom"]


async def test_the_use_of_a_key_is_told(world, signed_in, later):
    made = await new_key(signed_in)
    listed = (await signed_in.get("/keys")).json["items"]
    assert ["lastUsedAt" in each for each in listed if each["_id"] == made["_id"]] == [False]
    by_key = world.as_(made["key"])
    await by_key.get("/me", headers=AGENT)
    first, source = await use_of(signed_in, made["_id"])
    assert source == "127.0.0.1, HomeAssistant/2026.11"
    assert first >= made["createdAt"]
    # What comes within a minute is not written.
    later(APART_SECONDS / 2)
    await by_key.get("/me", headers={"User-Agent": "curl/8"})
    assert await use_of(signed_in, made["_id"]) == (first, source)
    later(APART_SECONDS)
    await by_key.get("/me", headers={"User-Agent": "curl/8"})
    again, source = await use_of(signed_in, made["_id"], first)
    assert (again > first, source) == (True, "127.0.0.1, curl/8")


async def test_what_is_refused_with_a_good_key_is_a_use_and_other_keys_are_not(world, signed_in):
    made, unused = await new_key(signed_in), await new_key(signed_in)
    assert (await world.as_(made["key"]).patch(world.trip, {"title": "x"})).status == 403
    assert (await world.as_(f"{unused['key'][:-1]}_").get("/me")).status == 401
    await use_of(signed_in, made["_id"])
    items = (await signed_in.get("/keys")).json["items"]
    assert ["lastUsedAt" in each for each in items if each["_id"] == unused["_id"]] == [False]


async def test_calls_of_assistants_are_uses(world, signed_in):
    made = await new_key(signed_in)
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    headers = {"User-Agent": "carnet-mcp/0.2", "Accept": "application/json, text/event-stream"}
    await world.as_(made["key"]).post(f"{world.running.base}{MCP}", ping, headers=headers)
    _, source = await use_of(signed_in, made["_id"])
    assert source == "127.0.0.1, carnet-mcp/0.2"


async def test_a_client_may_call_itself_anything(world, signed_in):
    made = await new_key(signed_in)
    agent = "<script>alert(1)</script> \u202e caf\xe9 " + "x" * 2_000
    await world.as_(made["key"]).get("/me", headers={"User-Agent": agent})
    _, source = await use_of(signed_in, made["_id"])
    assert source.startswith("127.0.0.1, <script>alert(1)</script> caf\xe9 xxx")
    assert len(source) < 200


async def test_a_session_lasts_as_long_as_it_is_used(world, signed_in, later):
    async def session():
        answer = await signed_in.get("/session", headers=AGENT)
        return answer.json["session"]["lastUsedAt"] if answer.status == 200 else None

    begun = await session()
    for _ in range(3):
        later(20 * 86_400)

        async def moved(before=begun):
            return (await session()) not in (before, None)

        await until(moved)
        begun = await session()
    later(31 * 86_400)
    assert await session() is None


async def test_at_the_end_of_a_server_nothing_is_lost(store, settings):
    async with new_world(store, settings) as world:
        uses = world.running.services.last_use
        uses.retry_seconds = 3_600
        await world.client.get("/me", headers=AGENT)
    found = await store.read(lambda tx: tx.fetchval("SELECT last_used_from FROM api_keys"))
    assert found.startswith("127.0.0.1, ")


async def test_a_database_that_takes_no_uses_fails_no_request(world, monkeypatch):
    tries = []

    async def away(_operation):
        tries.append(1)
        raise Unavailable

    uses = world.running.services.last_use
    uses._next.clear()
    monkeypatch.setattr(uses, "_store", type("Away", (), {"write": staticmethod(away)}))
    assert (await world.client.get("/me")).status == 200
    await until(lambda: tries)
    assert (await world.client.get("/me")).status == 200


class TestProxy:
    @pytest.fixture
    def settings(self, settings):
        return msgspec.structs.replace(settings, http=Http(trusted_proxies=1))

    async def test_behind_a_proxy_the_clients_address_is_told(self, world, signed_in):
        made = await new_key(signed_in)
        headers = {**AGENT, "X-Forwarded-For": "198.51.100.7, 192.168.1.20"}
        await world.as_(made["key"]).get("/me", headers=headers)
        _, source = await use_of(signed_in, made["_id"])
        assert source == "192.168.1.20, HomeAssistant/2026.11"
