"""Contract section 1: bodies, unknown and read-only fields, nulls, and PATCH."""

import pytest

from tests.contract.kinds import (
    BY_NAME,
    FLIGHT,
    KINDS,
    NAMES,
    channel_path,
    filled_body,
    listed,
    rows_path,
)
from tests.support import SAMPLES, TRIP

LEG = SAMPLES["leg"]
READ_ONLY = {
    "_id": "0" * 26,
    "tripId": "another",
    "createdAt": "2020-01-01T00:00:00.000Z",
    "updatedAt": "2020-01-01T00:00:00.000Z",
    "createdBy": "somebody",
    "authorId": "somebody",
    "completedAt": "2020-01-01T00:00:00.000Z",
}

every_kind = pytest.mark.parametrize("kind", KINDS, ids=NAMES)


# Bodies.

MEDIA_TYPES = ["text/plain", "application/merge-patch+json", "application/x-www-form-urlencoded"]


@pytest.mark.parametrize("media_type", [*MEDIA_TYPES, "application/json; charset=latin-1", ""])
async def test_a_write_that_is_not_json_in_utf_8_is_415(world, media_type):
    for send in (world.client.post, world.client.patch):
        path = f"{world.trip}/legs" if send == world.client.post else world.trip
        refused = await send(path, data=b"{}", headers={"Content-Type": media_type})
        assert (refused.status, refused.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON"])
async def test_json_is_known_whatever_its_case_and_charset_parameter(world, media_type):
    body = b'{"title": "Caf\xc3\xa9"}'
    changed = await world.client.patch(world.trip, data=body, headers={"Content-Type": media_type})
    assert (changed.status, changed.json["title"]) == (200, "Café")


@every_kind
async def test_unknown_fields_are_refused_on_create_and_change(world, kind):
    path = await rows_path(world, kind)
    made = (await world.client.post(path, kind.sample)).json
    typos = {"titel": 1, "__proto__": {}}
    expected = [("titel", "unknown_field"), ("__proto__", "unknown_field")]
    refused = await world.client.post(path, kind.sample | typos)
    assert (refused.status, refused.details) == (400, expected)
    refused = await world.client.patch(f"{path}/{made['_id']}", typos)
    assert (refused.status, refused.details) == (400, expected)
    assert await listed(world, path) == [made]


async def test_unknown_fields_of_trips_and_messages_are_refused(world):
    messages = await channel_path(world)
    for method, path, body in (
        ("POST", "/trips", {"groupId": world.group_id, **TRIP}),
        ("PATCH", world.trip, {}),
        ("POST", messages, {"content": "Hello"}),
    ):
        refused = await world.client.send(method, path, {**body, "titel": "x"})
        assert (refused.status, refused.details) == (400, [("titel", "unknown_field")])


@every_kind
async def test_an_object_read_from_the_api_can_be_sent_back(world, kind):
    path = await rows_path(world, kind)
    body = await filled_body(world, kind)
    if kind.name == "actionItem":
        body["isCompleted"] = True
    made = (await world.client.post(path, body)).json
    changed = await world.client.patch(f"{path}/{made['_id']}", made)
    assert (changed.status, changed.json) == (200, made)
    created = await world.client.post(path, {**made, "clientRef": "another"})
    assert created.status == 201, created.raw
    assert created.json["_id"] != made["_id"]


async def test_a_trip_read_from_the_api_can_be_sent_back(world):
    trip = (await world.client.get(world.trip)).json
    changed = await world.client.patch(world.trip, trip)
    assert (changed.status, changed.json) == (200, trip)
    created = await world.client.post("/trips", trip)
    assert created.status == 201
    assert created.json["_id"] != world.trip_id


@every_kind
async def test_read_only_fields_are_accepted_and_ignored(world, kind):
    path = await rows_path(world, kind)
    created = await world.client.post(path, kind.sample | READ_ONLY)
    assert created.status == 201
    changed = await world.client.patch(f"{path}/{created.json['_id']}", READ_ONLY)
    assert changed.status == 200
    for document in (created.json, changed.json):
        shown = {name: document[name] for name in READ_ONLY if name in document}
        assert set(shown) == {"_id", "tripId", "createdAt", "updatedAt"}
        assert document["tripId"] == world.trip_id
        assert not set(shown.items()) & set(READ_ONLY.items())


async def test_read_only_fields_of_trips_and_messages_are_ignored(world):
    messages = await channel_path(world)
    sent = (await world.client.post(messages, {"content": "Hello", **READ_ONLY})).json
    assert sent["authorId"] == world.owner.user_id
    trip = (await world.client.patch(world.trip, READ_ONLY)).json
    assert trip["createdBy"] == world.owner.user_id
    assert "authorId" not in trip
    for document in (sent, trip):
        assert document["_id"] != READ_ONLY["_id"]
        assert document["createdAt"] != READ_ONLY["createdAt"]


async def test_the_group_of_a_trip_is_accepted_unchanged_and_else_not_allowed(world):
    same = await world.client.patch(world.trip, {"groupId": world.group_id, "title": "New"})
    assert (same.status, same.json["title"]) == (200, "New")
    refused = await world.client.patch(world.trip, {"groupId": "another", "title": "Newer"})
    assert (refused.status, refused.details) == (400, [("groupId", "not_allowed")])
    assert (await world.client.get(world.trip)).json["title"] == "New"


async def test_open_objects_keep_unknown_members_as_they_came(world):
    strange = {"sauna": {"deep": [1, None, {"x": 0.5}]}, "名": "値"}
    made = await world.make(
        "/legs", {**LEG, "accommodation": strange, "flights": [strange], "rentalCar": strange}
    )
    assert made["flights"] == [strange]
    assert made["accommodation"] == made["rentalCar"] == strange
    assert (await listed(world, f"{world.trip}/legs"))[0] == made


async def test_known_members_of_open_objects_are_validated(world):
    body = {
        **LEG,
        "accommodation": {"lat": 91, "checkInTime": "25:00", "name": "n" * 201, "url": 1},
        "flights": [FLIGHT, {"seat": 12}, "JL44"],
        "rentalCar": {"notes": "n" * 10_001},
    }
    refused = await world.client.post(f"{world.trip}/legs", body)
    assert refused.status == 400
    assert sorted(refused.details) == [
        ("accommodation.checkInTime", "malformed"),
        ("accommodation.lat", "out_of_range"),
        ("accommodation.name", "too_long"),
        ("accommodation.url", "wrong_type"),
        ("flights[1].seat", "wrong_type"),
        ("flights[2]", "wrong_type"),
        ("rentalCar.notes", "too_long"),
    ]


# PATCH and nulls.


@every_kind
async def test_a_null_for_an_optional_field_of_a_create_is_as_if_absent(world, kind):
    path = await rows_path(world, kind)
    nulls = dict.fromkeys([*kind.optional, *kind.links])
    made = await world.client.post(path, kind.sample | nulls)
    assert made.status == 201
    assert not set(nulls) & set(made.json)


@every_kind
async def test_a_null_for_a_required_field_is_required(world, kind):
    path = await rows_path(world, kind)
    made = (await world.client.post(path, kind.sample)).json
    nulls = dict.fromkeys(kind.required)
    expected = [(name, "required") for name in kind.required]
    for refused in (
        await world.client.post(path, nulls),
        await world.client.patch(f"{path}/{made['_id']}", nulls),
    ):
        assert (refused.status, refused.details) == (400, expected)


@every_kind
async def test_a_patch_leaves_alone_what_it_does_not_name(world, kind):
    path = await rows_path(world, kind)
    made = (await world.client.post(path, await filled_body(world, kind))).json
    changed = (await world.client.patch(f"{path}/{made['_id']}", {kind.text: "Another"})).json
    assert changed == made | {kind.text: "Another", "updatedAt": changed["updatedAt"]}
    assert await listed(world, path) == [changed]


@every_kind
async def test_a_null_in_a_patch_clears_an_optional_field(world, kind):
    path = await rows_path(world, kind)
    made = (await world.client.post(path, await filled_body(world, kind))).json
    nulls = dict.fromkeys([*kind.optional, *kind.links])
    changed = await world.client.patch(f"{path}/{made['_id']}", nulls)
    assert changed.status == 200
    assert set(made) - set(changed.json) == set(nulls)


async def test_a_patch_merges_objects_and_replaces_arrays(world):
    body = BY_NAME["leg"].filled
    made = await world.make("/legs", body)
    changed = await world.client.patch(
        f"{world.trip}/legs/{made['_id']}",
        {
            "accommodation": {"doorCode": "1234", "hostPhone": None, "extra": {"a": 1, "b": 2}},
            "flights": [{"airline": "BA"}],
            "rentalCar": None,
        },
    )
    expected = {**body["accommodation"], "doorCode": "1234", "extra": {"a": 1, "b": 2}}
    del expected["hostPhone"]
    assert changed.json["accommodation"] == expected
    assert changed.json["flights"] == [{"airline": "BA"}]
    assert "rentalCar" not in changed.json
    again = await world.client.patch(
        f"{world.trip}/legs/{made['_id']}", {"accommodation": {"extra": {"a": None, "c": 3}}}
    )
    assert again.json["accommodation"] == {**expected, "extra": {"b": 2, "c": 3}}


@every_kind
async def test_a_patch_that_changes_nothing_is_200_with_the_row_as_it_was(world, kind):
    path = await rows_path(world, kind)
    made = (await world.client.post(path, kind.sample)).json
    for body in ({}, {kind.text: made[kind.text]}):
        same = await world.client.patch(f"{path}/{made['_id']}", body)
        assert (same.status, same.json) == (200, made)


@pytest.mark.parametrize(
    "patch", [{"endDate": "2026-07-14"}, {"startDate": "2026-07-23"}], ids=["end", "start"]
)
async def test_rules_across_fields_are_checked_on_the_merged_whole(world, patch):
    leg = await world.make("/legs", {**LEG, "endDate": "2026-07-22"})
    for path in (world.trip, f"{world.trip}/legs/{leg['_id']}"):
        refused = await world.client.patch(path, patch)
        assert (refused.status, refused.details) == (400, [("endDate", "out_of_range")])
        moved = {"startDate": "2026-08-01", "endDate": "2026-08-01"}
        assert (await world.client.patch(path, moved)).status == 200
