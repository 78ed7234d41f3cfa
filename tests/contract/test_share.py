"""Contract section 7: share links and the safe projection."""

import re

import msgspec

from server.app import build_app
from server.health import Health
from server.routes import ROUTES
from tests.contract.kinds import (
    ACCOMMODATION,
    BY_NAME,
    DECLARED,
    FLIGHT,
    KINDS,
    RENTAL_CAR,
    channel_path,
    filled_body,
    rows_path,
    snapshot,
)
from tests.domain import allowlist
from tests.server.test_listener import listening
from tests.support import SAMPLES, add_key, gather


async def share(world):
    return await world.client.post(f"{world.trip}/share-token")


async def fill(world):
    """A row of each kind with every field there is, and unknown members in open objects."""
    extra = {"hiddenExtra": {"pin": "0000"}}
    body = BY_NAME["leg"].filled | {
        "accommodation": {**ACCOMMODATION, **extra},
        "flights": [{**FLIGHT, **extra}],
        "rentalCar": {**RENTAL_CAR, **extra},
    }
    leg = await world.make("/legs", body)
    pin = await world.make("/map-pins", BY_NAME["mapPin"].filled)
    await world.make(f"/legs/{leg['_id']}/stays", BY_NAME["stay"].filled)
    item = BY_NAME["actionItem"].filled | {"isCompleted": True, "owner": world.owner.user_id}
    await world.make("/action-items", item)
    rows = {"leg": leg["_id"], "mapPin": pin["_id"]}
    await world.make("/commitments", await filled_body(world, BY_NAME["commitment"], rows))
    for kind in DECLARED:
        await world.make(kind.path.format_map(rows), await filled_body(world, kind, rows))
    await world.client.post(await channel_path(world), {"content": "a secret message"})


# The token.


async def test_sharing_a_trip_makes_a_token_and_a_url(world):
    made = await share(world)
    assert made.status == 201
    assert set(made.json) == {"token", "url", "createdAt"}
    token = made.json["token"]
    assert made.json["url"] == f"{world.running.base}/api/v1/shared/trips/{token}"
    assert re.fullmatch(r"[A-Za-z0-9_-]{22,}", token)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made.json["createdAt"])
    shown = await world.as_(None).get(made.json["url"])
    assert (shown.status, shown.json["trip"]["_id"]) == (200, world.trip_id)


async def test_an_active_token_is_given_again_with_200(world):
    made = await share(world)
    again = await share(world)
    assert (again.status, again.json) == (200, made.json)


async def test_sharing_at_once_makes_one_token(world):
    answers = await gather(*(share(world) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
    assert len({answer.json["token"] for answer in answers}) == 1


async def test_a_revoked_token_shows_nothing_and_a_later_one_is_new(world):
    first = (await share(world)).json["token"]
    revoked = await world.client.delete(f"{world.trip}/share-token")
    assert (revoked.status, revoked.raw) == (204, b"")
    for path in (f"/shared/trips/{first}", f"/shared/trips/{first}/export"):
        assert (await world.as_(None).get(path)).code == "NOT_FOUND"
    second = await share(world)
    assert (second.status, second.json["token"] != first) == (201, True)
    assert (await world.as_(None).get(f"/shared/trips/{first}")).code == "NOT_FOUND"
    assert (await world.as_(None).get(f"/shared/trips/{second.json['token']}")).status == 200


async def test_revoking_is_204_also_when_no_token_is_active(world):
    for _ in range(2):
        assert (await world.client.delete(f"{world.trip}/share-token")).status == 204


async def test_each_trip_has_a_token_of_its_own(world):
    other = await world.new_trip()
    tokens = [
        (await world.client.post(f"/trips/{trip_id}/share-token")).json["token"]
        for trip_id in (world.trip_id, other)
    ]
    shown = [(await world.as_(None).get(f"/shared/trips/{t}")).json["trip"]["_id"] for t in tokens]
    assert shown == [world.trip_id, other]
    await world.client.delete(f"{world.trip}/share-token")
    assert (await world.as_(None).get(f"/shared/trips/{tokens[1]}")).status == 200


async def test_an_unknown_token_is_404_in_the_envelope(world):
    token = (await share(world)).json["token"]
    for wrong in (
        "unknown",
        token[:-1],
        f"{token}x",
        token.swapcase(),
        world.trip_id,
        "%2e",
        "%00",
    ):
        for suffix in ("", "/export"):
            refused = await world.as_(None).get(f"/shared/trips/{wrong}{suffix}")
            assert (refused.status, refused.code) == (404, "NOT_FOUND"), wrong
            assert refused.json["error"]["requestId"] == refused.headers["X-Request-Id"]


async def test_authorization_is_not_looked_at(world):
    token = (await share(world)).json["token"]
    other = await add_key(world.store, world.owner.user_id, "messages:read", rate_limit=1)
    for authorization in ("Bearer nonsense", "Basic x", "", f"Bearer {other}", f"Bearer {other}"):
        headers = {"Authorization": authorization}
        shown = await world.as_(None).get(f"/shared/trips/{token}", headers=headers)
        assert shown.status == 200
    # So the key's own limit is untouched: its one request is still left.
    assert (await world.as_(other).get("/me")).status == 200


async def test_a_token_opens_nothing_but_the_shared_view(world):
    token = (await share(world)).json["token"]
    assert (await world.as_(token).get(world.trip)).status == 401
    assert (await world.as_(None).get(f"{world.trip}?token={token}")).status == 401
    for method in ("POST", "PATCH", "DELETE", "PUT"):
        refused = await world.as_(None).send(method, f"/shared/trips/{token}")
        assert (refused.status, refused.code) == (405, "METHOD_NOT_ALLOWED")
    assert (await world.as_(None).get(f"/shared/trips/{token}/legs")).status == 404


# The safe projection.


async def test_the_shared_trip_is_the_safe_trip_with_its_safe_legs(world):
    await fill(world)
    token = (await share(world)).json["token"]
    shown = (await world.as_(None).get(f"/shared/trips/{token}")).json
    exported = (await world.as_(None).get(f"/shared/trips/{token}/export")).json
    assert set(shown) == {"trip", "legs"}
    assert shown == {"trip": exported["trip"], "legs": exported["legs"]}


async def test_every_kind_shows_its_allowlist_and_nothing_else(world):
    await fill(world)
    token = (await share(world)).json["token"]
    shown = (await world.as_(None).get(f"/shared/trips/{token}/export")).json
    full = await snapshot(world)
    assert set(shown) == set(full) - {"rev"}
    assert set(shown["trip"]) == allowlist.TRIP
    for name, keys in {**allowlist.ROWS, "members": allowlist.MEMBER}.items():
        [row] = shown[name]
        assert set(row) == keys, name
    [leg] = shown["legs"]
    assert set(leg["accommodation"]) == allowlist.ACCOMMODATION
    assert set(leg["flights"][0]) == allowlist.FLIGHT
    assert set(leg["rentalCar"]) == allowlist.RENTAL_CAR
    assert within(shown, full)


def within(shown, full):
    """Whether all that is shown is as it is in the full view."""
    if isinstance(shown, dict):
        return all(within(value, full[name]) for name, value in shown.items())
    if isinstance(shown, list):
        return len(shown) == len(full) and all(map(within, shown, full))
    return shown == full


async def test_no_secret_is_anywhere_in_the_shared_view(world):
    await fill(world)
    token = (await share(world)).json["token"]
    secrets = [
        *(v for k, v in ACCOMMODATION.items() if k not in allowlist.ACCOMMODATION),
        *(v for k, v in FLIGHT.items() if k not in allowlist.FLIGHT),
        *(v for k, v in RENTAL_CAR.items() if k not in allowlist.RENTAL_CAR),
        *(kind.optional["clientRef"] for kind in KINDS),
        "Early in the morning",
        "A table by the window",
        "hiddenExtra",
        "0000",
        "a secret message",
        world.owner.email,
        world.owner.user_id,
        world.group_id,
    ]
    for suffix in ("", "/export"):
        raw = (await world.as_(None).get(f"/shared/trips/{token}{suffix}")).raw.decode()
        assert [secret for secret in secrets if secret in raw] == []


async def test_what_is_not_set_is_left_out_of_the_shared_view(world):
    for kind in KINDS:
        await world.client.post(await rows_path(world, kind), kind.sample)
    token = (await share(world)).json["token"]
    shown = (await world.as_(None).get(f"/shared/trips/{token}/export")).json
    for kind in KINDS:
        for row in shown[kind.snapshot]:
            is_set = {"_id", *kind.above, *kind.required}
            assert set(row) == allowlist.ROWS[kind.snapshot] & is_set, kind.name
            assert None not in row.values()


async def test_the_shared_view_follows_the_trip(world):
    token = (await share(world)).json["token"]
    leg = await world.make("/legs", SAMPLES["leg"])
    await world.client.patch(world.trip, {"title": "New", "status": "active"})
    shown = (await world.as_(None).get(f"/shared/trips/{token}")).json
    assert (shown["trip"]["title"], shown["trip"]["status"]) == ("New", "active")
    assert [row["_id"] for row in shown["legs"]] == [leg["_id"]]
    await world.client.delete(world.trip)
    shown = (await world.as_(None).get(f"/shared/trips/{token}")).json
    assert shown["trip"]["status"] == "completed"


async def test_the_shared_lists_keep_their_order(world):
    for order in (3, 1, 2):
        await world.make("/legs", {**SAMPLES["leg"], "order": order})
    for time in ("20:00", "08:00"):
        await world.make("/commitments", {**SAMPLES["commitment"], "startTime": time})
    token = (await share(world)).json["token"]
    shown = (await world.as_(None).get(f"/shared/trips/{token}/export")).json
    assert [leg["order"] for leg in shown["legs"]] == [1, 2, 3]
    assert [row["startTime"] for row in shown["commitments"]] == ["08:00", "20:00"]


async def test_filled_bodies_hold_every_field_so_that_none_escapes(world):
    """A field added to a resource and not to these tests' bodies would go unseen here."""
    creates = {
        route.path: route.body.type for route in ROUTES if route.method == "POST" and route.body
    }
    for kind in KINDS:
        path = "/trips/{tripId}" + re.sub(r"\{\w+\}", f"{{{''.join(kind.above)}}}", kind.path)
        fields = {field.encode_name for field in msgspec.structs.fields(creates[path])}
        read_only = {"_id", "tripId", "createdAt", "updatedAt", "createdBy", "authorId"}
        read_only |= {"completedAt", *kind.above}
        assert fields - read_only == set(await filled_body(world, kind))


async def test_a_link_leads_below_the_path_of_the_public_url(world):
    services = world.running.services
    object.__setattr__(services, "public_url", f"{world.running.base}/carnet")
    async with listening(build_app(services, Health({}))) as (_, url):
        made = await world.client.post(f"{url}/carnet/api/v1{world.trip}/share-token")
        link = made.json["url"]
        assert link == f"{world.running.base}/carnet/api/v1/shared/trips/{made.json['token']}"
        below = link.replace(world.running.base, url)
        assert (await world.as_(None).get(below)).json["trip"]["_id"] == world.trip_id
