"""Contract section 10: ETag, If-None-Match, If-Match."""

import aiohttp
import pytest

from domain.scopes import Role
from tests.contract.kinds import KINDS, NAMES, channel_path, listed, rows_path
from tests.contract.tags import readable, tag
from tests.support import SAMPLES, Client, add_key, gather, run_server

LEG, PIN, COMMITMENT = SAMPLES["leg"], SAMPLES["mapPin"], SAMPLES["commitment"]
NOBODY = "0" * 26

every_kind = pytest.mark.parametrize("kind", KINDS, ids=NAMES)


# Reading.


async def test_what_is_read_of_a_trip_carries_a_tag_and_is_304_while_it_is_the_same(world):
    for path in await readable(world):
        first = await world.client.get(path)
        again = await world.client.get(path, headers={"If-None-Match": tag(first)})
        assert (again.status, again.raw) == (304, b""), path
        assert tag(again) == tag(first)


async def test_a_304_carries_the_headers_of_every_response(world):
    client = world.as_(await add_key(world.store, world.owner.user_id, rate_limit=5))
    first = await client.get(world.trip)
    again = await client.get(world.trip, headers={"If-None-Match": tag(first)})
    assert again.status == 304
    assert again.headers["X-Request-Id"].startswith("req_")
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert again.headers["X-RateLimit-Limit"] == "5"
    assert again.headers["X-RateLimit-Remaining"] == "3"


@pytest.mark.parametrize("known", ['"another"', 'W/"another"', '"a", "b"', "nonsense"])
async def test_another_tag_is_a_200_with_the_body(world, known):
    answer = await world.client.get(world.trip, headers={"If-None-Match": known})
    assert (answer.status, answer.json["_id"]) == (200, world.trip_id)


async def test_a_tag_is_found_in_a_list_as_a_weak_one_and_by_a_star(world):
    current = tag(await world.client.get(world.trip))
    weak = current if current.startswith("W/") else f"W/{current}"
    for known in (f'"x", {current}', f'{current},"x"', weak, "*"):
        answer = await world.client.get(world.trip, headers={"If-None-Match": known})
        assert answer.status == 304, known


@every_kind
async def test_each_change_of_what_is_read_is_a_200_to_who_knows_the_former_state(world, kind):
    path = await rows_path(world, kind)
    seen: list[str] = []

    async def changed():
        """That neither list nor export is taken for one seen before."""
        for read in (path, f"{world.trip}/export"):
            known = ", ".join(seen) or '"none"'
            answer = await world.client.get(read, headers={"If-None-Match": known})
            assert answer.status == 200, read
        seen.append(tag(answer))

    await changed()
    row = (await world.client.post(path, kind.sample)).json
    await changed()
    await world.client.patch(f"{path}/{row['_id']}", {kind.text: "New"})
    await changed()
    await world.client.post(f"{path}:batch", {"items": [kind.sample]})
    await changed()
    await world.client.delete(f"{path}/{row['_id']}")
    await changed()


async def test_syncs_members_and_the_trip_itself_change_the_tag(world):
    seen = [tag(await world.client.get(f"{world.trip}/export"))]

    async def change(awaitable):
        await awaitable
        answer = await world.client.get(f"{world.trip}/export")
        assert tag(answer) not in seen
        seen.append(tag(answer))

    await change(world.client.patch(world.trip, {"title": "New"}))
    await change(world.client.post(f"{world.trip}/sync", {"mapPins": [PIN]}))
    await change(world.person("ed", Role.EDITOR))
    await change(world.client.delete(world.trip))


async def test_a_new_message_changes_the_tag_of_its_list(world):
    path = await channel_path(world)
    known = tag(await world.client.get(path))
    await world.client.post(path, {"content": "Hello"})
    answer = await world.client.get(path, headers={"If-None-Match": known})
    assert (answer.status, len(answer.json["items"])) == (200, 1)


async def test_what_changes_nothing_leaves_the_tag(world):
    leg = await world.make("/legs", {**LEG, "clientRef": "a"})
    row = f"{world.trip}/legs/{leg['_id']}"
    before = tag(await world.client.get(f"{world.trip}/export"))
    await world.client.patch(row, {"title": leg["title"]})
    await world.client.patch(world.trip, {})
    await world.client.post(f"{world.trip}/sync", {"legs": [leg]})
    await world.client.post(f"{world.trip}/sync?dryRun=true", {"mapPins": [PIN]})
    await world.client.post(f"{world.trip}/legs", {"order": -1})
    assert tag(await world.client.get(f"{world.trip}/export")) == before


@pytest.mark.parametrize(
    ("suffix", "status"),
    [
        ("/legs?limit=0", 400),
        ("/legs?cursor=forged", 400),
        (f"/legs/{NOBODY}/stays", 404),
        (f"/channels/{NOBODY}/messages", 404),
    ],
)
async def test_a_condition_does_not_hide_an_error(world, suffix, status):
    """RFC 9110 section 13.2.1: conditions count only where the answer would be a success."""
    for known in ("*", tag(await world.client.get(world.trip))):
        headers = {"If-None-Match": known}
        assert (await world.client.get(world.trip + suffix, headers=headers)).status == status


async def test_a_condition_does_not_pass_by_access(world):
    current = tag(await world.client.get(world.trip))
    stranger = world.as_((await world.person("otto", None)).key)
    for headers in ({"If-None-Match": current}, {"If-None-Match": "*"}):
        assert (await stranger.get(world.trip, headers=headers)).status == 403
        assert (await world.as_(None).get(world.trip, headers=headers)).status == 401


# Writing.


@every_kind
async def test_every_single_row_response_carries_the_rows_tag(world, kind):
    path = await rows_path(world, kind)
    made = await world.client.post(path, {**kind.sample, "clientRef": "a"})
    row = f"{path}/{made.json['_id']}"
    merged = await world.client.post(path, {"clientRef": "a", kind.text: "Merged"})
    changed = await world.client.patch(row, {kind.text: "Changed"})
    same = await world.client.patch(row, {})
    assert len({tag(made), tag(merged), tag(changed)}) == 3
    assert tag(same) == tag(changed)


@every_kind
async def test_a_write_goes_through_on_the_rows_current_tag_only(world, kind):
    path = await rows_path(world, kind)
    made = await world.client.post(path, kind.sample)
    row = f"{path}/{made.json['_id']}"
    stale = {"If-Match": tag(made)}
    changed = await world.client.patch(row, {kind.text: "First"}, headers=stale)
    assert changed.status == 200
    for refused in (
        await world.client.patch(row, {kind.text: "Second"}, headers=stale),
        await world.client.patch(row, {}, headers={"If-Match": '"another"'}),
        await world.client.delete(row, headers=stale),
    ):
        assert (refused.status, refused.code) == (412, "PRECONDITION_FAILED")
    assert await listed(world, path) == [changed.json]
    match = {"If-Match": f'"x", {tag(changed)}'}
    second = await world.client.patch(row, {kind.text: "Second"}, headers=match)
    assert (second.status, second.json[kind.text]) == (200, "Second")
    deleted = await world.client.delete(row, headers={"If-Match": tag(second)})
    assert (deleted.status, await listed(world, path)) == (204, [])


async def test_a_star_matches_any_row_that_is_there(world):
    leg = await world.make("/legs", LEG)
    row = f"{world.trip}/legs/{leg['_id']}"
    star = {"If-Match": "*"}
    assert (await world.client.patch(row, {"title": "New"}, headers=star)).status == 200
    assert (await world.client.delete(row, headers=star)).status == 204
    assert (await world.client.delete(row, headers=star)).status == 404


async def test_a_write_beside_a_row_leaves_its_tag_valid(world):
    first = await world.client.post(f"{world.trip}/legs", LEG)
    await world.make("/legs", LEG)
    await world.make("/map-pins", PIN)
    row = f"{world.trip}/legs/{first.json['_id']}"
    changed = await world.client.patch(row, {"title": "New"}, headers={"If-Match": tag(first)})
    assert changed.status == 200


async def test_a_row_changed_by_batch_sync_or_a_cleared_link_has_another_tag(world):
    pin = await world.make("/map-pins", PIN)
    path = f"{world.trip}/commitments"
    body = {**COMMITMENT, "clientRef": "a", "mapPinId": pin["_id"]}
    current = await world.client.post(path, body)
    row = f"{path}/{current.json['_id']}"

    async def is_stale():
        nonlocal current
        headers = {"If-Match": tag(current)}
        assert (await world.client.patch(row, {}, headers=headers)).status == 412
        current = await world.client.patch(row, {})

    await world.client.post(f"{path}:batch", {"items": [{"clientRef": "a", "title": "x"}]})
    await is_stale()
    await world.client.post(
        f"{world.trip}/sync", {"commitments": [{"clientRef": "a", "title": "y"}]}
    )
    await is_stale()
    await world.client.delete(f"{world.trip}/map-pins/{pin['_id']}")
    await is_stale()
    assert "mapPinId" not in current.json


async def test_a_trip_is_changed_and_archived_on_its_current_tag_only(world):
    stale = tag(await world.client.get(world.trip))
    changed = await world.client.patch(world.trip, {"title": "New"}, headers={"If-Match": stale})
    assert changed.status == 200
    assert tag(changed) == tag(await world.client.get(world.trip)) != stale
    for refused in (
        await world.client.patch(world.trip, {"title": "Newer"}, headers={"If-Match": stale}),
        await world.client.delete(world.trip, headers={"If-Match": stale}),
    ):
        assert (refused.status, refused.code) == (412, "PRECONDITION_FAILED")
    archived = await world.client.delete(world.trip, headers={"If-Match": tag(changed)})
    assert (archived.status, archived.json["title"]) == (200, "New")
    assert tag(archived) == tag(await world.client.get(world.trip))
    made = await world.client.post("/trips", {**archived.json, "status": "draft"})
    read = await world.client.get(f"/trips/{made.json['_id']}")
    assert tag(made) == tag(read)


async def test_a_412_is_not_remembered_and_a_replay_comes_before_the_condition(world):
    leg = await world.client.post(f"{world.trip}/legs", LEG)
    row = f"{world.trip}/legs/{leg.json['_id']}"
    key, body = {"Idempotency-Key": "k"}, {"title": "New"}
    refused = await world.client.patch(row, body, headers={**key, "If-Match": '"other"'})
    assert (refused.status, refused.code) == (412, "PRECONDITION_FAILED")
    match = {**key, "If-Match": tag(leg)}
    first = await world.client.patch(row, body, headers=match)
    assert (first.status, "Idempotency-Replayed" in first.headers) == (200, False)
    replay = await world.client.patch(row, body, headers=match)
    assert (replay.status, replay.raw, tag(replay)) == (200, first.raw, tag(first))
    assert replay.headers["Idempotency-Replayed"] == "true"


async def test_of_equal_conditions_at_once_one_wins(world):
    leg = await world.client.post(f"{world.trip}/legs", LEG)
    row, match = f"{world.trip}/legs/{leg.json['_id']}", {"If-Match": tag(leg)}
    answers = await gather(
        *(world.client.patch(row, {"title": str(n)}, headers=match) for n in range(20))
    )
    assert sorted(answer.status for answer in answers) == [200] + [412] * 19


# What moves which tag.


async def test_a_message_moves_the_tag_of_its_list_and_no_other(world):
    messages = await channel_path(world)
    paths = [path for path in await readable(world) if path != messages]
    before = [tag(await world.client.get(path)) for path in paths]
    seen = tag(await world.client.get(messages))
    row = await world.client.post(messages, {"content": "Hello", "clientRef": "a"})
    assert [tag(await world.client.get(path)) for path in paths] == before
    current = tag(await world.client.get(messages))
    assert current != seen
    # Content that changes leaves the messages' as it is; sending again changes nothing.
    await world.make("/legs", LEG)
    again = await world.client.post(messages, {"content": "Hello", "clientRef": "a"})
    assert (again.status, tag(again)) == (200, tag(row))
    assert tag(await world.client.get(messages)) == current


async def test_a_member_moves_the_tags_of_what_shows_members_and_no_other(world):
    shows = {f"{world.trip}/members", f"{world.trip}/export"}
    paths = await readable(world)
    before = {path: tag(await world.client.get(path)) for path in paths}
    await world.person("ed", Role.EDITOR)
    after = {path: tag(await world.client.get(path)) for path in paths}
    assert {path for path in paths if after[path] != before[path]} == shows


async def test_trips_and_shared_views_have_tags_that_move_with_what_they_show(world):
    token = (await world.client.post(f"{world.trip}/share-token")).json["token"]
    shared = f"/shared/trips/{token}"
    for path in ("/trips", shared, f"{shared}/export"):
        client = world.client if path == "/trips" else world.as_(None)
        known = {"If-None-Match": tag(await client.get(path))}
        same = await client.get(path, headers=known)
        assert (same.status, same.raw, tag(same)) == (304, b"", known["If-None-Match"])
        await world.client.patch(world.trip, {"title": f"New for {path}"})
        assert (await client.get(path, headers=known)).status == 200


# Another state of the database.


async def test_a_tag_of_another_epoch_never_matches(world, settings):
    leg = await world.make("/legs", {**LEG, "clientRef": "a"})
    paths = await readable(world)
    legs = await listed(world, f"{world.trip}/legs")
    before = {path: tag(await world.client.get(path)) for path in paths}
    # As after a restore: the same revisions may tell of another state.
    await world.store.write(
        lambda tx: tx.execute("UPDATE server_state SET value = 'restored' WHERE name = 'epoch'")
    )
    async with run_server(world.store, settings) as other, aiohttp.ClientSession() as session:
        client = Client(session, other.base, world.owner.key)
        for path in paths:
            answer = await client.get(path, headers={"If-None-Match": before[path]})
            assert (answer.status, tag(answer) != before[path]) == (200, True), path
            headers = {"If-Match": before[path]}
            row = f"{world.trip}/legs/{leg['_id']}"
            for refused in (
                await client.patch(row, {"title": "Lost"}, headers=headers),
                await client.post(f"{world.trip}/sync", {"legs": [LEG]}, headers=headers),
            ):
                assert (refused.status, refused.code) == (412, "PRECONDITION_FAILED")
        assert await listed(world, f"{world.trip}/legs") == legs
