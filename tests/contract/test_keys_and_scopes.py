"""Contract section 3: keys, and what a key limited to trips sees. The rest is the matrix."""

import datetime
import hashlib
import re

import pytest

from domain.clock import timestamp
from domain.scopes import Role
from storage import groups, keys
from tests.contract.kinds import BY_NAME, KINDS, NAMES, channel_path, listed, rows_path
from tests.support import SAMPLES, TRIP, add_key, now

NO_TRIP = "0" * 26


async def ids(client):
    return [trip["_id"] for trip in (await client.get("/trips")).json["items"]]


async def new_group(world, user_id, role=Role.OWNER):
    """Another group with this user in it; its id."""

    async def add(tx):
        group_id = await groups.create(tx, name="Friends", now=now())
        await groups.add_member(tx, group_id=group_id, user_id=user_id, role=role, now=now())
        return group_id

    return await world.store.write(add)


# Keys.


async def test_keys_are_osk_and_at_least_32_random_base62_characters(world):
    keys = [world.owner.key] + [await add_key(world.store, world.owner.user_id) for _ in range(4)]
    assert all(re.fullmatch(r"osk_[0-9A-Za-z]{32,}", key) for key in keys)
    assert len({key[4:20] for key in keys}) == 5


async def test_only_a_hash_of_a_key_is_in_the_database(world):
    rows = await world.store.read(lambda tx: tx.fetch("SELECT * FROM api_keys"))
    everything = repr([tuple(row) for row in rows])
    assert world.owner.key not in everything
    assert world.owner.key.removeprefix("osk_") not in everything
    assert hashlib.sha256(world.owner.key.encode()).hexdigest() in everything


async def test_a_key_works_until_it_expires(world):
    moment = datetime.datetime.now(datetime.UTC)
    for minutes, status in ((-1, 401), (1, 200)):
        expires_at = timestamp(moment + datetime.timedelta(minutes=minutes))
        key = await add_key(world.store, world.owner.user_id, expires_at=expires_at)
        assert (await world.as_(key).get("/me")).status == status


async def test_a_revoked_key_is_refused_at_once(world):
    assert (await world.client.get("/me")).status == 200
    key_id = (await world.client.get("/me")).json["key"]["_id"]
    await world.store.write(lambda tx: keys.revoke(tx, key_id, now()))
    for path in ("/me", world.trip, "/nowhere"):
        assert (await world.client.get(path)).code == "UNAUTHORIZED"
    another = await add_key(world.store, world.owner.user_id)
    assert (await world.as_(another).get("/me")).status == 200


@pytest.mark.parametrize(
    "authorization",
    ["", "{key}", "Basic {key}", "Bearer", "Bearer {key}x", "Bearer osk_", "Bearer {key} {key}"],
)
async def test_only_a_bearer_token_that_is_a_key_is_taken(world, authorization):
    headers = {"Authorization": authorization.format(key=world.owner.key)}
    assert (await world.as_(None).get("/me", headers=headers)).code == "UNAUTHORIZED"


async def test_a_hash_is_no_key_and_a_key_in_the_query_is_not_looked_at(world):
    digest = hashlib.sha256(world.owner.key.encode()).hexdigest()
    for key in (digest, f"osk_{digest}", world.owner.key.swapcase()):
        assert (await world.as_(key).get("/me")).status == 401
    assert (await world.as_(None).get(f"/me?key={world.owner.key}")).status == 401


async def test_the_scheme_is_known_whatever_its_case(world):
    for scheme in ("bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {world.owner.key}"}
        assert (await world.as_(None).get("/me", headers=headers)).status == 200


@pytest.mark.parametrize(
    "scopes", [("trips:write",), ("messages:write",), ("trips:read",), ("messages:read",)]
)
async def test_one_scope_implies_no_other(world, scopes):
    messages = await channel_path(world)
    client = world.as_(await add_key(world.store, world.owner.user_id, *scopes))
    answers = {
        "trips:read": await client.get(world.trip),
        "trips:write": await client.patch(world.trip, {}),
        "messages:read": await client.get(messages),
        "messages:write": await client.post(messages, {"content": "x"}),
    }
    allowed = [scope for scope, answer in answers.items() if answer.status < 300]
    assert allowed == list(scopes)
    assert {answer.status for answer in answers.values()} == {403, answers[scopes[0]].status}


# Access.


async def test_a_trip_of_a_group_one_is_not_in_is_403_and_a_missing_one_404(world):
    stranger = world.as_((await world.person("sam", None)).key)
    for suffix in ("", "/export", "/legs", "/members", "/channels"):
        assert (await stranger.get(world.trip + suffix)).code == "FORBIDDEN"
        assert (await stranger.get(f"/trips/{NO_TRIP}{suffix}")).code == "NOT_FOUND"
    assert (await stranger.get("/trips/not-an-id")).code == "NOT_FOUND"
    assert await ids(stranger) == []


async def test_a_role_counts_in_its_own_group_only(world):
    friend = await world.person("fred", Role.VIEWER)
    group_id = await new_group(world, friend.user_id)
    client = world.as_(friend.key)
    made = await client.post("/trips", {"groupId": group_id, **TRIP})
    own = f"/trips/{made.json['_id']}"
    assert (await client.post(f"{own}/legs", SAMPLES["leg"])).status == 201
    assert (await client.post(f"{world.trip}/legs", SAMPLES["leg"])).status == 403
    assert (await world.client.get(own)).status == 403


async def test_a_trip_may_not_be_created_in_a_group_that_is_not_ones_own(world):
    stranger = await world.person("sam", None)
    foreign = await new_group(world, stranger.user_id)
    for group_id in (foreign, NO_TRIP):
        refused = await world.client.post("/trips", {"groupId": group_id, **TRIP})
        assert (refused.status, refused.code) == (403, "FORBIDDEN")
    assert await ids(world.as_(stranger.key)) == []


async def test_creating_a_trip_needs_the_unlimited_scope(world):
    body = {"groupId": world.group_id, **TRIP}
    for scopes, status in (
        ((f"trips:write:{world.trip_id}",), 403),
        (("trips:read", "messages:write"), 403),
        (("trips:write",), 201),
        (("trips:write", f"trips:write:{world.trip_id}"), 201),
    ):
        client = world.as_(await add_key(world.store, world.owner.user_id, *scopes))
        assert (await client.post("/trips", body)).status == status


async def test_a_limited_key_gets_403_for_any_other_trip_existing_or_not(world):
    other = await world.new_trip()
    scopes = [f"{base}:{world.trip_id}" for base in ("trips:read", "trips:write", "messages:read")]
    client = world.as_(await add_key(world.store, world.owner.user_id, *scopes))
    assert (await client.get(world.trip)).status == 200
    for trip_id in (other, NO_TRIP, "not-an-id", world.trip_id.upper(), f"{world.trip_id}0"):
        for suffix in ("", "/legs", "/channels"):
            refused = await client.get(f"/trips/{trip_id}{suffix}")
            assert (refused.status, refused.code) == (403, "FORBIDDEN"), (trip_id, suffix)
        assert (await client.delete(f"/trips/{trip_id}")).status == 403


async def test_a_limited_key_works_on_its_trip_and_for_its_scope_only(world):
    client = world.as_(
        await add_key(world.store, world.owner.user_id, f"trips:write:{world.trip_id}")
    )
    made = await client.post(f"{world.trip}/legs", SAMPLES["leg"])
    assert made.status == 201
    assert (await client.patch(f"{world.trip}/legs/{made.json['_id']}", {"order": 1})).status == 200
    assert (await client.get(f"{world.trip}/legs")).status == 403
    assert (await client.get(f"{world.trip}/channels")).status == 403


async def test_listing_with_only_limited_read_scopes_lists_just_those_trips(world):
    second, third = await world.new_trip(), await world.new_trip()
    user_id = world.owner.user_id
    stranger = await world.person("sam", None)
    limited = [f"trips:read:{third}", f"trips:read:{world.trip_id}", f"trips:read:{NO_TRIP}"]
    for owner, scopes, seen in (
        (user_id, limited, [world.trip_id, third]),
        (user_id, [*limited, f"trips:write:{second}"], [world.trip_id, third]),
        (user_id, [*limited, "trips:read"], [world.trip_id, second, third]),
        (user_id, ["trips:read", "messages:read"], [world.trip_id, second, third]),
        (stranger.user_id, limited, []),
    ):
        client = world.as_(await add_key(world.store, owner, *scopes))
        assert await ids(client) == seen
    client = world.as_(await add_key(world.store, user_id, "trips:write", "messages:read"))
    assert (await client.get("/trips")).code == "FORBIDDEN"


async def test_me_and_ones_own_jobs_need_only_a_valid_key(world):
    client = world.as_(await add_key(world.store, world.owner.user_id, f"messages:read:{NO_TRIP}"))
    queued = await world.client.post(f"{world.trip}/sync", {}, headers={"Prefer": "respond-async"})
    assert (await client.get("/me")).status == 200
    assert (await client.get(f"/jobs/{queued.json['_id']}")).status == 200


# Sub-resources of another trip.


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
async def test_a_row_of_another_trip_is_404_and_stays_as_it_is(world, kind):
    other = await world.new_trip()
    theirs = await rows_path(world, kind, other)
    ours = await rows_path(world, kind)
    row = (await world.client.post(theirs, kind.sample)).json
    for path in (ours, theirs.replace(other, world.trip_id)):
        for method, body in (("PATCH", {kind.text: "Stolen"}), ("DELETE", None)):
            refused = await world.client.send(method, f"{path}/{row['_id']}", body)
            assert (refused.status, refused.code) == (404, "NOT_FOUND")
    assert await listed(world, theirs) == [row]


async def test_stays_and_messages_of_another_trip_are_404(world):
    other = await world.new_trip()
    stays = await rows_path(world, BY_NAME["stay"], other)
    messages = await channel_path(world, other)
    for path, body in ((stays, SAMPLES["stay"]), (messages, {"content": "x"})):
        through = path.replace(other, world.trip_id)
        assert (await world.client.get(through)).code == "NOT_FOUND"
        assert (await world.client.post(through, body)).code == "NOT_FOUND"
    batch = f"{stays.replace(other, world.trip_id)}:batch"
    refused = await world.client.post(batch, {"items": [SAMPLES["stay"]]})
    assert refused.code == "NOT_FOUND"
    assert await listed(world, stays) == await listed(world, messages) == []


async def test_a_stay_is_found_under_its_own_leg_only(world):
    path, another = await rows_path(world, BY_NAME["stay"]), await rows_path(world, BY_NAME["stay"])
    stay = (await world.client.post(path, SAMPLES["stay"])).json
    assert (await world.client.patch(f"{another}/{stay['_id']}", {"name": "x"})).status == 404
    assert (await world.client.delete(f"{another}/{stay['_id']}")).status == 404
    assert (await listed(world, path), await listed(world, another)) == ([stay], [])


async def test_a_row_is_found_as_its_own_kind_only(world):
    leg = await world.make("/legs", SAMPLES["leg"])
    pin = await world.make("/map-pins", SAMPLES["mapPin"])
    assert (await world.client.delete(f"{world.trip}/map-pins/{leg['_id']}")).status == 404
    assert (await world.client.delete(f"{world.trip}/legs/{pin['_id']}")).status == 404
    assert (await world.client.get(f"{world.trip}/legs/{pin['_id']}/stays")).status == 404
