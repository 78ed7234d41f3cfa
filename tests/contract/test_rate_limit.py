"""Contract sections 1 and 3: the fixed window of a key and of a client's address."""

from typing import Any

import msgspec
import pytest

from runtime.settings import Http, Limits, Settings
from tests.support import PLENTY, SAMPLES, add_key, gather, new_world

LEG = SAMPLES["leg"]
UNKNOWN = "/shared/trips/unknown"
SHARED_LIMIT = 3


@pytest.fixture
def settings():
    limits = Limits(requests_per_minute=PLENTY, shared_requests_per_minute=SHARED_LIMIT)
    return msgspec.structs.replace(Settings(), limits=limits)


@pytest.fixture
async def limited(clock, world):
    """Makes clients with a limit of their own."""

    async def make(limit):
        return world.as_(await add_key(world.store, world.owner.user_id, rate_limit=limit))

    return make


def left(response):
    return int(response.headers["X-RateLimit-Remaining"])


# The window.


async def test_a_key_has_its_limit_of_requests_and_then_429(limited):
    client = await limited(3)
    answers = [await client.get("/me") for _ in range(5)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    assert [left(answer) for answer in answers] == [2, 1, 0, 0, 0]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"3"}
    assert ["Retry-After" in answer.headers for answer in answers] == [False] * 3 + [True] * 2


async def test_a_window_ends_after_60_seconds_whatever_came_in_it(limited, clock):
    client = await limited(2)
    assert (await client.get("/me")).status == 200
    clock.seconds += 59.9
    # Refused requests do not lengthen the window: it is fixed.
    assert [(await client.get("/me")).status for _ in range(3)] == [200, 429, 429]
    clock.seconds += 0.1
    assert [(await client.get("/me")).status for _ in range(3)] == [200, 200, 429]


async def test_retry_after_is_the_whole_seconds_to_the_end_of_the_window(limited, clock):
    client = await limited(1)
    await client.get("/me")
    for passed, wait in ((0, "60"), (0.5, "60"), (29.5, "30"), (29.9, "1")):
        clock.seconds += passed
        assert (await client.get("/me")).headers["Retry-After"] == wait
    clock.seconds += 1
    assert (await client.get("/me")).status == 200


async def test_the_default_is_60_requests_per_key_and_address():
    limits = Settings().limits
    assert (limits.requests_per_minute, limits.shared_requests_per_minute) == (60, 60)


async def test_the_default_limit_is_a_setting_and_a_key_may_have_its_own(store):
    settings = msgspec.structs.replace(Settings(), limits=Limits(requests_per_minute=4))
    async with new_world(store, settings) as world:
        default = world.as_(await add_key(store, world.owner.user_id))
        own = world.as_(await add_key(store, world.owner.user_id, rate_limit=9))
        for client, limit in ((default, 4), (own, 9)):
            me = await client.get("/me")
            assert me.headers["X-RateLimit-Limit"] == str(limit)
            assert left(me) == limit - 1
            assert me.json["key"]["rateLimit"] == limit
        statuses = [(await default.get("/me")).status for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        assert (await own.get("/me")).status == 200


async def test_keys_of_one_user_are_counted_apart(limited):
    first, second = await limited(1), await limited(1)
    assert [(await first.get("/me")).status for _ in range(2)] == [200, 429]
    assert (await second.get("/me")).status == 200


async def test_requests_at_once_are_all_counted(limited):
    client = await limited(10)
    answers = await gather(*(client.get("/me") for _ in range(25)))
    assert sorted(answer.status for answer in answers) == [200] * 10 + [429] * 15
    assert sorted(left(a) for a in answers if a.status == 200) == list(range(10))


# The headers.


async def test_every_response_to_a_valid_key_tells_of_the_limit(limited, world):
    client = await limited(20)
    headers = {"Idempotency-Key": "k"}
    requests: list[tuple[str, str, dict[str, Any], int]] = [
        ("GET", "/me", {}, 200),
        ("POST", f"{world.trip}/legs", {"body": LEG, "headers": headers}, 201),
        ("POST", f"{world.trip}/legs", {"body": LEG, "headers": headers}, 201),
        ("POST", f"{world.trip}/legs", {"body": {}}, 400),
        ("POST", f"{world.trip}/legs", {"body": {}, "headers": headers}, 409),
        ("POST", f"{world.trip}/legs", {"data": b"{"}, 400),
        ("POST", f"{world.trip}/legs", {"data": b"", "headers": {"Content-Type": "a/b"}}, 415),
        ("GET", "/trips/unknown", {}, 404),
        ("GET", "/nowhere", {}, 404),
        ("PUT", "/trips", {}, 405),
        ("DELETE", f"{world.trip}/share-token", {}, 204),
    ]
    for used, (method, path, options, status) in enumerate(requests, start=1):
        answer = await client.send(method, path, **options)
        assert answer.status == status
        assert answer.headers["X-RateLimit-Limit"] == "20"
        assert left(answer) == 20 - used
        assert "Retry-After" not in answer.headers


async def test_forbidden_requests_tell_of_the_limit_and_count(clock, world):
    key = await add_key(world.store, world.owner.user_id, "messages:read", rate_limit=5)
    answers = [await world.as_(key).get(world.trip) for _ in range(2)]
    assert [(answer.status, left(answer)) for answer in answers] == [(403, 4), (403, 3)]


async def test_a_bug_tells_of_the_limit_too(limited, world, monkeypatch):
    client = await limited(5)

    async def crash(*_args, **_kwargs):
        raise RuntimeError("a bug")

    monkeypatch.setattr("storage.trips.get", crash)
    failed = await client.get(world.trip)
    assert (failed.status, left(failed)) == (500, 4)


async def test_a_401_carries_no_such_headers(world):
    for key in (None, "osk_" + "x" * 43):
        refused = await world.as_(key).get("/me")
        assert refused.status == 401
        assert not [name for name in refused.headers if name.startswith("X-RateLimit")]


async def test_replays_and_refused_bodies_count(limited, world):
    client = await limited(4)
    headers = {"Idempotency-Key": "k"}
    path = f"{world.trip}/legs"
    assert (await client.post(path, LEG, headers=headers)).status == 201
    replay = await client.post(path, LEG, headers=headers)
    assert (replay.headers["Idempotency-Replayed"], left(replay)) == ("true", 2)
    assert left(await client.post(path, data=b"{")) == 1
    assert left(await client.post(path, data=b"x", headers={"Content-Type": "a/b"})) == 0
    assert (await client.post(path, LEG, headers=headers)).status == 429


async def test_a_request_over_the_limit_does_nothing(limited, world):
    client = await limited(1)
    await client.get("/me")
    assert (await client.post(f"{world.trip}/legs", LEG)).status == 429
    assert (await world.client.get(f"{world.trip}/legs")).json["items"] == []


# By address.


async def shared_statuses(world, count, headers=None, path=UNKNOWN):
    client = world.as_(None)
    return [(await client.get(path, headers=headers)).status for _ in range(count)]


@pytest.mark.parametrize(
    "path",
    [
        *(UNKNOWN, f"{UNKNOWN}/export", "/shared/trips/%00", "/shared/x"),
        *(f"{UNKNOWN}/calendar.ics", "/calendars/unknown.ics", "/calendars/x"),
    ],
)
async def test_what_is_shared_is_limited_by_address_unknown_tokens_too(clock, world, path):
    assert await shared_statuses(world, 5, path=path) == [404, 404, 404, 429, 429]
    clock.seconds += 60
    assert await shared_statuses(world, 4, path=path) == [404, 404, 404, 429]


async def test_known_and_unknown_tokens_share_one_limit(clock, world):
    token = (await world.client.post(f"{world.trip}/share-token")).json["token"]
    assert await shared_statuses(world, 2) == [404, 404]
    assert await shared_statuses(world, 2, path=f"/shared/trips/{token}") == [200, 429]
    refused = await world.as_(None).get(f"/shared/trips/{token}/export")
    assert (refused.status, refused.headers["Retry-After"]) == (429, "60")


async def test_the_limit_of_an_address_leaves_its_keys_alone(limited, world):
    client = await limited(10)
    assert await shared_statuses(world, 4) == [404, 404, 404, 429]
    assert (await client.get("/me")).status == 200
    # And a key is of no use on what is shared: it is not looked at.
    assert (await client.get(UNKNOWN)).status == 429


@pytest.mark.parametrize(
    ("trusted_proxies", "forwarded", "same_client"),
    [
        (0, ["1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"], True),
        (1, ["1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"], False),
        (1, ["1.1.1.1, 9.9.9.9", "2.2.2.2, 9.9.9.9", "3.3.3.3,9.9.9.9", "9.9.9.9"], True),
        (1, ["7.7.7.7, 1.1.1.1", "7.7.7.7, 2.2.2.2", "3.3.3.3", "4.4.4.4"], False),
        (
            2,
            ["1.1.1.1, 9.9.9.9", "2.2.2.2, 9.9.9.9", "3.3.3.3, 9.9.9.9", "4.4.4.4, 9.9.9.9"],
            False,
        ),
        (2, ["x, 1.1.1.1, 9.9.9.9", "y,1.1.1.1, 8.8.8.8", "1.1.1.1, 7.7.7.7", "1.1.1.1, z"], True),
    ],
)
async def test_the_trusted_proxies_decide_which_address_counts(
    store, clock, trusted_proxies, forwarded, same_client
):
    settings = Settings(
        http=Http(trusted_proxies=trusted_proxies),
        limits=Limits(requests_per_minute=PLENTY, shared_requests_per_minute=SHARED_LIMIT),
    )
    async with new_world(store, settings) as world:
        statuses = [
            (await world.as_(None).get(UNKNOWN, headers={"X-Forwarded-For": value})).status
            for value in forwarded
        ]
        assert statuses == [404, 404, 404, 429 if same_client else 404]


async def test_one_client_cannot_escape_by_making_up_addresses(store, clock):
    settings = Settings(
        http=Http(trusted_proxies=1),
        limits=Limits(requests_per_minute=PLENTY, shared_requests_per_minute=SHARED_LIMIT),
    )
    async with new_world(store, settings) as world:
        for number, status in enumerate([404, 404, 404, 429, 429]):
            headers = {"X-Forwarded-For": f"10.0.0.{number}, 5.5.5.5"}
            assert (await world.as_(None).get(UNKNOWN, headers=headers)).status == status
