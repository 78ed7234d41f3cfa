"""Contract section 4: the Idempotency-Key. Jobs under a key are in test_queue.py."""

import msgspec
import pytest

from domain.scopes import Role
from runtime.settings import Retention, Settings
from storage import idempotency, keys
from tests.contract.kinds import KINDS, NAMES, channel_path, listed, rows_path
from tests.support import SAMPLES, TRIP, add_key, gather, now

LEG, PIN = SAMPLES["leg"], SAMPLES["mapPin"]
NOBODY = "0" * 26
KEY = {"Idempotency-Key": "k"}


def is_replay(response):
    return response.headers.get("Idempotency-Replayed") == "true"


def check_replay(replay, first):
    """The first response to the letter, under a request id of its own."""
    assert is_replay(replay)
    assert "Idempotency-Replayed" not in first.headers
    assert (replay.status, replay.raw) == (first.status, first.raw)
    assert replay.headers.get("Content-Type") == first.headers.get("Content-Type")
    assert replay.headers["X-Request-Id"] != first.headers["X-Request-Id"]


async def twice(client, method, path, body=None, **options):
    first = await client.send(method, path, body, headers=KEY, **options)
    replay = await client.send(method, path, body, headers=KEY, **options)
    check_replay(replay, first)
    return first


# Replays.


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
async def test_a_create_is_done_once(world, kind):
    path = await rows_path(world, kind)
    first = await twice(world.client, "POST", path, kind.sample)
    assert first.status == 201
    assert await listed(world, path) == [first.json]


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
async def test_a_change_is_done_once(world, kind):
    path = await rows_path(world, kind)
    row = f"{path}/{(await world.client.post(path, kind.sample)).json['_id']}"
    first = await twice(world.client, "PATCH", row, {kind.text: "First"})
    assert (first.status, first.json[kind.text]) == (200, "First")
    latest = (await world.client.patch(row, {kind.text: "Second"})).json
    replay = await world.client.patch(row, {kind.text: "First"}, headers=KEY)
    check_replay(replay, first)
    assert await listed(world, path) == [latest]


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
async def test_a_replayed_delete_is_204_though_the_row_is_gone(world, kind):
    path = await rows_path(world, kind)
    row = f"{path}/{(await world.client.post(path, kind.sample)).json['_id']}"
    first = await twice(world.client, "DELETE", row)
    assert (first.status, first.raw) == (204, b"")
    assert (await world.client.delete(row)).status == 404


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
async def test_a_batch_is_done_once(world, kind):
    path = await rows_path(world, kind)
    items = [kind.sample, {}, kind.sample]
    first = await twice(world.client, "POST", f"{path}:batch", {"items": items})
    assert (first.status, first.json["created"], first.json["errors"]) == (207, 2, 1)
    assert len(await listed(world, path)) == 2


async def test_a_sync_is_done_once(world):
    body = {"legs": [LEG], "mapPins": [PIN, PIN]}
    first = await twice(world.client, "POST", f"{world.trip}/sync", body)
    assert first.status == 200
    assert len(await listed(world, f"{world.trip}/map-pins")) == 2


async def test_trips_messages_and_share_links_are_made_once(world):
    client, messages = world.client, await channel_path(world)
    made = await twice(client, "POST", "/trips", {"groupId": world.group_id, **TRIP})
    assert [t["_id"] for t in await listed(world, "/trips")] == [world.trip_id, made.json["_id"]]
    fresh = [client.with_key(await add_key(world.store, world.owner.user_id)) for _ in range(4)]
    await twice(fresh[0], "POST", messages, {"content": "Hello"})
    assert len(await listed(world, messages)) == 1
    shared = await twice(fresh[1], "POST", f"{world.trip}/share-token")
    assert shared.status == 201  # and again 201, not the 200 of a link that is there
    await twice(fresh[2], "DELETE", f"{world.trip}/share-token")
    archived = await twice(fresh[3], "DELETE", world.trip)
    assert (archived.status, archived.json["status"]) == (200, "completed")


async def test_a_merge_by_client_ref_replays_its_200(world):
    path = f"{world.trip}/map-pins"
    await world.make("/map-pins", {**PIN, "clientRef": "a"})
    first = await twice(world.client, "POST", path, {"clientRef": "a", "name": "Renamed"})
    assert (first.status, first.json["name"]) == (200, "Renamed")


async def test_a_replay_is_to_the_letter_even_where_the_row_has_changed_or_gone(world):
    path = f"{world.trip}/legs"
    body = {**LEG, "title": 'Tōkyō "1"', "accommodation": {"z": 1.0, "a": [1e3, None]}}
    first = await world.client.post(path, body, headers=KEY)
    await world.client.patch(f"{path}/{first.json['_id']}", {"title": "Kyoto"})
    check_replay(await world.client.post(path, body, headers=KEY), first)
    await world.client.delete(f"{path}/{first.json['_id']}")
    check_replay(await world.client.post(path, body, headers=KEY), first)
    assert await listed(world, path) == []


async def test_a_404_is_remembered(world):
    missing = f"{world.trip}/legs/{NOBODY}"
    first = await twice(world.client, "PATCH", missing, {"title": "x"})
    assert (first.status, first.code) == (404, "NOT_FOUND")
    # The body is the first one to the letter, so it tells the first request's id.
    assert first.json["error"]["requestId"] == first.headers["X-Request-Id"]
    assert (await world.client.patch(missing, {"title": "y"}, headers=KEY)).status == 409


# Another request.


async def test_the_same_key_with_another_request_is_409(world):
    leg = (await world.client.post(f"{world.trip}/legs", LEG, headers=KEY)).json
    other_trip = await world.new_trip()
    row = f"{world.trip}/legs/{leg['_id']}"
    for method, path, body in (
        ("POST", f"{world.trip}/legs", {**LEG, "title": "Kyoto"}),
        ("POST", f"{world.trip}/legs", dict(reversed(LEG.items()))),
        ("POST", f"/trips/{other_trip}/legs", LEG),
        ("POST", f"{world.trip}/map-pins", LEG),
        ("PATCH", row, LEG),
        ("DELETE", row, None),
        ("POST", "/trips", {"groupId": world.group_id, **TRIP}),
    ):
        refused = await world.client.send(method, path, body, headers=KEY)
        assert (refused.status, refused.code) == (409, "IDEMPOTENCY_CONFLICT"), path
        assert not is_replay(refused)
    # A conflict changes neither the data nor what is remembered.
    assert await listed(world, f"{world.trip}/legs") == [leg]
    assert is_replay(await world.client.post(f"{world.trip}/legs", LEG, headers=KEY))


async def test_the_query_is_part_of_the_request(world):
    body = {"legs": [LEG]}
    await world.client.post(f"{world.trip}/sync?dryRun=true", body, headers=KEY)
    for query in ("", "?dryRun=false"):
        refused = await world.client.post(f"{world.trip}/sync{query}", body, headers=KEY)
        assert refused.status == 409
    assert await listed(world, f"{world.trip}/legs") == []


async def test_the_same_text_under_another_api_key_is_another_key(world):
    other = world.as_(await add_key(world.store, world.owner.user_id))
    editor = world.as_((await world.person("ed", Role.EDITOR)).key)
    clients = (world.client, other, editor)
    made = [await client.post(f"{world.trip}/legs", LEG, headers=KEY) for client in clients]
    for first, client in zip(made, clients, strict=True):
        assert (first.status, is_replay(first)) == (201, False)
        check_replay(await client.post(f"{world.trip}/legs", LEG, headers=KEY), first)
    assert await listed(world, f"{world.trip}/legs") == [first.json for first in made]


async def test_another_key_is_another_request(world):
    for key in ("k1", "k2", "K1"):
        made = await world.client.post(f"{world.trip}/legs", LEG, headers={"Idempotency-Key": key})
        assert (made.status, is_replay(made)) == (201, False)


# What is not remembered.


async def test_a_400_is_not_remembered(world):
    path = f"{world.trip}/legs"
    for refused in (
        await world.client.post(path, {"title": "x"}, headers=KEY),
        await world.client.post(path, {"title": "x"}, headers=KEY),
        await world.client.post(path, data=b"{", headers=KEY),
        await world.client.post(f"{path}:batch", {"items": []}, headers=KEY),
    ):
        assert (refused.status, is_replay(refused)) == (400, False)
    made = await world.client.post(path, LEG, headers=KEY)
    assert (made.status, is_replay(made)) == (201, False)


async def test_a_401_403_405_413_415_429_is_not_remembered(world, monkeypatch):
    path, key = f"{world.trip}/legs", await add_key(world.store, world.owner.user_id, rate_limit=3)
    limited, writer = world.as_(key), world.client
    readers = world.as_(await add_key(world.store, world.owner.user_id, "trips:read"))
    assert (await world.as_(None).post(path, LEG, headers=KEY)).status == 401
    assert (await readers.post(path, LEG, headers=KEY)).status == 403
    assert (await writer.send("PUT", path, LEG, headers=KEY)).status == 405
    wrong_type = {**KEY, "Content-Type": "text/plain"}
    assert (await writer.post(path, LEG, headers=wrong_type)).status == 415
    with monkeypatch.context() as patched:
        patched.setattr(world.settings.http, "max_body_bytes", 10)
        assert (await writer.post(path, LEG, headers=KEY)).status == 413
    for _ in range(3):
        await limited.get("/me")
    assert (await limited.post(path, LEG, headers=KEY)).status == 429
    assert await world.store.read(lambda tx: tx.fetch("SELECT 1 FROM idempotency")) == []
    made = await writer.post(path, LEG, headers=KEY)
    assert (made.status, is_replay(made)) == (201, False)


async def test_a_500_is_not_remembered_and_leaves_nothing_behind(world, monkeypatch):
    path = f"{world.trip}/legs"
    create, batch = (path, LEG), (f"{path}:batch", {"items": [LEG, LEG]})
    for broken, crashing in (
        ("changes.commit", batch),
        ("idempotency.remember", batch),
        ("changes.commit_new_row", create),
    ):

        async def crash(*_args, **_kwargs):
            raise RuntimeError("a bug")

        with monkeypatch.context() as patched:
            patched.setattr(f"storage.{broken}", crash)
            failed = await world.client.post(*crashing, headers=KEY)
            assert (failed.status, failed.code) == (500, "INTERNAL")
        # Neither the change nor the record: they commit in one transaction.
        assert await listed(world, path) == []
        assert await world.store.read(lambda tx: tx.fetch("SELECT 1 FROM idempotency")) == []
    first = await twice(world.client, "POST", path, LEG)
    assert first.status == 201


async def test_a_403_comes_before_a_replay(world):
    """Who has lost the right to the trip is not shown what the first response told."""
    editor = await world.person("ed", Role.EDITOR)
    client = world.as_(editor.key)
    assert (await client.post(f"{world.trip}/legs", LEG, headers=KEY)).status == 201
    await world.store.write(
        lambda tx: tx.execute("DELETE FROM group_members WHERE user_id = $1", editor.user_id)
    )
    refused = await client.post(f"{world.trip}/legs", LEG, headers=KEY)
    assert (refused.status, is_replay(refused)) == (403, False)


# 24 hours.


async def test_a_key_is_remembered_for_24_hours(world):
    path = f"{world.trip}/legs"
    first = await world.client.post(path, LEG, headers=KEY)

    async def age(seconds):
        await world.store.write(
            lambda tx: tx.execute("UPDATE idempotency SET created_at = created_at - $1", seconds)
        )

    await age(24 * 3600 - 60)
    check_replay(await world.client.post(path, LEG, headers=KEY), first)
    await age(61)
    other = await world.client.post(path, {**LEG, "title": "Kyoto"}, headers=KEY)
    assert (other.status, is_replay(other)) == (201, False)
    replay = await world.client.post(path, {**LEG, "title": "Kyoto"}, headers=KEY)
    check_replay(replay, other)
    assert len(await listed(world, path)) == 2


class TestRetention:
    @pytest.fixture
    def settings(self):
        return msgspec.structs.replace(Settings(), retention=Retention(idempotency_hours=48))

    @pytest.mark.parametrize(("hours", "again"), [(47, True), (49, False)])
    async def test_a_key_is_remembered_for_as_long_as_the_setting_says(self, world, hours, again):
        path = f"{world.trip}/legs"
        await world.client.post(path, LEG, headers=KEY)
        await world.store.write(
            lambda tx: tx.execute(
                "UPDATE idempotency SET created_at = created_at - $1", float(hours * 3600)
            )
        )
        assert is_replay(await world.client.post(path, LEG, headers=KEY)) == again


async def test_old_records_can_be_swept_away(world):
    await world.client.post(f"{world.trip}/legs", LEG, headers=KEY)
    created = await world.store.read(lambda tx: tx.fetchval("SELECT created_at FROM idempotency"))
    for at, gone in ((created - 1, 0), (created, 1)):
        assert await world.store.write(lambda tx, at=at: idempotency.prune(tx, at, 9)) == gone


# At once.


async def test_of_50_equal_requests_at_once_one_is_executed_and_49_replay(world):
    path = f"{world.trip}/legs"
    answers = await gather(*(world.client.post(path, LEG, headers=KEY) for _ in range(50)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.raw for answer in answers}) == 1
    assert [is_replay(answer) for answer in answers].count(False) == 1
    assert await listed(world, path) == [answers[0].json]


async def test_of_different_requests_at_once_with_one_key_one_wins(world):
    path = f"{world.trip}/legs"
    bodies = [{**LEG, "title": str(n)} for n in range(20)]
    answers = await gather(*(world.client.post(path, body, headers=KEY) for body in bodies))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 19
    [made] = [answer.json for answer in answers if answer.status == 201]
    assert await listed(world, path) == [made]


async def test_equal_deletes_at_once_are_all_204(world):
    leg = await world.make("/legs", LEG)
    row = f"{world.trip}/legs/{leg['_id']}"
    answers = await gather(*(world.client.delete(row, headers=KEY) for _ in range(20)))
    assert {answer.status for answer in answers} == {204}
    assert [is_replay(answer) for answer in answers].count(False) == 1


# The key itself.


@pytest.mark.parametrize("key", ["x", "~!*'();:@&=+$,/?#[]", "k" * 255])
async def test_1_to_255_visible_ascii_characters_make_a_key(world, key):
    headers = {"Idempotency-Key": key}
    path = f"{world.trip}/legs"
    first = await world.client.post(path, LEG, headers=headers)
    check_replay(await world.client.post(path, LEG, headers=headers), first)


@pytest.mark.parametrize("key", ["", "k" * 256, "two words", "caf\u00e9", "tab\tbed"])
async def test_any_other_key_is_400_on_every_write(world, key):
    headers = {"Idempotency-Key": key}
    for method, path, body in (
        ("POST", f"{world.trip}/legs", LEG),
        ("POST", f"{world.trip}/share-token", None),
        ("PATCH", world.trip, {"title": "New"}),
        ("DELETE", world.trip, None),
    ):
        refused = await world.client.send(method, path, body, headers=headers)
        assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    trip = (await world.client.get(world.trip)).json
    assert (trip["title"], trip["status"]) == (TRIP["title"], "draft")
    assert await listed(world, f"{world.trip}/legs") == []


async def test_a_get_takes_no_notice_of_a_key(world):
    for headers in (KEY, KEY, {"Idempotency-Key": "k" * 256}):
        for path in (world.trip, f"{world.trip}/legs"):
            answer = await world.client.get(path, headers=headers)
            assert (answer.status, is_replay(answer)) == (200, False)


async def test_a_revoked_key_replays_nothing(world):
    key_id = (await world.client.get("/me")).json["key"]["_id"]
    assert (await world.client.post(f"{world.trip}/legs", LEG, headers=KEY)).status == 201
    await world.store.write(lambda tx: keys.revoke(tx, key_id, now()))
    assert (await world.client.post(f"{world.trip}/legs", LEG, headers=KEY)).status == 401
