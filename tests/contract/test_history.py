"""The history of a trip (contract section 11)."""

from tests.support import SAMPLES, World, add_key

PIN = SAMPLES["mapPin"]


async def history(world: World, query: str = "", client=None):
    answer = await (client or world.client).get(f"{world.trip}/history{query}")
    assert answer.status == 200, answer.raw
    return answer.json


async def test_a_changeset_tells_who_when_through_what_and_how_much(world):
    made = await world.client.post(f"{world.trip}/map-pins", PIN)
    key = (await world.client.get("/me")).json["key"]
    page = await history(world)
    assert page["nextCursor"] is None
    latest, first = page["items"]
    assert latest == {
        "rev": 2,
        "at": made.json["createdAt"],
        "by": {"userId": world.owner.user_id, "name": "Olga"},
        "via": "api",
        "key": {"_id": key["_id"], "name": key["name"]},
        "requestId": made.headers["X-Request-Id"],
        "summary": {"mapPins": {"created": 1, "updated": 0, "deleted": 0}},
    }
    assert first["summary"] == {
        "trip": {"created": 1, "updated": 0, "deleted": 0},
        "channels": {"created": 1, "updated": 0, "deleted": 0},
    }


async def test_what_it_did_to_each_row_and_each_field(world):
    leg = await world.make("/legs", SAMPLES["leg"])
    dinner = await world.make("/commitments", {**SAMPLES["commitment"], "legId": leg["_id"]})
    path = f"{world.trip}/legs/{leg['_id']}"
    changed = (await world.client.patch(path, {"title": "Kyoto", "order": 0})).json
    await world.client.delete(path)
    unlinked = (await world.client.get(f"{world.trip}/commitments")).json["items"][0]

    async def items(rev: int):
        answer = (await world.client.get(f"{world.trip}/history/{rev}")).json
        listed = next(each for each in (await history(world))["items"] if each["rev"] == rev)
        assert answer == {**listed, "items": answer["items"], "nextCursor": None}
        return answer["items"]

    assert await items(2) == [
        {"kind": "leg", "_id": leg["_id"], "op": "created", "document": leg},
    ]
    assert await items(4) == [
        {
            "kind": "leg",
            "_id": leg["_id"],
            "op": "updated",
            "changes": {"title": {"from": "Tokyo", "to": "Kyoto"}},
            "document": changed,
        }
    ]
    assert await items(5) == [
        {"kind": "leg", "_id": leg["_id"], "op": "deleted", "document": changed},
        {
            "kind": "commitment",
            "_id": dinner["_id"],
            "op": "updated",
            "changes": {"legId": {"from": leg["_id"], "to": None}},
            "document": unlinked,
        },
    ]


async def test_the_trips_own_changes_are_there(world):
    before = (await world.client.get(world.trip)).json
    after = (await world.client.patch(world.trip, {"title": "Wales"})).json
    await world.client.patch(world.trip, {"title": "Devon"})
    answer = (await world.client.get(f"{world.trip}/history/2")).json
    assert answer["summary"] == {"trip": {"created": 0, "updated": 1, "deleted": 0}}
    assert answer["items"] == [
        {
            "kind": "trip",
            "_id": world.trip_id,
            "op": "updated",
            "changes": {"title": {"from": before["title"], "to": "Wales"}},
            "document": after,
        }
    ]
    first = (await world.client.get(f"{world.trip}/history/1")).json["items"]
    assert {item["kind"]: item["op"] for item in first} == {"trip": "created", "channel": "created"}
    assert next(i for i in first if i["kind"] == "trip")["document"] == before


async def test_a_changeset_of_many_rows_is_paged_and_so_is_the_history(world):
    await world.client.post(f"{world.trip}/sync", {"mapPins": [PIN] * 7})
    pins = (await world.client.get(f"{world.trip}/map-pins")).json["items"]
    await world.client.delete(f"{world.trip}/map-pins/{pins[2]['_id']}")
    await world.client.patch(f"{world.trip}/map-pins/{pins[4]['_id']}", {"lat": 1})
    pages = await world.client.pages(f"{world.trip}/history/2", 3)
    assert [len(page) for page in pages] == [3, 3, 1]
    told = [item for page in pages for item in page]
    assert [item["document"] for item in told] == sorted(pins, key=lambda pin: pin["_id"])
    assert {item["op"] for item in told} == {"created"}
    pages = await world.client.pages(f"{world.trip}/history", 2)
    assert [[each["rev"] for each in page] for page in pages] == [[4, 3], [2, 1]]


async def test_messages_show_only_to_keys_that_may_read_them(world):
    channel = (await world.client.get(f"{world.trip}/channels")).json["items"][0]["_id"]
    said = await world.make(f"/channels/{channel}/messages", {"content": "Hello"})
    await world.make("/map-pins", PIN)
    reader = world.as_(await add_key(world.store, world.owner.user_id, "trips:read"))
    assert [each["rev"] for each in (await history(world))["items"]] == [3, 2, 1]
    seen = (await history(world, client=reader))["items"]
    assert [each["rev"] for each in seen] == [3, 1]
    assert list(seen[1]["summary"]) == ["trip"]
    assert (await world.client.get(f"{world.trip}/history/2")).json["items"] == [
        {"kind": "message", "_id": said["_id"], "op": "created", "document": said}
    ]
    hidden = await reader.get(f"{world.trip}/history/2")
    assert (hidden.status, hidden.code) == (404, "NOT_FOUND")
    first = (await reader.get(f"{world.trip}/history/1")).json
    assert [item["kind"] for item in first["items"]] == ["trip"]


async def test_a_job_is_named_and_a_write_that_changes_nothing_is_no_changeset(world):
    pins = {"mapPins": [{**PIN, "clientRef": "a"}]}
    queued = await world.client.post(
        f"{world.trip}/sync?dryRun=false", pins, headers={"Prefer": "respond-async"}
    )
    job = queued.json["_id"]
    while (await world.client.get(f"/jobs/{job}")).json["status"] != "succeeded":
        pass
    await world.client.post(f"{world.trip}/sync", pins)
    items = (await history(world))["items"]
    assert [(each["rev"], each.get("jobId")) for each in items] == [(2, job), (1, None)]
    assert items[0]["requestId"] == queued.headers["X-Request-Id"]


async def test_what_is_no_changeset_is_404_and_what_is_not_kept_410(world):
    await world.make("/map-pins", PIN)
    for rev in ("3", "0", "-1", "x", "1e1", "99999999999999999999"):
        answer = await world.client.get(f"{world.trip}/history/{rev}")
        assert (answer.status, answer.code) == (404, "NOT_FOUND"), rev
        message = answer.json["error"]["message"]
        assert "/history" in message
        assert f"the rev {rev}:" in message or "a whole number" in message
    await world.store.write(lambda tx: tx.execute("UPDATE trips SET pruned_rev = 1"))
    gone = await world.client.get(f"{world.trip}/history/1")
    assert (gone.status, gone.code) == (410, "GONE")
    assert [each["rev"] for each in (await history(world))["items"]] == [2]


async def test_its_tag_demands_of_an_undo_that_nothing_has_changed_since(world):
    await world.make("/map-pins", SAMPLES["mapPin"])
    undo = f"{world.trip}/history/2/undo?dryRun=true"
    paths = (f"{world.trip}/history", f"{world.trip}/history/2")
    tags = [(await world.client.get(path)).headers["ETag"] for path in paths]
    for path, tag in zip(paths, tags, strict=True):
        known = await world.client.get(path, headers={"If-None-Match": tag})
        assert (known.status, known.headers["ETag"]) == (304, tag)
        assert (await world.client.post(undo, headers={"If-Match": tag})).status == 200
    channels = (await world.client.get(f"{world.trip}/channels")).json["items"]
    said = f"{world.trip}/channels/{channels[0]['_id']}/messages"
    assert (await world.client.post(said, {"content": "Hello"})).status == 201
    assert (await world.client.get(paths[0])).headers["ETag"] != tags[0]
    assert (await world.client.post(undo, headers={"If-Match": tags[0]})).status == 200
    await world.make("/map-pins", SAMPLES["mapPin"])
    for tag in tags:
        assert (await world.client.post(undo, headers={"If-Match": tag})).status == 412


async def test_its_tag_moves_with_the_names_that_it_shows(world):
    before = (await world.client.get(f"{world.trip}/history")).headers["ETag"]
    await world.store.write(lambda tx: tx.execute("UPDATE users SET name = 'Olga the Great'"))
    assert (await world.client.get(f"{world.trip}/history")).headers["ETag"] != before
