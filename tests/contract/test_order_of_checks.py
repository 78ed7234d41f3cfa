"""Contract section 1, the order of checks: a test for each neighbouring pair of the order.

Each request fails two checks; the answer is that of the check that comes first.
"""

import msgspec
import pytest

from domain.scopes import Role
from storage import keys
from tests.support import SAMPLES, add_key, now

LEG = SAMPLES["leg"]
NO_TRIP = "0" * 26
MAX_BODY = 5_000
TEXT = {"Content-Type": "text/plain"}


@pytest.fixture
def settings(settings):
    http = msgspec.structs.replace(settings.http, max_body_bytes=MAX_BODY)
    return msgspec.structs.replace(settings, http=http)


@pytest.fixture
async def spent(world):
    """A client whose key has no request left in this window, and the key's id."""
    client = world.as_(await add_key(world.store, world.owner.user_id, rate_limit=1))
    me = await client.get("/me")
    assert me.headers["X-RateLimit-Remaining"] == "0"
    return client, me.json["key"]["_id"]


async def test_the_key_is_checked_before_the_rate_limit(world, spent):
    client, key_id = spent
    assert (await client.get("/me")).status == 429
    await world.store.write(lambda tx: keys.revoke(tx, key_id, now()))
    assert (await client.get("/me")).status == 401


async def test_the_key_is_checked_before_the_route(world):
    for method, path in (("GET", "/nowhere"), ("PUT", "/trips"), ("GET", f"/trips/{NO_TRIP}")):
        assert (await world.as_(None).send(method, path)).status == 401


async def test_the_rate_limit_is_checked_before_route_and_method(spent):
    client, _ = spent
    assert (await client.get("/nowhere")).status == 429
    assert (await client.send("PUT", "/trips")).status == 429


async def test_route_and_method_are_checked_before_the_scope(world):
    client = world.as_(await add_key(world.store, world.owner.user_id, "messages:read"))
    assert (await client.get(f"{world.trip}/nowhere")).status == 404
    assert (await client.send("PUT", f"{world.trip}/legs")).status == 405
    assert (await client.get(f"{world.trip}/legs")).status == 403


async def test_the_scope_is_checked_before_the_trip_is_looked_at(world):
    client = world.as_(await add_key(world.store, world.owner.user_id, "trips:write"))
    assert (await client.get(f"/trips/{NO_TRIP}/legs")).status == 403
    assert (await client.post(f"/trips/{NO_TRIP}/legs", LEG)).status == 404


async def test_the_trip_is_checked_before_access_to_it(world):
    for role in (Role.VIEWER, None):
        person = await world.person(f"p-{role}", role)
        client = world.as_(person.key)
        assert (await client.post(f"/trips/{NO_TRIP}/legs", LEG)).status == 404
        assert (await client.post(f"{world.trip}/legs", LEG)).status == 403


@pytest.mark.parametrize(
    "options",
    [
        {"data": b"{}", "headers": TEXT},
        {"body": {}, "headers": {"Idempotency-Key": "not visible"}},
    ],
    ids=["media type", "header"],
)
async def test_access_is_checked_before_headers_and_media_type(world, options):
    viewer = world.as_((await world.person("vera", Role.VIEWER)).key)
    assert (await viewer.post(f"{world.trip}/legs", **options)).status == 403
    assert (await world.client.post(f"{world.trip}/legs", **options)).status in (400, 415)


async def test_headers_and_media_type_are_checked_before_the_size(world):
    large = b"x" * (MAX_BODY + 1)
    path = f"{world.trip}/legs"
    assert (await world.client.post(path, data=large, headers=TEXT)).status == 415
    bad_key = {"Idempotency-Key": "not visible"}
    refused = await world.client.post(path, data=large, headers=bad_key)
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    assert (await world.client.post(path, data=large)).status == 413


async def test_the_size_is_checked_before_the_json(world):
    path = f"{world.trip}/legs"
    assert (await world.client.post(path, data=b"{" * (MAX_BODY + 1))).status == 413
    assert (await world.client.post(path, data=b"{" * MAX_BODY)).status == 400


async def test_the_json_is_checked_before_the_idempotency_key(world):
    headers = {"Idempotency-Key": "k"}
    path = f"{world.trip}/legs"
    assert (await world.client.post(path, LEG, headers=headers)).status == 201
    assert (await world.client.post(path, data=b"{not json", headers=headers)).status == 400
    assert (await world.client.post(path, data=b"{}", headers=headers)).status == 409


async def test_the_idempotency_key_is_checked_before_the_sub_resource(world):
    headers = {"Idempotency-Key": "k"}
    leg = await world.make("/legs", LEG)
    row = f"{world.trip}/legs/{leg['_id']}"
    assert (await world.client.delete(row, headers=headers)).status == 204
    assert (await world.client.delete(row, headers=headers)).status == 204
    missing = f"{world.trip}/legs/{NO_TRIP}"
    assert (await world.client.delete(missing, headers=headers)).status == 409
    assert (await world.client.delete(missing)).status == 404


async def test_the_idempotency_key_is_checked_before_validation(world):
    headers = {"Idempotency-Key": "k"}
    assert (await world.client.post(f"{world.trip}/legs", LEG, headers=headers)).status == 201
    assert (await world.client.post(f"{world.trip}/legs", {}, headers=headers)).status == 409
    assert (await world.client.post(f"{world.trip}/legs", {})).status == 400


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/legs/{id}", {"titel": 1}),
        ("PATCH", "/map-pins/{id}", []),
        ("POST", "/legs/{id}/stays", {}),
        ("POST", "/legs/{id}/stays:batch", {"items": []}),
        ("POST", "/channels/{id}/messages", {}),
    ],
)
async def test_the_sub_resource_is_checked_before_validation(world, method, path, body):
    response = await world.client.send(method, world.trip + path.format(id=NO_TRIP), body)
    assert (response.status, response.code) == (404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/legs/{id}/stays?limit=0", "/channels/{id}/messages?cursor=x"])
async def test_the_query_is_checked_before_the_sub_resource(world, path):
    response = await world.client.get(world.trip + path.format(id=NO_TRIP))
    assert (response.status, response.code) == (400, "VALIDATION_ERROR")


async def test_the_idempotency_key_is_checked_before_preconditions(world):
    headers = {"Idempotency-Key": "k"}
    stale = {"If-Match": '"0-x"'}
    leg = await world.client.post(f"{world.trip}/legs", LEG, headers=headers)
    row = f"{world.trip}/legs/{leg.json['_id']}"
    assert (await world.client.patch(row, {}, headers=headers | stale)).status == 409
    assert (await world.client.patch(row, {}, headers=stale)).status == 412
    # The first answer again, though nothing has that state any more.
    again = await world.client.post(f"{world.trip}/legs", LEG, headers=headers | stale)
    assert (again.status, again.raw) == (201, leg.raw)


async def test_a_tag_that_is_none_is_told_before_the_idempotency_key(world):
    headers = {"Idempotency-Key": "k"}
    assert (await world.client.post(f"{world.trip}/legs", LEG, headers=headers)).status == 201
    refused = await world.client.post(
        f"{world.trip}/legs", {}, headers={**headers, "If-Match": "no tag"}
    )
    assert (refused.status, refused.details) == (400, [("If-Match", "malformed")])


async def test_the_query_is_checked_before_the_idempotency_key(world):
    headers = {"Idempotency-Key": "k"}
    assert (await world.client.post(f"{world.trip}/sync", {}, headers=headers)).status == 200
    refused = await world.client.post(f"{world.trip}/sync?x=1", {}, headers=headers)
    assert (refused.status, refused.details) == (400, [("?x", "unknown_field")])


async def test_the_json_is_checked_before_the_query(world):
    refused = await world.client.post(f"{world.trip}/sync?x=1", data=b"{")
    assert (refused.status, refused.details) == (400, [("", "malformed")])
