"""Delta reads (contract section 11)."""

from tests.support import SAMPLES, World, add_key

PIN = SAMPLES["mapPin"]


async def changes(world: World, query: str = "", client=None):
    answer = await (client or world.client).get(f"{world.trip}/changes{query}")
    assert answer.status == 200, answer.raw
    return answer.json


async def rev_of(world: World) -> int:
    return int((await changes(world))["rev"])


async def test_without_since_it_is_all_there_is(world):
    pin = await world.make("/map-pins", PIN)
    found = await changes(world)
    channel = (await world.client.get(f"{world.trip}/channels")).json["items"][0]
    trip = (await world.client.get(world.trip)).json
    first = sorted([("channel", channel), ("trip", trip)], key=lambda each: each[1]["_id"])
    assert found == {
        "items": [
            *({"rev": 1, "kind": kind, "_id": d["_id"], "document": d} for kind, d in first),
            {"rev": 2, "kind": "mapPin", "_id": pin["_id"], "document": pin},
        ],
        "rev": 2,
        "nextCursor": None,
    }
    assert await changes(world, "?since=0") == found


async def test_a_row_comes_once_in_its_latest_state_by_its_last_change(world):
    one = await world.make("/map-pins", PIN)
    two = await world.make("/map-pins", PIN)
    since = await rev_of(world)
    changed = (await world.client.patch(f"{world.trip}/map-pins/{one['_id']}", {"lat": 1})).json
    await world.client.patch(f"{world.trip}/map-pins/{two['_id']}", {"lat": 2})
    two = (await world.client.patch(f"{world.trip}/map-pins/{two['_id']}", {"lat": 3})).json
    assert (await changes(world, f"?since={since}"))["items"] == [
        {"rev": since + 1, "kind": "mapPin", "_id": one["_id"], "document": changed},
        {"rev": since + 3, "kind": "mapPin", "_id": two["_id"], "document": two},
    ]
    assert await changes(world, f"?since={since + 3}") == {
        "items": [],
        "rev": since + 3,
        "nextCursor": None,
    }


async def test_what_is_gone_is_told_with_its_children_and_the_links_to_it(world):
    leg = await world.make("/legs", SAMPLES["leg"])
    stay = await world.make(f"/legs/{leg['_id']}/stays", SAMPLES["stay"])
    dinner = await world.make("/commitments", {**SAMPLES["commitment"], "legId": leg["_id"]})
    since = await rev_of(world)
    await world.client.delete(f"{world.trip}/legs/{leg['_id']}")
    found = {item["_id"]: item for item in (await changes(world, f"?since={since}"))["items"]}
    rev = since + 1
    assert found.pop(dinner["_id"])["document"].get("legId") is None
    assert found == {
        leg["_id"]: {"rev": rev, "kind": "leg", "_id": leg["_id"], "deleted": True},
        stay["_id"]: {"rev": rev, "kind": "stay", "_id": stay["_id"], "deleted": True},
    }


async def test_messages_are_for_keys_that_may_read_them(world):
    channel = (await world.client.get(f"{world.trip}/channels")).json["items"][0]["_id"]
    since = await rev_of(world)
    path = f"/channels/{channel}/messages"
    said = await world.make(path, {"content": "Hello"})
    reader = world.as_(await add_key(world.store, world.owner.user_id, "trips:read"))
    told = {"rev": since + 1, "kind": "message", "_id": said["_id"], "document": said}
    assert (await changes(world, f"?since={since}"))["items"] == [told]
    assert await changes(world, f"?since={since}", reader) == {
        "items": [],
        "rev": since + 1,
        "nextCursor": None,
    }
    kinds = {item["kind"] for item in (await changes(world, client=reader))["items"]}
    assert kinds == {"trip"}


async def test_pages_follow_each_other_whatever_is_written_between(world):
    await world.client.post(f"{world.trip}/sync", {"mapPins": [PIN] * 7})
    seen, query = [], "?limit=2"
    while True:
        page = await changes(world, query)
        seen += page["items"]
        if page["nextCursor"] is None:
            break
        assert len(page["items"]) == 2
        if len(seen) == 4:
            pin = seen[3]["_id"]
            await world.client.delete(f"{world.trip}/map-pins/{pin}")
            pins = (await world.client.get(f"{world.trip}/map-pins")).json["items"]
            await world.client.patch(f"{world.trip}/map-pins/{pins[-1]['_id']}", {"lat": 5})
        query = f"?limit=2&cursor={page['nextCursor']}"
    state = {}
    for item in seen:
        state[item["_id"]] = item.get("document")
    pins = (await world.client.get(f"{world.trip}/map-pins")).json["items"]
    kept = [d for d in state.values() if d and "lat" in d]
    assert sorted(kept, key=lambda d: d["_id"]) == sorted(pins, key=lambda d: d["_id"])
    assert state[pin] is None
    assert [item["rev"] for item in seen] == sorted(item["rev"] for item in seen)
    assert page["rev"] == seen[-1]["rev"]


async def test_a_limit_over_a_thousand_is_cut_and_200_is_the_default(world):
    await world.client.post(f"{world.trip}/sync", {"mapPins": [PIN] * 199})
    assert len((await changes(world))["items"]) == 200
    await world.client.post(f"{world.trip}/sync", {"mapPins": [PIN] * 1000})
    assert len((await changes(world, "?limit=5000"))["items"]) == 1000


async def test_a_wrong_since_says_what_to_send(world):
    rev = await rev_of(world)
    for query, reason in {
        f"since={rev + 1}": "out_of_range",
        f"since={10**40}": "out_of_range",
        "since=-1": "out_of_range",
        "since=soon": "malformed",
        "since=1.5": "malformed",
        "since=": "malformed",
    }.items():
        answer = await world.client.get(f"{world.trip}/changes?{query}")
        assert (answer.status, answer.details) == (400, [("since", reason)]), query
    cursor = (await changes(world, "?limit=1"))["nextCursor"]
    for path in ("/map-pins", "/history"):
        answer = await world.client.get(f"{world.trip}{path}?cursor={cursor}")
        assert answer.details == [("cursor", "malformed")]


async def test_what_is_not_kept_any_longer_is_gone_but_for_zero(world):
    pin = await world.make("/map-pins", PIN)
    await world.client.delete(f"{world.trip}/map-pins/{pin['_id']}")
    await world.make("/map-pins", PIN)
    rev = await rev_of(world)
    first = (await changes(world, "?since=1&limit=1"))["nextCursor"]
    from_all = (await changes(world, "?limit=1"))["nextCursor"]
    await world.store.write(lambda tx: tx.execute("UPDATE trips SET pruned_rev = $1", rev))
    for query in (f"since={rev - 1}", f"cursor={first}"):
        gone = await world.client.get(f"{world.trip}/changes?{query}")
        assert (gone.status, gone.code) == (410, "GONE")
        assert "export" in gone.json["error"]["message"]
    assert (await changes(world, f"?since={rev}"))["items"] == []
    assert (await changes(world))["items"]
    await changes(world, f"?cursor={from_all}")
    await world.make("/map-pins", PIN)
    await world.store.write(lambda tx: tx.execute("UPDATE trips SET pruned_rev = $1", rev + 1))
    gone = await world.client.get(f"{world.trip}/changes?cursor={from_all}")
    assert gone.code == "GONE"


async def test_it_has_a_tag_that_each_write_moves(world):
    first = await world.client.get(f"{world.trip}/changes")
    tag = first.headers["ETag"]
    known = await world.client.get(f"{world.trip}/changes", headers={"If-None-Match": tag})
    assert known.status == 304
    channel = (await world.client.get(f"{world.trip}/channels")).json["items"][0]["_id"]
    await world.make(f"/channels/{channel}/messages", {"content": "Hello"})
    after = await world.client.get(f"{world.trip}/changes", headers={"If-None-Match": tag})
    assert after.status == 200


async def test_the_shared_export_has_no_rev(world):
    token = (await world.client.post(f"{world.trip}/share-token")).json["token"]
    shared = (await world.as_(None).get(f"/shared/trips/{token}/export")).json
    assert "rev" not in shared
