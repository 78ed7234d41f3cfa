"""Whatever is refused, limited or imported is counted, each by its reason (contract section 15)."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from domain.account import KEY_PREFIX
from runtime import measured
from runtime.metrics import Counter
from runtime.settings import Events, Limits
from server.body_budget import BodyBudget
from storage import postgres_pool, sqlite_engine
from tests.contract.queue_world import pins
from tests.contract.wire import exchange, head
from tests.measuring import counted
from tests.support import PLENTY, SAMPLES, WEBHOOK, World, add_key, add_session

UNKNOWN_KEY = f"{KEY_PREFIX}{'x' * 43}"


@pytest.fixture
def settings(settings):
    few = Limits(
        requests_per_minute=PLENTY,
        shared_requests_per_minute=1,
        session_requests_per_minute=12,
        wrong_keys_per_minute=2,
    )
    return msgspec.structs.replace(settings, limits=few, events=Events(per_key=1))


async def me(world: World, authorization: str | None) -> int:
    headers = {} if authorization is None else {"Authorization": authorization}
    return (await world.as_(None).get("/me", headers=headers)).status


async def bad_http(world: World) -> int:
    return (await exchange(world, b"GET / HTTP/1.1\r\nNo colon\r\n\r\n")).status


async def long_line(world: World) -> int:
    return (await exchange(world, head(world, "GET", "/api/v1/me", f"X: {'x' * 66_000}"))).status


async def long_head(world: World) -> int:
    lines = [f"X-{number}: {'x' * 8_000}" for number in range(9)]
    return (await exchange(world, head(world, "GET", "/api/v1/me", *lines))).status


async def large_body(world: World) -> int:
    return (await world.client.post("/trips", data=b" " * (256 * 1024 + 1))).status


async def no_room_for_bodies(world: World) -> int:
    services = world.running.services
    before = services.bodies
    object.__setattr__(services, "bodies", BodyBudget(10))
    status = (await world.client.post(f"{world.trip}/sync", pins(3000))).status
    object.__setattr__(services, "bodies", before)
    return status


async def no_room_for_writes(world: World) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite_engine, "MAX_WAITING", 0)
        patch.setattr(postgres_pool, "MAX_WAITING", 0)
        return (await world.client.post("/trips", {})).status


async def over_limit_of_key(world: World) -> int:
    client = world.as_(await add_key(world.store, world.owner.user_id, rate_limit=1))
    assert (await client.get("/me")).status == 200
    return (await client.get("/me")).status


async def over_limit_of_session(world: World) -> int:
    token = await add_session(world.store, world.owner.user_id)
    client = world.client.with_session(token)
    for _ in range(12):
        assert (await client.get("/me")).status == 200
    return (await client.get("/me")).status


async def over_limit_of_address(world: World) -> int:
    assert (await world.client.get("/shared/trips/unknown")).status == 404
    return (await world.client.get("/shared/trips/unknown")).status


async def unknown_key(world: World) -> int:
    return await me(world, f"Bearer {UNKNOWN_KEY}")


async def over_limit_of_wrong_keys(world: World) -> int:
    while (status := await unknown_key(world)) == 401:
        pass
    return status


async def one_stream_more(world: World) -> int:
    async with world.client.open(f"{world.trip}/events") as stream:
        assert stream.status == 200
        await stream.content.readline()
        return (await world.client.get(f"{world.trip}/events")).status


async def session_over(world: World) -> int:
    return (await world.client.with_session("x" * 43).get("/me")).status


async def wrong_password(world: World) -> int:
    wrong = {"email": world.owner.email, "password": "not this one, surely"}
    here = {"Sec-Fetch-Site": "same-origin"}
    return (await world.as_(None).post("/session", wrong, headers=here)).status


async def too_many_wrong_passwords(world: World) -> int:
    while (status := await wrong_password(world)) == 401:
        pass
    return status


Cause = Callable[[World], Awaitable[int]]
CAUSES: list[tuple[Counter, str, Cause, int]] = [
    (measured.REFUSED, "bad_http", bad_http, 400),
    (measured.REFUSED, "head_too_large", long_line, 400),
    (measured.REFUSED, "head_too_large", long_head, 400),
    (measured.REFUSED, "body_too_large", large_body, 413),
    (measured.REFUSED, "bodies_full", no_room_for_bodies, 503),
    (measured.REFUSED, "storage_full", no_room_for_writes, 503),
    (measured.AUTH_FAILURES, "no_key", lambda world: me(world, None), 401),
    (measured.AUTH_FAILURES, "malformed_key", lambda world: me(world, "Basic eA=="), 401),
    (measured.AUTH_FAILURES, "unknown_key", unknown_key, 401),
    (measured.AUTH_FAILURES, "session_over", session_over, 401),
    (measured.AUTH_FAILURES, "password", wrong_password, 401),
    (measured.RATE_LIMITED, "key", over_limit_of_key, 429),
    (measured.RATE_LIMITED, "session", over_limit_of_session, 429),
    (measured.RATE_LIMITED, "address", over_limit_of_address, 429),
    (measured.RATE_LIMITED, "wrong_keys", over_limit_of_wrong_keys, 429),
    (measured.RATE_LIMITED, "streams", one_stream_more, 429),
    (measured.RATE_LIMITED, "sign_in", too_many_wrong_passwords, 429),
]
ELSEWHERE = {
    (measured.REFUSED, "connections"),  # tests/server/test_listener.py
    (measured.AUTH_FAILURES, "passkey"),  # tests/contract/test_passkeys.py
}


async def test_each_refusal_is_counted_by_its_reason(world, subtests):
    for family, reason, cause, status in CAUSES:
        with subtests.test(f"{family.name} {reason}"), counted(family, reason):
            assert await cause(world) == status


def test_each_reason_has_a_cause():
    tested = {(family, reason) for family, reason, *_ in CAUSES} | ELSEWHERE
    families = {family for family, _ in tested}
    assert tested == {(family, reason) for family in families for (reason,) in family.foreseen}


async def test_a_repeated_request_is_counted_by_what_it_is_answered(world):
    pins, pin, other = f"{world.trip}/map-pins", SAMPLES["mapPin"], SAMPLES["mapPin"] | {"lat": 1}
    for path, body, status, replayed, conflict in (
        (pins, pin, 201, 0, 0),
        (pins, pin, 201, 1, 0),
        (pins, other, 409, 0, 1),
        ("/webhooks", WEBHOOK, 201, 0, 0),
        ("/webhooks", WEBHOOK, 409, 0, 1),
    ):
        once = {"Idempotency-Key": path}
        with (
            counted(measured.IDEMPOTENCY, "replayed", times=replayed),
            counted(measured.IDEMPOTENCY, "conflict", times=conflict),
        ):
            assert (await world.client.post(path, body, headers=once)).status == status


async def test_items_of_imports_are_counted_by_what_became_of_them(world):
    async def sync(body, **outcomes):
        before = {outcome: measured.ITEMS.row(("mapPin", outcome))[0] for outcome in outcomes}
        assert (await world.client.post(f"{world.trip}/sync", body)).status in (200, 207)
        after = {outcome: measured.ITEMS.row(("mapPin", outcome))[0] for outcome in outcomes}
        assert {key: after[key] - before[key] for key in outcomes} == outcomes

    await sync(pins(3), created=3, updated=0, unchanged=0, failed=0)
    changed = {"mapPins": [*pins(2)["mapPins"], {**pins(3, name="Other")["mapPins"][2], "lat": 1}]}
    await sync(changed, created=0, updated=1, unchanged=2, failed=0)
    wrong = {"mapPins": [SAMPLES["mapPin"], {**SAMPLES["mapPin"], "lat": 91}]}
    await sync(wrong, created=1, updated=0, unchanged=0, failed=1)
    with counted(measured.ITEMS, "mapPin", "created", times=0):
        assert (await world.client.post(f"{world.trip}/sync?dryRun=true", wrong)).status == 207
    file = b"name,lat,lng\nUeno,35.71,139.77\n"
    with counted(measured.ITEMS, "mapPin", "created"):
        sent = await world.client.post(f"{world.trip}/import?filename=pins.csv", data=file)
        assert sent.status == 200, sent.raw
    with counted(measured.ITEMS, "mapPin", "created", times=0):
        tried = f"{world.trip}/import?filename=pins.csv&dryRun=true"
        assert (await world.client.post(tried, data=file)).status == 200
