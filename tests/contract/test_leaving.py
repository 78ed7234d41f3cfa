"""Deleting one's account, and what becomes of what one was in (contract section 19)."""

import pytest

from domain.actor import Actor
from domain.errors import Unauthorized
from domain.scopes import BASE_SCOPES, Role, Scopes
from operations import invites, people
from storage import keys, users
from tests.contract.kinds import channel_path
from tests.contract.persons import HERE, PASSWORD, give_password, signed_in
from tests.support import SAMPLES, TRIP, WEBHOOK, gather, now
from tests.waiting import until

LEAVE = {"password": PASSWORD}


@pytest.fixture
async def vera(world):
    """A member who may write, signed in."""
    person = await world.person("vera", Role.EDITOR)
    await give_password(world, person.user_id)
    return person


async def rows(world, table, condition="true", *arguments):
    query = f"SELECT count(*) FROM {table} WHERE {condition}"
    return await world.store.read(lambda tx: tx.fetchval(query, *arguments))


async def test_nothing_of_a_person_is_left(world, vera):
    client = await signed_in(world, vera.user_id)
    by_key = world.as_(vera.key)
    await client.patch("/me", {"phone": "+44 20 7946 0000"})
    await by_key.post("/me/calendar-token")
    hook = (await by_key.post("/webhooks", WEBHOOK)).json["_id"]
    await by_key.post(f"/webhooks/{hook}/test")
    await by_key.post(
        "/trips", {"groupId": world.group_id, **TRIP}, headers={"Idempotency-Key": "k"}
    )
    await by_key.post(f"{world.trip}/sync", {}, headers={"Prefer": "respond-async"})
    other = await signed_in(world, vera.user_id)
    gone = await client.delete("/me", body=LEAVE)
    assert (gone.status, gone.raw) == (204, b"")
    assert gone.headers["Set-Cookie"].startswith("__Host-carnet=; Path=/; Max-Age=0; ")
    for each in (client, other, by_key):
        assert (await each.get("/me")).code == "UNAUTHORIZED"
    tables = ("api_keys", "sessions", "group_members", "calendar_tokens", "jobs", "resets")
    for table in (*tables, "passkeys", "identities"):
        assert await rows(world, table, "user_id = $1", vera.user_id) == 0, table
    assert await rows(world, "webhooks", "user_id = $1 AND deleted_at IS NULL", vera.user_id) == 0
    assert await rows(world, "idempotency") == 0
    (user,) = await world.store.read(
        lambda tx: tx.fetch("SELECT * FROM users WHERE id = $1", vera.user_id)
    )
    assert "vera" not in str([*user])
    assert "+44" not in str([*user])
    assert [each.email for each in await world.store.read(users.list_all)] == [world.owner.email]


async def test_the_address_is_free_again(world, vera):
    await (await signed_in(world, vera.user_id)).delete("/me", body=LEAVE)
    signing_in = {"email": vera.email, "password": PASSWORD}
    assert (await world.as_(None).post("/session", signing_in, headers=HERE)).status == 401
    by_id = {"email": vera.user_id, "password": PASSWORD}
    assert (await world.as_(None).post("/session", by_id, headers=HERE)).status == 401
    again = await world.person("vera", Role.VIEWER)
    assert again.user_id != vera.user_id
    listed = (await world.client.get(f"{world.trip}/members")).json["items"]
    assert [member["name"] for member in listed] == ["Olga", "vera"]


async def test_what_they_wrote_stays_under_another_name(world, vera):
    by_key = world.as_(vera.key)
    messages = await channel_path(world)
    said = (await by_key.post(messages, {"content": "Hello"})).json
    made = (await by_key.post("/trips", {"groupId": world.group_id, **TRIP})).json
    tag = (await world.client.get(f"{world.trip}/members")).headers["ETag"]
    await (await signed_in(world, vera.user_id)).delete("/me", body=LEAVE)
    assert (await world.client.get(messages)).json["items"] == [said]
    assert (await world.client.get(f"/trips/{made['_id']}")).json == made
    authors = {
        each["by"]["name"]
        for each in (await world.client.get(f"{world.trip}/history")).json["items"]
    }
    assert authors == {"Olga", "Former member"}
    moved = await world.client.get(f"{world.trip}/members", headers={"If-None-Match": tag})
    assert [member["name"] for member in moved.json["items"]] == ["Olga"]


async def test_the_only_owner_of_a_group_with_others_stays(world, vera):
    await give_password(world, world.owner.user_id)
    owner = await signed_in(world, world.owner.user_id)
    alone = (await owner.post("/groups", {"name": "Alone"})).json["_id"]
    refused = await owner.delete("/me", body=LEAVE)
    assert refused.code == "CONFLICT"
    message = refused.json["error"]["message"]
    assert f"Family ({world.group_id})" in message
    assert "make another of them an owner" in message
    assert {group["_id"] for group in (await owner.get("/me")).json["groups"]} == {
        world.group_id,
        alone,
    }
    member = f"/groups/{world.group_id}/members/{vera.user_id}"
    assert (await owner.patch(member, {"role": "owner"})).status == 200
    assert (await owner.delete("/me", body=LEAVE)).status == 204
    assert (await world.as_(vera.key).get(world.trip)).status == 200
    assert await rows(world, "groups", "id = $1", alone) == 0


async def test_of_two_owners_who_leave_at_once_both_go_or_one_stays(world):
    other = await world.person("other", Role.OWNER)
    await world.person("third", Role.VIEWER)
    clients = []
    for user_id in (world.owner.user_id, other.user_id):
        await give_password(world, user_id)
        clients.append(await signed_in(world, user_id))
    answers = await gather(*(client.delete("/me", body=LEAVE) for client in clients))
    assert sorted(answer.status for answer in answers) == [204, 409]
    condition = "group_id = $1 AND role = 'owner'"
    assert await rows(world, "group_members", condition, world.group_id) == 1


async def test_a_group_of_ones_own_goes_with_all_that_is_in_its_trips(world):
    lena = await world.person("lena", None)
    await give_password(world, lena.user_id)
    client = await signed_in(world, lena.user_id)
    group = (await client.post("/groups", {"name": "Alone"})).json["_id"]
    trips = []
    for _ in range(2):
        trip = (await client.post("/trips", {"groupId": group, **TRIP})).json["_id"]
        pins = [{**SAMPLES["mapPin"], "clientRef": f"p{n}"} for n in range(200)]
        events = [
            {**SAMPLES["commitment"], "clientRef": f"e{n}", "mapPinRef": f"p{n}"} for n in range(20)
        ]
        body = {"mapPins": pins, "commitments": events}
        assert (await client.post(f"/trips/{trip}/sync", body)).status == 200
        await client.patch(f"/trips/{trip}", {"title": "Other"})
        await client.post(f"/trips/{trip}/share-token")
        await client.post(f"/groups/{group}/invites", {"role": "viewer"})
        trips.append(trip)
    share = (await client.post(f"/trips/{trips[0]}/share-token")).json["token"]
    kept = await world.make("/map-pins", SAMPLES["mapPin"])
    assert (await client.delete("/me", body=LEAVE)).status == 204
    for table in ("items", "links", "shares", "changesets", "prior_rows", "jobs"):
        for trip in trips:
            assert await rows(world, table, "trip_id = $1", trip) == 0, table
    for table in ("trips", "group_members", "invites"):
        assert await rows(world, table, "group_id = $1", group) == 0, table
    assert (await world.as_(None).get(f"/shared/trips/{share}")).code == "NOT_FOUND"
    assert (await world.client.get(f"/trips/{trips[0]}")).code == "NOT_FOUND"
    (pin,) = (await world.client.get(f"{world.trip}/map-pins")).json["items"]
    assert pin == kept


async def test_what_was_under_way_when_one_left_leads_nowhere(world, vera):
    """Requests that were let in before, and come to write only now."""
    client = await signed_in(world, vera.user_id)
    owner = await signed_in(world, world.owner.user_id)
    made = await owner.post(f"/groups/{await _group_of(owner)}/invites", {"role": "owner"})
    token = made.json["url"].rpartition("/")[2]
    actor = Actor(vera.user_id, "vera", vera.email, Scopes(BASE_SCOPES))
    assert (await client.delete("/me", body=LEAVE)).status == 204
    _, key = await world.store.write(_key_of(vera))
    late = await signed_in(world, vera.user_id)
    assert (await world.as_(key).get("/me")).code == "UNAUTHORIZED"
    assert (await late.get("/me")).code == "UNAUTHORIZED"
    for work in (
        lambda tx: invites.accept(tx, token, vera.user_id, now()),
        lambda tx: people.create_group(tx, actor, {"name": "Nobody's"}, now()),
    ):
        with pytest.raises(Unauthorized):
            await world.store.write(work)
    assert await rows(world, "group_members", "user_id = $1", vera.user_id) == 0


def _key_of(person):
    return lambda tx: keys.create(tx, user_id=person.user_id, name="late", now=now())


async def _group_of(client):
    """A new group of somebody's."""
    return (await client.post("/groups", {"name": "Others"})).json["_id"]


async def test_streams_of_changes_end(world, vera):
    client = await signed_in(world, vera.user_id)
    async with (
        world.as_(vera.key).open(f"{world.trip}/events") as by_key,
        client.open(f"{world.trip}/events") as by_session,
    ):
        assert (by_key.status, by_session.status) == (200, 200)
        other = await signed_in(world, vera.user_id)
        assert (await other.delete("/me", body=LEAVE)).status == 204
        await until(lambda: by_key.content.at_eof() or by_key.content.is_eof())
        await until(lambda: by_session.content.at_eof() or by_session.content.is_eof())


@pytest.mark.parametrize(
    ("body", "status", "details"),
    [
        ({"password": "not her password"}, 403, [("password", "not_allowed")]),
        (None, 400, [("password", "required")]),
        ({}, 400, [("password", "required")]),
        ({"password": None}, 400, [("password", "wrong_type")]),
        ({"password": PASSWORD, "reason": "x"}, 400, [("reason", "unknown_field")]),
    ],
)
async def test_it_takes_ones_password(world, vera, body, status, details):
    client = await signed_in(world, vera.user_id)
    refused = await client.delete("/me", body=body)
    assert (refused.status, refused.details) == (status, details)
    assert (await client.get("/me")).status == 200
    assert await rows(world, "sign_in_failures") == (1 if status == 403 else 0)


async def test_guesses_are_counted(world, vera):
    client = await signed_in(world, vera.user_id)
    guess = {"password": "not her password"}
    answers = [(await client.delete("/me", body=guess)).status for _ in range(11)]
    assert answers == [403] * 10 + [429]
    assert (await client.delete("/me", body=LEAVE)).status == 429


async def test_without_a_password_none_is_asked_for(world):
    person = await world.person("lena", Role.VIEWER)
    client = await signed_in(world, person.user_id)
    assert (await client.delete("/me")).status == 204


async def test_no_page_of_another_server_deletes_an_account(world, vera):
    client = await signed_in(world, vera.user_id)
    refused = await client.delete("/me", body=LEAVE, headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.code == "FORBIDDEN"
    assert (await client.get("/me")).status == 200


# All that is known of oneself.


async def test_all_that_is_known_is_exported(world, vera):
    client = await signed_in(world, vera.user_id)
    by_key = world.as_(vera.key)
    messages = await channel_path(world)
    said = (await by_key.post(messages, {"content": "Hello"})).json
    quoted = f'{{"authorId":"{vera.user_id}"}}'
    await world.client.post(messages, {"content": quoted})
    made = (await by_key.post("/trips", {"groupId": world.group_id, **TRIP})).json
    hook = (await by_key.post("/webhooks", WEBHOOK)).json
    answer = await client.get("/me/export")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="carnet-account.json"'
    found = answer.json
    assert found["profile"]["email"] == vera.email
    assert [group["name"] for group in found["groups"]] == ["Family"]
    assert [key["name"] for key in found["keys"]] == ["vera"]
    assert len(found["sessions"]) == 1
    assert found["webhooks"][0]["url"] == WEBHOOK["url"]
    assert {(trip["_id"], trip["createdByMe"]) for trip in found["trips"]} == {
        (world.trip_id, False),
        (made["_id"], True),
    }
    assert found["messages"] == [said]
    assert [(each["tripId"], each["via"]) for each in found["changes"]] == [
        (world.trip_id, "api"),
        (made["_id"], "api"),
    ]
    for secret in (vera.key, hook["secret"], "argon2"):
        assert secret not in answer.raw.decode()
    hashes = "SELECT hash FROM api_keys UNION ALL SELECT hash FROM sessions"
    for (hashed,) in await world.store.read(lambda tx: tx.fetch(hashes)):
        assert hashed not in answer.raw.decode()
