"""API keys that people make who are signed in (contract sections 3, 13 and 19)."""

import msgspec
import pytest

from domain import key
from domain.account import key_hash
from domain.scopes import Role
from storage import keys
from tests.support import SAMPLES, WEBHOOK, add_key, add_session, gather, now
from tests.waiting import until
from workers.deliveries import KEY_GONE

READ = {"name": "Importer", "scopes": ["trips:read"]}
BASE = ["trips:read", "trips:write", "messages:read", "messages:write"]


@pytest.fixture
async def signed_in(world):
    """The owner, in a browser."""
    return world.client.with_session(await add_session(world.store, world.owner.user_id))


async def make(signed_in, **fields):
    made = await signed_in.post("/keys", {**READ, **fields})
    assert made.status == 201, made.raw
    return made.json


async def listed(signed_in):
    found = await signed_in.get("/keys")
    assert (found.status, found.json["nextCursor"]) == (200, None)
    return found.json["items"]


async def test_a_key_is_shown_once_and_works(world, signed_in):
    made = await make(signed_in, rateLimit=7, expiresAt="2999-12-31")
    secret = made.pop("key")
    assert made == {
        "_id": made["_id"],
        **READ,
        "lastFour": secret[-4:],
        "expiresAt": "3000-01-01T00:00:00.000Z",
        "rateLimit": 7,
        "createdAt": made["createdAt"],
    }
    first, mine = await listed(signed_in)
    assert mine == made
    assert set(first) >= {"_id", "name", "scopes", "lastFour", "createdAt"}
    me = await world.as_(secret).get("/me")
    assert me.json["key"] == {**READ, "_id": made["_id"], "rateLimit": 7}
    assert (await world.as_(secret).get(world.trip)).status == 200
    assert (await world.as_(secret).patch(world.trip, {"title": "x"})).status == 403


async def test_the_list_has_neither_keys_nor_hashes(signed_in):
    secret = (await make(signed_in))["key"]
    shown = await signed_in.get("/keys")
    assert secret.encode() not in shown.raw
    assert key_hash(secret).encode() not in shown.raw


async def test_a_key_that_is_limited_to_a_trip_is_refused_elsewhere(world, signed_in):
    other = await world.new_trip()
    made = await make(signed_in, scopes=[f"{scope}:{world.trip_id}" for scope in BASE])
    by_key = world.as_(made["key"])
    assert (await by_key.get(world.trip)).status == 200
    assert (await by_key.post(f"{world.trip}/map-pins", SAMPLES["mapPin"])).status == 201
    assert (await by_key.get(f"/trips/{other}")).status == 403
    assert [trip["_id"] for trip in (await by_key.get("/trips")).json["items"]] == [world.trip_id]


@pytest.mark.parametrize(
    ("fields", "details"),
    [
        ({"name": None}, [("name", "required")]),
        ({"name": "x" * 201}, [("name", "too_long")]),
        ({"scopes": ["trips:read", "admin"]}, [("scopes[1]", "malformed")]),
        ({"scopes": [], "expiresAt": "2020-01-01"},
         [("scopes", "empty"), ("expiresAt", "out_of_range")]),
        ({"scopes": ["trips:read:nosuchtrip"]}, [("scopes[0]", "not_found")]),
        ({"rateLimit": 0, "hash": "x"}, [("rateLimit", "out_of_range"), ("hash", "unknown_field")]),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_told_and_nothing_is_made(signed_in, fields, details):
    refused = await signed_in.post("/keys", {**READ, **fields})
    assert (refused.status, refused.details) == (400, details)
    assert len(await listed(signed_in)) == 1


async def test_whether_there_is_a_trip_of_others_is_not_told(world):
    outsider = await world.person("outsider", None)
    theirs = world.client.with_session(await add_session(world.store, outsider.user_id))
    for trip_id in (world.trip_id, "0" * 24):
        refused = await theirs.post("/keys", {**READ, "scopes": [f"trips:read:{trip_id}"]})
        assert (refused.status, refused.details) == (400, [("scopes[0]", "not_found")])
        assert trip_id in refused.json["error"]["details"][0]["message"]


async def test_a_viewer_may_have_a_key_that_writes_nothing(world):
    viewer = await world.person("viewer", Role.VIEWER)
    theirs = world.client.with_session(await add_session(world.store, viewer.user_id))
    made = await make(theirs, scopes=[f"trips:write:{world.trip_id}"])
    assert (await world.as_(made["key"]).patch(world.trip, {"title": "x"})).status == 403


async def test_a_revoked_key_is_over_at_once(world, signed_in):
    made = await make(signed_in)
    by_key = world.as_(made["key"])
    assert (await by_key.get("/me")).status == 200
    assert (await signed_in.delete(f"/keys/{made['_id']}")).status == 204
    assert (await by_key.get("/me")).status == 401
    assert made["_id"] not in [each["_id"] for each in await listed(signed_in)]
    again = await signed_in.delete(f"/keys/{made['_id']}")
    assert (again.status, again.code) == (404, "NOT_FOUND")


async def test_streams_of_a_revoked_key_end(world, signed_in):
    world.running.services.events.pace.check = 0.02
    made = await make(signed_in)
    async with world.as_(made["key"]).open(f"{world.trip}/events") as stream:
        assert (await stream.content.readline()).startswith(b"event: hello")
        assert (await signed_in.delete(f"/keys/{made['_id']}")).status == 204
        await stream.content.read()
    assert stream.content.at_eof()


async def test_webhooks_of_a_revoked_key_are_told_nothing(world, signed_in):
    made = await make(signed_in)
    by_key = world.as_(made["key"])
    hook = (await by_key.post("/webhooks", {**WEBHOOK, "tripId": world.trip_id})).json
    assert (await signed_in.delete(f"/keys/{made['_id']}")).status == 204
    assert (await world.client.patch(world.trip, {"title": "Elsewhere"})).status == 200

    async def disabled():
        [shown] = (await world.client.get("/webhooks")).json["items"]
        assert shown["_id"] == hook["_id"]
        return shown.get("disabledReason")

    assert await until(disabled) == KEY_GONE


async def test_only_ones_own_keys_are_listed_and_revoked(world, signed_in):
    other = await world.person("other", Role.OWNER)
    theirs = world.client.with_session(await add_session(world.store, other.user_id))
    [key_of_other] = await listed(theirs)
    assert key_of_other["_id"] not in [each["_id"] for each in await listed(signed_in)]
    assert (await signed_in.delete(f"/keys/{key_of_other['_id']}")).status == 404
    assert (await world.as_(other.key).get("/me")).status == 200


async def test_a_key_makes_lists_and_revokes_none(world, signed_in):
    [mine] = await listed(signed_in)
    assert (await world.client.get("/keys")).status == 403
    assert (await world.client.post("/keys", READ)).status == 403
    assert (await world.client.delete(f"/keys/{mine['_id']}")).status == 403
    assert (await world.as_(None).get("/keys")).status == 401
    assert (await world.as_(None).post("/keys", READ)).status == 401
    assert len(await listed(signed_in)) == 1


async def test_another_page_makes_no_key(world):
    token = await add_session(world.store, world.owner.user_id)
    headers = {"Cookie": f"__Host-carnet={token}", "Sec-Fetch-Site": "cross-site"}
    assert (await world.as_(None).post("/keys", READ, headers=headers)).status == 403


async def test_an_idempotency_key_never_shows_it_again(signed_in):
    headers = {"Idempotency-Key": "one"}
    assert (await signed_in.post("/keys", READ, headers=headers)).status == 201
    again = await signed_in.post("/keys", READ, headers=headers)
    assert (again.status, again.code) == (409, "IDEMPOTENCY_CONFLICT")
    assert len(await listed(signed_in)) == 2


async def test_the_list_has_pages(signed_in):
    made = [(await make(signed_in, name=f"key {number}"))["_id"] for number in range(4)]
    pages = await signed_in.pages("/keys", 2)
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [each["_id"] for page in pages for each in page][1:] == made
    cursor = (await signed_in.get("/keys?limit=1")).json["nextCursor"]
    assert (await signed_in.get(f"/trips?cursor={cursor}")).status == 400


async def test_there_is_an_end_to_keys(world, signed_in, monkeypatch):
    monkeypatch.setattr(key, "MOST", 3)
    answers = await gather(*(signed_in.post("/keys", READ) for _ in range(4)))
    assert sorted(each.status for each in answers) == [201, 201, 400, 400]
    [refused] = [each for each in answers if each.status == 400][:1]
    assert refused.details == [("", "too_long")]
    # Those that are revoked do not count.
    made = next(each.json for each in answers if each.status == 201)
    await signed_in.delete(f"/keys/{made['_id']}")
    assert (await signed_in.post("/keys", READ)).status == 201


async def test_a_key_of_before_has_no_last_four(world, signed_in):
    await add_key(world.store, world.owner.user_id)
    await world.store.write(lambda tx: tx.execute("UPDATE api_keys SET last_four = NULL"))
    assert ["lastFour" in each for each in await listed(signed_in)] == [False, False]


async def test_the_program_stores_the_last_four_too(world, signed_in):
    _, secret = await world.store.write(
        lambda tx: keys.create(tx, user_id=world.owner.user_id, name="by hand", now=now())
    )
    assert [each["lastFour"] for each in await listed(signed_in)] == [
        world.owner.key[-4:],
        secret[-4:],
    ]


async def test_what_was_read_can_be_sent_back(signed_in):
    read = (await listed(signed_in))[0]
    made = await signed_in.post("/keys", read)
    assert made.status == 201
    assert made.json["_id"] != read["_id"]
    assert msgspec.json.encode(made.json["scopes"]) == msgspec.json.encode(read["scopes"])
