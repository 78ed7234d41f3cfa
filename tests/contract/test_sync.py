"""Contract section 5: what a sync answers and does. Round trips are in test_sync_export.py."""

import pytest

from tests.contract.kinds import listed, one_of_each, snapshot
from tests.support import SAMPLES

LEG, PIN, STAY, ITEM, COMMITMENT = (
    SAMPLES[name] for name in ("leg", "mapPin", "stay", "actionItem", "commitment")
)
NOBODY = "0" * 26
COUNTS = ("created", "updated", "unchanged", "errors")


async def sync(world, body, query="", trip_id=""):
    return await world.client.post(f"/trips/{trip_id or world.trip_id}/sync{query}", body)


def counts(category):
    return tuple(category[name] for name in COUNTS)


def errors(category):
    """Details by index."""
    return {
        item["index"]: [(d["path"], d["reason"]) for d in item["error"]["details"]]
        for item in category["items"]
        if item["status"] == "error"
    }


ALL = one_of_each() | {
    "commitments": [{**COMMITMENT, "legRef": "leg", "mapPinRef": "mapPin", "clientRef": "dinner"}],
}


async def test_a_sync_answers_each_category_that_was_sent(world):
    first = await sync(world, ALL)
    assert first.status == 200
    assert set(first.json) == {"dryRun", *ALL}
    assert first.json["dryRun"] is False
    exported = await snapshot(world)
    for name, items in ALL.items():
        category = first.json[name]
        assert set(category) == {*COUNTS, "items"}
        assert counts(category) == (1, 0, 0, 0)
        [row] = exported[name]
        ref = items[0]["clientRef"]
        expected = {"index": 0, "status": "created", "_id": row["_id"], "clientRef": ref}
        assert category["items"] == [expected]
    again = await sync(world, ALL)
    assert [counts(again.json[name]) for name in ALL] == [(0, 0, 1, 0)] * len(ALL)
    assert await snapshot(world) == exported


async def test_the_example_of_the_reference_page(world):
    body = {"legs": [{**LEG, "clientRef": "leg-tok-1"}], "mapPins": [{**PIN, "clientRef": "p"}]}
    preview = await sync(world, body, "?dryRun=true")
    assert (preview.status, set(preview.json)) == (200, {"dryRun", "legs", "mapPins"})
    assert (await sync(world, body)).json["legs"]["created"] == 1


async def test_items_with_a_known_client_ref_are_merged_and_others_created(world):
    leg = await world.make("/legs", {**LEG, "clientRef": "a", "flights": [{"seat": "1A"}]})
    answer = await sync(
        world, {"legs": [{"clientRef": "a", "title": "New"}, LEG, {"clientRef": "a"}]}
    )
    assert counts(answer.json["legs"]) == (1, 1, 1, 0)
    statuses = [item["status"] for item in answer.json["legs"]["items"]]
    assert statuses == ["updated", "created", "unchanged"]
    merged = next(
        row for row in await listed(world, f"{world.trip}/legs") if row["_id"] == leg["_id"]
    )
    assert merged == {**leg, "title": "New", "updatedAt": merged["updatedAt"]}


async def test_what_is_not_in_the_snapshot_stays(world):
    await sync(world, ALL)
    before = await snapshot(world)
    assert (await sync(world, {"legs": [], "mapPins": []})).status == 200
    assert await snapshot(world) == before
    await sync(world, {"legs": [{**LEG, "clientRef": "other"}]})
    assert len(await listed(world, f"{world.trip}/legs")) == 2


async def test_an_empty_object_is_a_200_with_no_category(world):
    assert (await sync(world, {})).json == {"dryRun": False}
    assert (await sync(world, {}, "?dryRun=true")).json == {"dryRun": True}


async def test_an_empty_category_is_answered_empty(world):
    answer = await sync(world, {"legs": []})
    empty = {"created": 0, "updated": 0, "unchanged": 0, "errors": 0, "items": []}
    assert answer.json == {"dryRun": False, "legs": empty}


async def test_trip_and_members_are_accepted_ignored_and_not_answered(world):
    before = (await world.client.get(world.trip)).json
    body = {"trip": {"title": "Other"}, "members": [{"userId": "x"}, 5], "legs": [LEG]}
    answer = await sync(world, body)
    assert (answer.status, set(answer.json)) == (200, {"dryRun", "legs"})
    assert (await world.client.get(world.trip)).json == before
    assert len(await listed(world, f"{world.trip}/members")) == 1


async def test_items_fail_one_by_one_and_the_good_ones_stay(world):
    body = {
        "legs": [LEG, {"title": "x", "flights": [{"departureTime": "noon"}]}, 7],
        "mapPins": [{**PIN, "lat": 91, "clientRef": "bad"}],
        "actionItems": [ITEM],
    }
    answer = await sync(world, body)
    assert answer.status == 207
    assert [counts(answer.json[name]) for name in body] == [
        (1, 0, 0, 2),
        (0, 0, 0, 1),
        (1, 0, 0, 0),
    ]
    assert errors(answer.json["mapPins"]) == {0: [("lat", "out_of_range")]}
    failed = errors(answer.json["legs"])
    assert set(failed) == {1, 2}
    assert ("flights[0].departureTime", "malformed") in failed[1]
    assert ("order", "required") in failed[1]
    assert failed[2] == [("", "wrong_type")]
    [result] = answer.json["mapPins"]["items"]
    assert (result["clientRef"], result["error"]["code"]) == ("bad", "VALIDATION_ERROR")
    assert "_id" not in result
    exported = await snapshot(world)
    assert [len(exported[name]) for name in body] == [1, 0, 1]


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"leg": []}, [("leg", "unknown_field")]),
        ({"legs": {}, "pins": 1}, [("legs", "wrong_type"), ("pins", "unknown_field")]),
        (
            {"stays": "x", "commitments": 1},
            [("stays", "wrong_type"), ("commitments", "wrong_type")],
        ),
        ([], [("", "wrong_type")]),
    ],
)
async def test_a_body_that_is_no_snapshot_is_400(world, body, details):
    refused = await sync(world, body)
    assert (refused.status, refused.details) == (400, details)


@pytest.mark.parametrize("text", ["yes", "1", "True", "TRUE", "", "false%20"])
async def test_a_dry_run_that_is_neither_true_nor_false_is_400(world, text):
    refused = await sync(world, {"legs": [LEG]}, f"?dryRun={text}")
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    assert [path for path, _ in refused.details] == ["dryRun"]
    assert await listed(world, f"{world.trip}/legs") == []


# dryRun.


def without_ids(answer):
    """An answer without what a dry run tells and leaves out."""
    body = {**answer, "dryRun": None}
    for name in set(body) - {"dryRun"}:
        items = [
            {k: v for k, v in item.items() if k not in ("_id", "changes")}
            for item in body[name]["items"]
        ]
        body[name] = {**body[name], "items": items}
    return body


async def test_a_dry_run_answers_the_same_and_writes_nothing(world):
    await sync(world, ALL)
    before = (await world.client.get(f"{world.trip}/export")).raw
    body = {
        "legs": [{"clientRef": "leg", "title": "New"}, {**LEG, "clientRef": "two"}, {"order": -1}],
        "stays": [{**STAY, "legRef": "two"}, {**STAY, "legRef": "nobody"}],
        "mapPins": [{**PIN, "clientRef": "mapPin"}, PIN],
        "actionItems": [{"clientRef": "actionItem", "isCompleted": True}],
        "commitments": [{"clientRef": "dinner", "legRef": "two", "mapPinId": None}],
    }
    dry = await sync(world, body, "?dryRun=true")
    assert (await world.client.get(f"{world.trip}/export")).raw == before
    wet = await sync(world, body, "?dryRun=false")
    assert (dry.status, dry.json["dryRun"], wet.status, wet.json["dryRun"]) == (
        207,
        True,
        207,
        False,
    )
    assert without_ids(dry.json) == without_ids(wet.json)
    for name in body:
        for dry_item, wet_item in zip(
            dry.json[name]["items"], wet.json[name]["items"], strict=True
        ):
            status = dry_item["status"]
            assert dry_item.get("_id") == (None if status == "created" else wet_item.get("_id"))
            assert ("changes" in dry_item) == (status == "updated")
            assert "changes" not in wet_item


async def test_a_dry_run_can_be_repeated_to_the_letter(world):
    """So it shows no id of a row it would create: that id would never be the row's."""
    await sync(world, ALL)
    body = {
        "legs": [{**LEG, "clientRef": "two"}],
        "mapPins": [PIN],
        "commitments": [{"clientRef": "dinner", "legRef": "two"}],
    }
    first, second = [await sync(world, body, "?dryRun=true") for _ in range(2)]
    assert first.raw == second.raw


async def test_a_dry_run_tells_what_would_change(world):
    await sync(world, ALL)
    leg = (await listed(world, f"{world.trip}/legs"))[0]
    car = {"company": "Avis"}
    body = {
        "legs": [{"clientRef": "leg", "title": "New", "order": 2, "rentalCar": car}],
        "mapPins": [{"clientRef": "mapPin", "notes": n} for n in ("x", None)],
        "actionItems": [{"clientRef": "actionItem", "isCompleted": True}],
        "commitments": [{"clientRef": "dinner", "legId": None, "startTime": "19:00"}],
        "stays": [{"clientRef": "stay", "legRef": "leg", "url": "https://x.example"}],
    }
    answer = (await sync(world, body, "?dryRun=true")).json
    changes = {name: [item.get("changes") for item in answer[name]["items"]] for name in body}
    assert changes == {
        "legs": [
            {
                "title": {"from": LEG["title"], "to": "New"},
                "order": {"from": 0, "to": 2},
                "rentalCar": {"from": None, "to": car},
            }
        ],
        "mapPins": [{"notes": {"from": None, "to": "x"}}, {"notes": {"from": "x", "to": None}}],
        "actionItems": [{"isCompleted": {"from": None, "to": True}}],
        "commitments": [
            {"legId": {"from": leg["_id"], "to": None}, "startTime": {"from": None, "to": "19:00"}}
        ],
        "stays": [{"url": {"from": None, "to": "https://x.example"}}],
    }


async def test_a_dry_run_leaves_the_id_out_for_rows_it_would_create_and_merge_into(world):
    body = {"mapPins": [{**PIN, "clientRef": "a"}, {"clientRef": "a", "name": "New"}]}
    answer = (await sync(world, body, "?dryRun=true")).json["mapPins"]
    assert [item["status"] for item in answer["items"]] == ["created", "updated"]
    assert not [item for item in answer["items"] if "_id" in item]
    assert answer["items"][1]["changes"] == {"name": {"from": PIN["name"], "to": "New"}}


# legRef and mapPinRef.


async def test_stays_and_commitments_name_rows_of_the_trip_by_client_ref(world):
    leg = await world.make("/legs", {**LEG, "clientRef": "leg"})
    pin = await world.make("/map-pins", {**PIN, "clientRef": "pin"})
    answer = await sync(
        world,
        {
            "stays": [{**STAY, "legRef": "leg"}, {**STAY, "legId": leg["_id"]}],
            "commitments": [
                {**COMMITMENT, "legRef": "leg", "mapPinRef": "pin"},
                {**COMMITMENT, "legId": leg["_id"], "mapPinId": pin["_id"]},
                {**COMMITMENT, "legId": leg["_id"], "legRef": "leg"},
            ],
        },
    )
    assert answer.status == 200, answer.raw
    exported = await snapshot(world)
    assert [stay["legId"] for stay in exported["stays"]] == [leg["_id"]] * 2
    links = [(row.get("legId"), row.get("mapPinId")) for row in exported["commitments"]]
    assert links == [(leg["_id"], pin["_id"])] * 2 + [(leg["_id"], None)]
    assert not [row for row in exported["commitments"] if {"legRef", "mapPinRef"} & set(row)]


async def test_references_that_name_nothing_are_not_found(world):
    other = await world.new_trip()
    await sync(world, {"legs": [{**LEG, "clientRef": "theirs"}]}, trip_id=other)
    [foreign] = await listed(world, f"/trips/{other}/legs")
    pin = await world.make("/map-pins", {**PIN, "clientRef": "pin"})
    answer = await sync(
        world,
        {
            "stays": [
                {**STAY, "legRef": "theirs"},
                {**STAY, "legId": foreign["_id"]},
                {**STAY, "legId": pin["_id"]},
                {**STAY, "legRef": "pin"},
                STAY,
            ],
            "commitments": [
                {**COMMITMENT, "legRef": "theirs", "mapPinRef": "x"},
                {**COMMITMENT, "legId": foreign["_id"], "mapPinId": NOBODY},
            ],
        },
    )
    assert answer.status == 207
    assert errors(answer.json["stays"]) == {
        0: [("legRef", "not_found")],
        1: [("legId", "not_found")],
        2: [("legId", "not_found")],
        3: [("legRef", "not_found")],
        4: [("legId", "required")],
    }
    assert errors(answer.json["commitments"]) == {
        0: [("legRef", "not_found"), ("mapPinRef", "not_found")],
        1: [("legId", "not_found"), ("mapPinId", "not_found")],
    }


async def test_a_reference_of_a_wrong_type_is_told(world):
    answer = await sync(world, {"stays": [{**STAY, "legRef": 5}, {**STAY, "legId": 5}]})
    assert errors(answer.json["stays"]) == {
        0: [("legRef", "wrong_type")],
        1: [("legId", "wrong_type")],
    }


async def test_a_reference_to_an_item_that_failed_is_not_found(world):
    body = {"legs": [{"clientRef": "leg"}], "stays": [{**STAY, "legRef": "leg"}]}
    answer = await sync(world, body)
    assert errors(answer.json["stays"]) == {0: [("legRef", "not_found")]}
    assert (await snapshot(world))["stays"] == []


async def test_references_are_known_to_syncs_only(world):
    await world.make("/legs", {**LEG, "clientRef": "leg"})
    refused = await world.client.post(f"{world.trip}/commitments", {**COMMITMENT, "legRef": "leg"})
    assert (refused.status, refused.details) == (400, [("legRef", "unknown_field")])
    answer = await sync(world, {"mapPins": [{**PIN, "legRef": "leg"}]})
    assert errors(answer.json["mapPins"]) == {0: [("legRef", "unknown_field")]}


async def test_the_client_ref_of_a_stay_is_looked_up_in_its_leg(world):
    body = {
        "legs": [{**LEG, "clientRef": "one"}, {**LEG, "clientRef": "two"}],
        "stays": [{**STAY, "clientRef": "s", "legRef": ref} for ref in ("one", "two", "one")],
    }
    answer = await sync(world, body)
    assert counts(answer.json["stays"]) == (2, 0, 1, 0)
    legs = await listed(world, f"{world.trip}/legs")
    for leg in legs:
        assert len(await listed(world, f"{world.trip}/legs/{leg['_id']}/stays")) == 1
