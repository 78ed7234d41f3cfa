"""Contract section 10: `If-Match` on any write in a trip, and `If-None-Match: *` on a create."""

import asyncio
from typing import Any

import pytest

from tests.contract.kinds import KINDS, NAMES, channel_path, listed, rows_path
from tests.contract.queue_world import ASYNC, job_count, job_of, stop_worker, until_queued, work
from tests.contract.tags import tag
from tests.support import SAMPLES, gather

LEG, PIN = SAMPLES["leg"], SAMPLES["mapPin"]
NOBODY = "0" * 26

every_kind = pytest.mark.parametrize("kind", KINDS, ids=NAMES)


async def tags_of(world, path, row):
    """Each tag that may stand in `If-Match` for a row: its own, its list's, the export's."""
    return [
        tag(row),
        tag(await world.client.get(path)),
        tag(await world.client.get(f"{world.trip}/export")),
    ]


@every_kind
async def test_a_row_is_written_on_the_tag_of_its_list_or_the_export(world, kind):
    path = await rows_path(world, kind)
    row = await world.client.post(path, {**kind.sample, "clientRef": "a"})
    at = f"{path}/{row.json['_id']}"
    for number in range(3):
        known = (await tags_of(world, path, row))[number]
        row = await world.client.patch(
            at, {kind.text: f"New {number}"}, headers={"If-Match": known}
        )
        assert row.status == 200, row.raw
        known = (await tags_of(world, path, row))[number]
        row = await world.client.post(
            path, {"clientRef": "a", kind.text: f"Newer {number}"}, headers={"If-Match": known}
        )
        assert row.status == 200, row.raw
    known = (await tags_of(world, path, row))[2]
    assert (await world.client.delete(at, headers={"If-Match": known})).status == 204


@every_kind
async def test_a_tag_of_before_the_row_changed_does_not_match(world, kind):
    path = await rows_path(world, kind)
    row = await world.client.post(path, {**kind.sample, "clientRef": "a"})
    at = f"{path}/{row.json['_id']}"
    stale = await tags_of(world, path, row)
    changed = await world.client.patch(at, {kind.text: "New"})
    for known in stale:
        headers = {"If-Match": known}
        body = {"clientRef": "a", kind.text: "Lost"}
        for refused in (
            await world.client.patch(at, {kind.text: "Lost"}, headers=headers),
            await world.client.delete(at, headers=headers),
            await world.client.post(path, body, headers=headers),
            await world.client.post(f"{path}:batch", {"items": [body]}, headers=headers),
        ):
            assert (refused.status, refused.code) == (412, "PRECONDITION_FAILED")
    assert await listed(world, path) == [changed.json]


def no_matches(current):
    """Tags that match nothing, whatever the state."""
    rev, _, epoch = current.strip('"').partition("-")
    return [
        f"W/{current}",
        f'W/{current}, "x"',
        f'"{rev}-other{epoch}"',
        f'"{rev}"',
        '""',
        f'"{rev}-{epoch}-x"',
        f'"{"9" * 30}-{epoch}"',
    ]


async def every_write(world):
    """A call of each kind of write in a trip that changes something."""
    leg = await world.make("/legs", {**LEG, "clientRef": "a"})
    row, legs = f"{world.trip}/legs/{leg['_id']}", f"{world.trip}/legs"
    new = {**LEG, "title": "New"}
    return [
        ("PATCH", row, {"title": "New"}),
        ("POST", legs, {**new, "clientRef": "a"}),
        ("POST", legs, new),
        ("POST", f"{row}/stays", SAMPLES["stay"]),
        ("POST", f"{legs}:batch", {"items": [new]}),
        ("POST", f"{world.trip}/sync", {"legs": [new]}),
        ("POST", f"{world.trip}/sync?dryRun=true", {"legs": [new]}),
        ("PATCH", world.trip, {"title": "New"}),
        ("POST", f"{world.trip}/share-token", None),
        ("DELETE", f"{world.trip}/share-token", None),
        ("POST", await channel_path(world), {"content": "New"}),
        ("DELETE", row, None),
        ("DELETE", world.trip, None),
    ]


async def everything(world):
    """All that a trip holds, and its journal's length."""
    count = "SELECT count(*) FROM changesets WHERE trip_id = $1"
    return (
        (await world.client.get(f"{world.trip}/export")).json,
        await listed(world, await channel_path(world)),
        await world.store.read(lambda tx: tx.fetchval(count, world.trip_id)),
        await world.store.read(lambda tx: tx.fetchval("SELECT count(*) FROM shares")),
        await world.store.read(lambda tx: tx.fetchval("SELECT count(*) FROM jobs")),
    )


async def test_a_tag_that_matches_nothing_is_412_on_any_write_and_nothing_is_written(
    world, subtests
):
    calls = await every_write(world)
    before = await everything(world)
    for known in no_matches(tag(await world.client.get(f"{world.trip}/legs"))):
        for method, path, body in calls:
            for key in ({}, {"Idempotency-Key": f"{known} {path}".encode().hex()[:200]}):
                with subtests.test(f"{method} {path} {known}"):
                    headers = {"If-Match": known, **key}
                    refused = await world.client.send(method, path, body, headers=headers)
                    assert (refused.status, refused.code) == (412, "PRECONDITION_FAILED")
    assert await everything(world) == before


async def test_an_if_match_without_a_tag_in_it_is_400_on_any_write(world, subtests):
    calls = [*await every_write(world), ("POST", "/trips", {"groupId": world.group_id})]
    before = await everything(world)
    for nothing in ("", "17", "W/17", "'a'", '"', "a b"):
        for method, path, body in calls:
            with subtests.test(f"{method} {path} {nothing}"):
                refused = await world.client.send(method, path, body, headers={"If-Match": nothing})
                assert (refused.status, refused.details) == (400, [("If-Match", "malformed")])
    assert await everything(world) == before


async def test_the_exports_tag_matches_on_every_write_but_a_create(world, subtests):
    creates = []
    for method, path, body in await every_write(world):
        known = tag(await world.client.get(f"{world.trip}/export"))
        with subtests.test(f"{method} {path}"):
            answer = await world.client.send(method, path, body, headers={"If-Match": known})
            if method == "POST" and answer.status == 412:
                creates.append((path, body))
            else:
                assert answer.status in (200, 201, 204), answer.raw
    assert len(creates) == 3
    assert all("clientRef" not in body for _, body in creates)


async def test_a_create_that_would_not_merge_never_matches(world):
    legs = f"{world.trip}/legs"
    current = tag(await world.client.get(f"{world.trip}/export"))
    trip = {"groupId": world.group_id, **SAMPLES["leg"]}
    for known in ("*", current):
        for path, body in (
            (legs, LEG),
            (legs, {**LEG, "clientRef": "new"}),
            (legs, {}),
            (await channel_path(world), {"content": "x", "clientRef": "new"}),
            ("/trips", trip),
        ):
            refused = await world.client.post(path, body, headers={"If-Match": known})
            assert (refused.status, refused.code) == (412, "PRECONDITION_FAILED")
    assert await listed(world, legs) == []
    assert len(await listed(world, "/trips")) == 1


async def test_if_none_match_star_creates_and_never_merges(world):
    new = {"If-None-Match": "*"}
    for path, body in (
        (f"{world.trip}/legs", {**LEG, "clientRef": "a"}),
        (await channel_path(world), {"content": "x", "clientRef": "a"}),
    ):
        first = await world.client.post(path, body, headers=new)
        assert first.status == 201
        again = await world.client.post(path, body, headers=new)
        assert (again.status, again.code) == (412, "PRECONDITION_FAILED")
        assert await listed(world, path) == [first.json]
        without = {name: value for name, value in body.items() if name != "clientRef"}
        assert (await world.client.post(path, without, headers=new)).status == 201


async def test_of_creates_at_once_that_must_not_merge_one_is_made(world):
    body, new = {**LEG, "clientRef": "a"}, {"If-None-Match": "*"}
    answers = await gather(
        *(world.client.post(f"{world.trip}/legs", body, headers=new) for _ in range(10))
    )
    assert sorted(answer.status for answer in answers) == [201] + [412] * 9
    assert len(await listed(world, f"{world.trip}/legs")) == 1


async def test_the_order_is_404_then_412_then_400(world):
    stale = {"If-Match": '"0-x"'}
    legs = f"{world.trip}/legs"
    leg = await world.make("/legs", LEG)
    for method, path in (("PATCH", f"{legs}/{NOBODY}"), ("DELETE", f"{legs}/{NOBODY}")):
        sent = None if method == "DELETE" else LEG
        assert (await world.client.send(method, path, sent, headers=stale)).status == 404
    stays = f"{legs}/{NOBODY}/stays"
    assert (await world.client.post(stays, {}, headers=stale)).status == 404
    assert (await world.client.post(f"{stays}:batch", {}, headers=stale)).status == 404
    for method, path, body in (
        ("PATCH", f"{legs}/{leg['_id']}", {"zoo": 1}),
        ("POST", legs, {"zoo": 1}),
        ("POST", f"{legs}:batch", {"items": 5}),
        ("POST", f"{world.trip}/sync", {"zoo": 1}),
        ("PATCH", world.trip, {"zoo": 1}),
        ("POST", await channel_path(world), {"zoo": 1}),
    ):
        wrong: Any
        for wrong in (body, [], "x"):
            answer = await world.client.send(method, path, wrong, headers=stale)
            assert (answer.status, answer.code) == (412, "PRECONDITION_FAILED"), path


# Batches and syncs through the queue.


@pytest.fixture
async def queued(world):
    """A world in which jobs wait until they are worked on."""
    await stop_worker(world)
    return world


async def sync_later(world, known, **fields):
    headers = {**ASYNC, "If-Match": known}
    body = {"mapPins": [{**PIN, **fields}]}
    return await world.client.post(f"{world.trip}/sync", body, headers=headers)


@pytest.mark.parametrize("known", ["export", "list", "*"])
async def test_a_queued_sync_is_done_while_the_content_is_the_same(queued, known):
    suffix = {"list": "/map-pins"}.get(known, "/export")
    current = "*" if known == "*" else tag(await queued.client.get(queued.trip + suffix))
    accepted = await sync_later(queued, current)
    assert accepted.status == 202
    # A message is no content.
    await queued.client.post(await channel_path(queued), {"content": "Hello"})
    await work(queued)
    assert (await job_of(queued, accepted)).json["status"] == "succeeded"
    assert len(await listed(queued, f"{queued.trip}/map-pins")) == 1


async def test_a_queued_sync_is_412_at_once_when_its_tag_is_stale(queued):
    stale = tag(await queued.client.get(f"{queued.trip}/export"))
    await queued.make("/legs", LEG)
    refused = await sync_later(queued, stale)
    assert (refused.status, refused.code) == (412, "PRECONDITION_FAILED")
    assert await job_count(queued) == 0


async def test_a_queued_sync_fails_with_412_when_the_content_changes_meanwhile(queued):
    accepted = await sync_later(queued, tag(await queued.client.get(f"{queued.trip}/export")))
    await queued.make("/legs", LEG)
    await work(queued)
    job = (await job_of(queued, accepted)).json
    assert (job["status"], job["error"]["code"]) == ("failed", "PRECONDITION_FAILED")
    assert await listed(queued, f"{queued.trip}/map-pins") == []


async def test_a_queued_sync_with_a_star_is_done_whatever_changes_meanwhile(queued):
    accepted = await sync_later(queued, "*")
    await queued.make("/legs", LEG)
    await work(queued)
    assert (await job_of(queued, accepted)).json["status"] == "succeeded"


async def test_one_who_waits_for_the_job_is_told_412_which_is_not_remembered(queued):
    current = tag(await queued.client.get(f"{queued.trip}/export"))
    body = {"mapPins": [{**PIN, "clientRef": f"p{n}"} for n in range(201)]}
    headers = {"If-Match": current, "Idempotency-Key": "k"}
    waiting = asyncio.create_task(queued.client.post(f"{queued.trip}/sync", body, headers=headers))
    await until_queued(queued)
    await queued.make("/legs", LEG)
    await work(queued)
    refused = await waiting
    assert (refused.status, refused.code) == (412, "PRECONDITION_FAILED")
    assert refused.json["error"]["requestId"] == refused.headers["X-Request-Id"]
    assert await listed(queued, f"{queued.trip}/map-pins") == []
    again = await queued.client.post(f"{queued.trip}/sync", body, headers=headers)
    assert (again.status, "Idempotency-Replayed" in again.headers) == (412, False)
