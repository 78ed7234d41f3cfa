"""Contract section 13: webhooks, by the API."""

import base64

import msgspec
import pytest

from domain.scopes import Role
from domain.webhook import EVENTS, MOST
from runtime.settings import Webhooks
from storage import keys
from tests.receiver import receiving
from tests.support import SAMPLES, TRIP, WEBHOOK, add_key, gather, now
from tests.waiting import until
from workers import delivery_loop

READ = "trips:read"


@pytest.fixture
def settings(settings):
    return msgspec.structs.replace(settings, webhooks=Webhooks(allow_private=True))


@pytest.fixture(autouse=True)
def fast(monkeypatch) -> None:
    monkeypatch.setattr(delivery_loop, "SWEEP_SECONDS", 0.02)


async def make(client, **fields):
    made = await client.post("/webhooks", {**WEBHOOK, **fields})
    assert made.status == 201, made.raw
    return made.json


async def listed(client, path="/webhooks"):
    found = await client.get(path)
    assert found.status == 200, found.raw
    return found.json["items"]


async def told(client, hook, number=1):
    """A webhook's deliveries once so many have ended, oldest first."""

    async def ended():
        found = await listed(client, f"/webhooks/{hook['_id']}/deliveries")
        return found if sum(each["status"] != "pending" for each in found) >= number else None

    return list(reversed(await until(ended)))


# One webhook.


async def test_one_is_made_and_its_secret_shown_once(world):
    made = await make(world.client, tripId=world.trip_id, description="Chat")
    assert {*made} == {
        *("_id", "url", "events", "tripId", "description", "enabled", "createdAt", "updatedAt"),
        "secret",
    }
    assert made["enabled"] is True
    assert made["secret"].startswith("whsec_")
    assert len(base64.b64decode(made["secret"].removeprefix("whsec_"), validate=True)) == 32
    shown = await listed(world.client)
    assert shown == [{name: value for name, value in made.items() if name != "secret"}]


async def test_of_what_is_not_set_nothing_is_shown(world):
    made = await make(world.client)
    assert {*made} == {*("_id", "url", "events", "enabled", "createdAt", "updatedAt", "secret")}


async def test_secrets_differ(world):
    hooks = [await make(world.client) for _ in range(3)]
    assert len({hook["secret"] for hook in hooks}) == 3


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, [("url", "required"), ("events", "required")]),
        ({**WEBHOOK, "url": None, "events": None}, [("url", "required"), ("events", "required")]),
        ({**WEBHOOK, "url": ""}, [("url", "empty")]),
        ({**WEBHOOK, "url": 1}, [("url", "wrong_type")]),
        ({**WEBHOOK, "url": "ftp://x.example"}, [("url", "malformed")]),
        ({**WEBHOOK, "url": "https://me:x@a.example"}, [("url", "malformed")]),
        ({**WEBHOOK, "url": "https://a.example/#x"}, [("url", "malformed")]),
        ({**WEBHOOK, "url": "http://127.1/"}, [("url", "malformed")]),
        ({**WEBHOOK, "url": f"https://a.example/{'x' * 2048}"}, [("url", "malformed")]),
        ({**WEBHOOK, "events": []}, [("events", "empty")]),
        ({**WEBHOOK, "events": "trip.changed"}, [("events", "wrong_type")]),
        ({**WEBHOOK, "events": ["trip.change"]}, [("events[0]", "not_allowed")]),
        ({**WEBHOOK, "events": ["test"]}, [("events[0]", "not_allowed")]),
        ({**WEBHOOK, "events": [1]}, [("events[0]", "wrong_type")]),
        ({**WEBHOOK, "events": ["trip.changed"] * 2}, [("events[1]", "duplicate")]),
        ({**WEBHOOK, "events": [*EVENTS, "trip.changed"]}, [("events", "too_long"),
         ("events[4]", "duplicate")]),
        ({**WEBHOOK, "tripId": 1}, [("tripId", "wrong_type")]),
        ({**WEBHOOK, "tripId": ""}, [("tripId", "empty")]),
        ({**WEBHOOK, "tripId": "nosuchtrip"}, [("tripId", "not_found")]),
        ({**WEBHOOK, "description": "x" * 201}, [("description", "too_long")]),
        ({**WEBHOOK, "enabled": "yes"}, [("enabled", "wrong_type")]),
        ({**WEBHOOK, "secret": "whsec_x"}, [("secret", "unknown_field")]),
        ({**WEBHOOK, "trip": "x"}, [("trip", "unknown_field")]),
        ({"event": ["trip.changed"], "url": "x", "trip": None}, [
            ("url", "malformed"), ("events", "required"), ("event", "unknown_field"),
            ("trip", "unknown_field")]),
        ([], [("", "wrong_type")]),
        ("x", [("", "wrong_type")]),
    ],
)  # fmt: skip
async def test_all_that_is_wrong_is_told(world, body, details):
    refused = await world.client.post("/webhooks", body)
    assert (refused.status, refused.details) == (400, details)
    assert await listed(world.client) == []


async def test_what_is_wrong_is_explained(world):
    refused = await world.client.post(
        "/webhooks", {"endpoint": "x", "url": "hooks.example.org/a", "events": ["trip.change"]}
    )
    messages = {each["path"]: each["message"] for each in refused.json["error"]["details"]}
    assert "did you mean https://hooks.example.org/a?" in messages["url"]
    assert (
        "one of trip.created, trip.changed, message.created, job.finished"
        in (messages["events[0]"])
    )
    assert "did you mean trip.changed?" in messages["events[0]"]
    assert "did you mean url?" in messages["endpoint"]


async def test_what_was_read_can_be_sent_back(world):
    made = await make(world.client, description="Chat")
    shown = (await listed(world.client))[0]
    patched = await world.client.patch(f"/webhooks/{made['_id']}", shown)
    assert (patched.status, patched.json) == (200, shown)
    again = await world.client.post("/webhooks", shown)
    assert again.status == 201
    assert again.json["_id"] != made["_id"]


async def test_one_is_changed(world):
    made = await make(world.client, description="Chat")
    path = f"/webhooks/{made['_id']}"
    patch = {"url": "http://other.example:8080/x?y", "events": ["job.finished"]}
    changed = await world.client.patch(path, {**patch, "description": None})
    assert changed.status == 200
    assert changed.json.items() >= patch.items()
    assert "description" not in changed.json
    assert "secret" not in changed.json
    assert changed.json["updatedAt"] >= made["updatedAt"]
    assert await listed(world.client) == [changed.json]
    same = await world.client.patch(path, {"events": ["job.finished"]})
    assert (same.status, same.json) == (200, changed.json)
    assert (await world.client.patch(path, {})).json == changed.json


@pytest.mark.parametrize(
    ("patch", "details"),
    [
        ({"url": None}, [("url", "required")]),
        ({"url": "x"}, [("url", "malformed")]),
        ({"events": None}, [("events", "required")]),
        ({"events": []}, [("events", "empty")]),
        ({"enabled": 1}, [("enabled", "wrong_type")]),
        ({"tripId": "another"}, [("tripId", "not_allowed")]),
        ({"tripId": None}, [("tripId", "not_allowed")]),
        ({"tripId": 5}, [("tripId", "not_allowed")]),
        ({"name": "x"}, [("name", "unknown_field")]),
        ({"secret": None}, [("secret", "unknown_field")]),
    ],
)
async def test_a_change_that_is_wrong_changes_nothing(world, patch, details):
    made = await make(world.client, tripId=world.trip_id)
    refused = await world.client.patch(f"/webhooks/{made['_id']}", {"description": "x", **patch})
    assert (refused.status, refused.details) == (400, details)
    assert "description" not in (await listed(world.client))[0]


async def test_its_trip_may_be_sent_unchanged(world):
    made = await make(world.client, tripId=world.trip_id)
    path = f"/webhooks/{made['_id']}"
    assert (await world.client.patch(path, {"tripId": world.trip_id})).status == 200
    all_trips = f"/webhooks/{(await make(world.client))['_id']}"
    assert (await world.client.patch(all_trips, {"tripId": None})).status == 200
    refused = await world.client.patch(all_trips, {"tripId": world.trip_id})
    assert refused.details == [("tripId", "not_allowed")]


async def test_one_is_disabled_and_enabled_by_its_user(world):
    made = await make(world.client)
    path = f"/webhooks/{made['_id']}"
    off = (await world.client.patch(path, {"enabled": False})).json
    assert (off["enabled"], off["disabledReason"]) == (False, "Its user disabled it")
    assert off["disabledAt"] >= made["createdAt"]
    on = (await world.client.patch(path, {"enabled": True})).json
    assert on["enabled"] is True
    assert not {"disabledReason", "disabledAt"} & {*on}
    await world.client.patch(path, {"enabled": False})
    assert (await world.client.patch(path, {"enabled": None})).json["enabled"] is True


async def test_a_deleted_one_is_gone(world):
    made, kept = await make(world.client), await make(world.client)
    path = f"/webhooks/{made['_id']}"
    assert (await world.client.delete(path)).status == 204
    assert [each["_id"] for each in await listed(world.client)] == [kept["_id"]]
    assert (await world.client.delete(path)).status == 404
    assert (await world.client.patch(path, {})).status == 404
    assert (await world.client.post(f"{path}/test")).status == 404
    assert (await world.client.get(f"{path}/deliveries")).status == 404


async def test_a_list_goes_by_age_in_pages(world):
    hooks = [await make(world.client, description=f"{number}") for number in range(7)]
    pages = await world.client.pages("/webhooks", 3)
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [each["_id"] for page in pages for each in page] == [each["_id"] for each in hooks]


async def test_a_user_has_so_many_at_most(world):
    hooks = await gather(*(make(world.client) for _ in range(MOST)))
    refused = await world.client.post("/webhooks", WEBHOOK)
    assert (refused.status, refused.details) == (400, [("", "too_long")])
    assert "100" in refused.json["error"]["message"]
    other = await world.person("ann", Role.VIEWER)
    await make(world.as_(other.key))
    await world.client.delete(f"/webhooks/{hooks[0]['_id']}")
    await make(world.client)


# A secret is shown once.


async def test_under_an_idempotency_key_it_is_made_once_and_shown_once(world):
    key = {"Idempotency-Key": "k"}
    first = await world.client.post("/webhooks", WEBHOOK, headers=key)
    assert first.status == 201
    for _ in range(2):
        again = await world.client.post("/webhooks", WEBHOOK, headers=key)
        assert (again.status, again.code) == (409, "IDEMPOTENCY_CONFLICT")
        assert "shown only once" in again.json["error"]["message"]
    other = await world.client.post("/webhooks", {**WEBHOOK, "description": "x"}, headers=key)
    assert (other.status, other.code) == (409, "IDEMPOTENCY_CONFLICT")
    assert "different request" in other.json["error"]["message"]
    assert len(await listed(world.client)) == 1


async def test_the_secret_is_nowhere_in_what_is_remembered(world):
    key = {"Idempotency-Key": "k"}
    made = await world.client.post("/webhooks", WEBHOOK, headers=key)
    stored = await world.store.read(lambda tx: tx.fetch("SELECT * FROM idempotency"))
    assert len(stored) == 1
    assert made.json["secret"] not in str([list(row) for row in stored])


async def test_of_many_at_once_with_one_key_one_is_made(world):
    headers = {"Idempotency-Key": "k"}
    answers = await gather(
        *(world.client.post("/webhooks", WEBHOOK, headers=headers) for _ in range(8))
    )
    assert sorted(answer.status for answer in answers) == [201] + [409] * 7
    assert len(await listed(world.client)) == 1


async def test_a_refusal_is_not_remembered(world):
    key = {"Idempotency-Key": "k"}
    assert (await world.client.post("/webhooks", {}, headers=key)).status == 400
    assert (await world.client.post("/webhooks", WEBHOOK, headers=key)).status == 201


async def test_other_writes_are_replayed(world):
    path = f"/webhooks/{(await make(world.client))['_id']}"
    key = {"Idempotency-Key": "k"}
    first = await world.client.patch(path, {"description": "x"}, headers=key)
    again = await world.client.patch(path, {"description": "x"}, headers=key)
    assert again.raw == first.raw
    assert again.headers["Idempotency-Replayed"] == "true"


# Whose it is.


async def test_another_users_is_not_there(world):
    made = await make(world.client)
    other = world.as_((await world.person("ann", Role.OWNER)).key)
    path = f"/webhooks/{made['_id']}"
    assert await listed(other) == []
    for answer in (
        await other.patch(path, {}),
        await other.delete(path),
        await other.post(f"{path}/test"),
        await other.get(f"{path}/deliveries"),
        await other.post(f"{path}/deliveries/x/redeliver"),
    ):
        assert (answer.status, answer.code) == (404, "NOT_FOUND")


async def test_a_key_of_some_trips_sees_the_webhooks_of_these(world):
    other_trip = await world.new_trip()
    of_all, of_one, of_other = (
        await make(world.client),
        await make(world.client, tripId=world.trip_id),
        await make(world.client, tripId=other_trip),
    )
    limited = world.as_(await add_key(world.store, world.owner.user_id, f"{READ}:{world.trip_id}"))
    assert [each["_id"] for each in await listed(limited)] == [of_one["_id"]]
    assert (await limited.patch(f"/webhooks/{of_one['_id']}", {"description": "x"})).status == 200
    for hook in (of_all, of_other):
        assert (await limited.patch(f"/webhooks/{hook['_id']}", {})).status == 404


@pytest.mark.parametrize(
    ("scopes", "fields", "missing"),
    [
        (["trips:write"], {}, READ),
        (["trips:read:{other}"], {}, "for all trips"),
        (["trips:read:{other}"], {"tripId": "{trip}"}, "for other trips only"),
        ([READ], {"events": ["message.created"]}, "messages:read"),
        ([READ, "messages:read:{trip}"], {"events": ["message.created"]}, "for all trips"),
        ([READ], {"events": ["message.created"], "tripId": "{trip}"}, "messages:read"),
    ],
)
async def test_what_a_key_may_not_read_it_is_not_told(world, scopes, fields, missing):
    ids = {"trip": world.trip_id, "other": await world.new_trip()}
    key = await add_key(world.store, world.owner.user_id, *(s.format(**ids) for s in scopes))
    body = {**WEBHOOK, **fields}
    if "tripId" in body:
        body["tripId"] = body["tripId"].format(**ids)
    refused = await world.as_(key).post("/webhooks", body)
    assert (refused.status, refused.code) == (403, "FORBIDDEN")
    assert missing in refused.json["error"]["message"]


@pytest.mark.parametrize(
    ("scopes", "fields"),
    [
        ([READ], {}),
        (["trips:read:{trip}"], {"tripId": "{trip}"}),
        ([READ, "messages:read"], {"events": ["message.created"]}),
        (["trips:read:{trip}", "messages:read:{trip}"], {
            "events": ["message.created"], "tripId": "{trip}"}),
    ],
)  # fmt: skip
async def test_what_a_key_may_read_it_may_be_told(world, scopes, fields):
    key = await add_key(
        world.store, world.owner.user_id, *(s.format(trip=world.trip_id) for s in scopes)
    )
    body = {**WEBHOOK, **fields}
    if "tripId" in body:
        body["tripId"] = world.trip_id
    assert (await world.as_(key).post("/webhooks", body)).status == 201


async def test_a_trip_of_another_group_is_refused(world):
    stranger = world.as_((await world.person("sam", None)).key)
    refused = await stranger.post("/webhooks", {**WEBHOOK, "tripId": world.trip_id})
    assert (refused.status, refused.code) == (403, "FORBIDDEN")


async def test_a_weaker_key_cannot_send_a_stronger_ones_messages_elsewhere(world):
    hook = await make(world.client, events=["message.created"])
    weaker = world.as_(await add_key(world.store, world.owner.user_id, READ))
    path = f"/webhooks/{hook['_id']}"
    refused = await weaker.patch(path, {"url": "https://evil.example"})
    assert (refused.status, refused.code) == (403, "FORBIDDEN")
    # Without messages it is the weaker key's from then on, and tells what that may read.
    changed = await weaker.patch(path, {"url": "https://evil.example", "events": ["trip.changed"]})
    assert changed.status == 200
    key_ids = await world.store.read(
        lambda tx: tx.fetch("SELECT k.scopes FROM webhooks w JOIN api_keys k ON k.id = w.key_id")
    )
    assert [row[0] for row in key_ids] == ['["trips:read"]']


# What it is told.


async def test_a_webhook_is_told_what_happens(world):
    async with receiving() as receiver:
        hook = await make(world.client, url=receiver.url, events=list(EVENTS))
        await world.make("/map-pins", SAMPLES["mapPin"])
        trip = await world.client.post("/trips", {"groupId": world.group_id, **TRIP})
        later = {"Prefer": "respond-async"}
        sync = {"mapPins": [SAMPLES["mapPin"]]}
        job = (await world.client.post(f"{world.trip}/sync", sync, headers=later)).json
        channels = await listed(world.client, f"{world.trip}/channels")
        await world.make(f"/channels/{channels[0]['_id']}/messages", {"content": "Hello"})
        received = await receiver.has(5)
        await told(world.client, hook, 5)
    by_type = {each.json["type"]: each.json["data"] for each in received}
    assert sorted(each.json["type"] for each in received) == sorted([*EVENTS, "trip.changed"])
    assert by_type["trip.created"]["tripId"] == trip.json["_id"]
    assert by_type["message.created"]["items"][0]["document"]["content"] == "Hello"
    assert by_type["job.finished"] == {
        "tripId": world.trip_id,
        "jobId": job["_id"],
        "kind": "sync",
        "status": "succeeded",
    }
    for each in received:
        each.check(hook["secret"])


async def test_a_delivery_is_what_changes_tells(world):
    async with receiving() as receiver:
        await make(world.client, url=receiver.url)
        await world.make("/map-pins", SAMPLES["mapPin"])
        (received,) = await receiver.has(1)
    changes = (await world.client.get(f"{world.trip}/changes?since=1")).json
    assert received.json["data"]["items"] == changes["items"]
    assert received.rev == changes["rev"]
    history = (await world.client.get(f"{world.trip}/history")).json["items"][0]
    assert received.json["timestamp"] == history["at"]
    assert received.json["data"]["by"] == history["by"]
    assert received.json["data"]["via"] == history["via"]


async def test_an_undo_is_told_as_one(world):
    made = await world.make("/map-pins", SAMPLES["mapPin"])
    async with receiving() as receiver:
        await make(world.client, url=receiver.url)
        assert (await world.client.post(f"{world.trip}/history/2/undo")).status == 200
        (received,) = await receiver.has(1)
    assert received.json["data"]["via"] == "undo"
    (item,) = received.json["data"]["items"]
    assert (item["_id"], item["deleted"]) == (made["_id"], True)


async def test_a_replay_tells_nothing_twice(world):
    hook = await make(world.client, enabled=True)
    key = {"Idempotency-Key": "k"}
    for _ in range(3):
        made = await world.client.post(f"{world.trip}/map-pins", SAMPLES["mapPin"], headers=key)
        assert made.status == 201
    assert len(await listed(world.client, f"/webhooks/{hook['_id']}/deliveries")) == 1


async def test_a_test_is_delivered(world):
    async with receiving() as receiver:
        hook = await make(world.client, url=receiver.url, events=["job.finished"])
        made = await world.client.post(f"/webhooks/{hook['_id']}/test")
        assert made.status == 201
        assert {*made.json} == {*("_id", "event", "status", "attempts", "createdAt")}
        assert made.json["event"] == "test"
        (received,) = await receiver.has(1)
        (delivery,) = await told(world.client, hook)
    assert received.id == made.json["_id"]
    assert (delivery["status"], delivery["responseStatus"]) == ("succeeded", 200)
    received.check(hook["secret"])


async def test_deliveries_are_listed_newest_first(world):
    async with receiving() as receiver:
        hook = await make(world.client, url=receiver.url)
        for number in range(5):
            await world.make("/map-pins", {**SAMPLES["mapPin"], "name": f"{number}"})
        await told(world.client, hook, 5)
    path = f"/webhooks/{hook['_id']}/deliveries"
    pages = await world.client.pages(path, 2)
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [each["rev"] for page in pages for each in page] == [6, 5, 4, 3, 2]
    newest = pages[0][0]
    assert {*newest} == {
        *("_id", "event", "tripId", "rev", "status", "attempts", "responseStatus", "durationMs"),
        *("response", "createdAt"),
    }
    assert (newest["status"], newest["attempts"], newest["response"]) == ("succeeded", 1, "ok")
    cursor = (await world.client.get(f"{path}?limit=1")).json["nextCursor"]
    other = await make(world.client)
    refused = await world.client.get(f"/webhooks/{other['_id']}/deliveries?cursor={cursor}")
    assert refused.details == [("cursor", "malformed")]


async def test_one_that_waits_says_until_when(world):
    async with receiving(lambda _received: 500) as receiver:
        hook = await make(world.client, url=receiver.url)
        await world.make("/map-pins", SAMPLES["mapPin"])

        async def failed():
            found = await listed(world.client, f"/webhooks/{hook['_id']}/deliveries")
            return found[0] if found[0]["attempts"] else None

        delivery = await until(failed)
    assert (delivery["status"], delivery["responseStatus"]) == ("pending", 500)
    assert delivery["nextAttemptAt"] > delivery["createdAt"]


async def test_one_is_delivered_again(world):
    async with receiving() as receiver:
        hook = await make(world.client, url=receiver.url)
        await world.make("/map-pins", SAMPLES["mapPin"])
        (delivery,) = await told(world.client, hook)
        path = f"/webhooks/{hook['_id']}/deliveries/{delivery['_id']}/redeliver"
        again = await world.client.post(path)
        assert (again.status, again.json["_id"]) == (200, delivery["_id"])
        assert (again.json["status"], again.json["attempts"]) == ("pending", 0)
        first, second = await receiver.has(2)
    assert first.id == second.id
    assert (await world.client.post(path.replace(delivery["_id"], "x"))).status == 404
    other = await make(world.client)
    assert (await world.client.post(path.replace(hook["_id"], other["_id"]))).status == 404


async def test_a_revoked_key_ends_its_webhooks_and_says_so(world):
    key = await add_key(world.store, world.owner.user_id)
    async with receiving() as receiver:
        hook = await make(world.as_(key), url=receiver.url)
        key_id = (await world.as_(key).get("/me")).json["key"]["_id"]
        await world.store.write(lambda tx: keys.revoke(tx, key_id, now()))
        await world.make("/map-pins", SAMPLES["mapPin"])

        async def disabled():
            found = (await listed(world.client))[0]
            return None if found["enabled"] else found

        shown = await until(disabled)
        assert "revoked" in shown["disabledReason"]
        assert receiver.received == []
        assert (
            await world.client.patch(f"/webhooks/{hook['_id']}", {"enabled": True})
        ).status == 200
        await receiver.has(1)
