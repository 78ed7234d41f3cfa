"""Contract section 6: channels, messages, members, and `GET /me`."""

import pytest

from domain.actor import SYSTEM
from domain.changes import Cause, ChangeSet
from domain.message import CHANNEL
from domain.row import Row
from domain.scopes import Role
from runtime.ids import new_id
from storage import changes, groups
from tests.contract.kinds import channel_path, listed
from tests.support import add_key, now

NOBODY = "0" * 26


async def add_channel(world, name):
    """A further channel, which the API has no way to make; the path of its messages."""
    row_id = new_id()
    json = CHANNEL.compose(
        {"name": name}, None, row_id=row_id, trip_id=world.trip_id, parent_id="", now=now()
    )
    row = Row(CHANNEL.kind, row_id, "", json)

    async def insert(tx):
        trip = await changes.begin(tx, world.trip_id)
        await changes.commit(tx, trip, ChangeSet(created=[row]), Cause(SYSTEM, now()))

    await world.store.write(insert)
    return f"{world.trip}/channels/{row_id}/messages"


# Channels and messages.


async def test_a_new_trip_has_the_channel_general(world):
    [channel] = await listed(world, f"{world.trip}/channels")
    assert channel == {
        "name": "general",
        "tripId": world.trip_id,
        **{name: channel[name] for name in ("_id", "createdAt", "updatedAt")},
    }
    [other] = await listed(world, f"/trips/{await world.new_trip()}/channels")
    assert (other["name"], other["_id"] != channel["_id"]) == ("general", True)


async def test_a_message_has_its_author_and_channel(world):
    path = await channel_path(world)
    editor = await world.person("ed", Role.EDITOR)
    for person in (world.owner, editor):
        sent = await world.as_(person.key).post(path, {"content": "Hello\n*world* 🗾"})
        assert sent.status == 201
        assert (sent.json["content"], sent.json["authorId"]) == (
            "Hello\n*world* 🗾",
            person.user_id,
        )
        assert sent.json["tripId"] == world.trip_id
        assert "parentId" not in sent.json
        assert (await listed(world, path))[0] == sent.json


async def test_messages_are_listed_newest_first(world):
    path = await channel_path(world)
    sent = [(await world.client.post(path, {"content": str(n)})).json for n in range(5)]
    assert await listed(world, path) == sent[::-1]
    pages = await world.client.pages(path, 2)
    assert [[message["content"] for message in page] for page in pages] == [
        ["4", "3"],
        ["2", "1"],
        ["0"],
    ]


async def test_channels_are_listed_by_age_and_keep_their_messages_apart(world):
    general = await channel_path(world)
    food = await add_channel(world, "food")
    assert [c["name"] for c in await listed(world, f"{world.trip}/channels")] == [
        "general",
        "food",
    ]
    sent = (await world.client.post(food, {"content": "Ramen?"})).json
    assert await listed(world, food) == [sent]
    assert await listed(world, general) == []


async def test_a_message_may_answer_one_of_the_same_channel(world):
    path = await channel_path(world)
    first = (await world.client.post(path, {"content": "Ramen?"})).json
    answer = await world.client.post(path, {"content": "Yes", "parentId": first["_id"]})
    assert (answer.status, answer.json["parentId"]) == (201, first["_id"])
    nested = await world.client.post(path, {"content": "!", "parentId": answer.json["_id"]})
    assert nested.status == 201


async def test_a_message_may_not_answer_one_that_is_not_in_the_channel(world):
    path = await channel_path(world)
    elsewhere = await add_channel(world, "food")
    other_trip = await channel_path(world, await world.new_trip())
    foreign = [
        (await world.client.post(at, {"content": "x"})).json["_id"]
        for at in (elsewhere, other_trip)
    ]
    channel_id = path.split("/")[-2]
    for parent_id in (*foreign, channel_id, NOBODY, ""):
        refused = await world.client.post(path, {"content": "Yes", "parentId": parent_id})
        assert (refused.status, refused.details) == (400, [("parentId", "not_found")])
    assert await listed(world, path) == []


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, [("content", "required")]),
        ({"content": None}, [("content", "required")]),
        ({"content": ""}, [("content", "empty")]),
        ({"content": 5, "parentId": 5}, [("content", "wrong_type"), ("parentId", "wrong_type")]),
        ({"content": "c" * 10_001}, [("content", "too_long")]),
    ],
)
async def test_a_message_that_is_wrong_is_400(world, body, details):
    path = await channel_path(world)
    refused = await world.client.post(path, body)
    assert (refused.status, refused.details) == (400, details)
    assert await listed(world, path) == []


async def test_a_message_has_10000_characters_at_most_and_no_parent_when_null(world):
    body = {"content": "é" * 10_000, "parentId": None}
    sent = await world.client.post(await channel_path(world), body)
    assert (sent.status, len(sent.json["content"]), "parentId" in sent.json) == (201, 10_000, False)


async def test_a_channel_that_does_not_exist_is_404(world):
    path = f"{world.trip}/channels/{NOBODY}/messages"
    assert (await world.client.get(path)).code == "NOT_FOUND"
    assert (await world.client.post(path, {"content": "x"})).code == "NOT_FOUND"


async def test_messages_are_neither_exported_nor_synced(world):
    await world.client.post(await channel_path(world), {"content": "secret words"})
    assert b"secret words" not in (await world.client.get(f"{world.trip}/export")).raw
    refused = await world.client.post(f"{world.trip}/sync", {"messages": []})
    assert refused.details == [("messages", "unknown_field")]


# Members.


async def test_members_are_the_groups_with_roles_and_contact_details(world):
    editor = await world.person("ed", Role.EDITOR)
    viewer = await world.person("vera", Role.VIEWER)
    await world.person("otto", None)
    await world.store.write(
        lambda tx: tx.execute("UPDATE users SET phone = '+44 1' WHERE id = $1", editor.user_id)
    )
    owner = {"userId": world.owner.user_id, "name": "Olga", "email": world.owner.email}
    expected = [
        {**owner, "role": "owner"},
        {"userId": editor.user_id, "name": "ed", "email": editor.email, "phone": "+44 1"}
        | {"role": "editor"},
        {"userId": viewer.user_id, "name": "vera", "email": viewer.email, "role": "viewer"},
    ]
    assert await listed(world, f"{world.trip}/members") == expected
    exported = await world.client.get(f"{world.trip}/export")
    assert exported.json["members"] == expected


@pytest.mark.parametrize("path", ["/members", "/export"])
async def test_a_new_role_and_a_member_who_leaves_move_the_tag(world, path):
    viewer = await world.person("vera", Role.VIEWER)
    vera = {"group_id": world.group_id, "user_id": viewer.user_id}
    tags = []
    for change in (
        lambda tx: groups.set_role(tx, **vera, role=Role.EDITOR),
        lambda tx: groups.remove_member(tx, **vera),
    ):
        tags.append((await world.client.get(f"{world.trip}{path}")).headers["ETag"])
        await world.store.write(change)
        stale = {"If-None-Match": tags[-1]}
        shown = await world.client.get(f"{world.trip}{path}", headers=stale)
        assert shown.status == 200
        tags.append(shown.headers["ETag"])
    assert len(set(tags)) == 3
    assert (await world.as_(viewer.key).get(f"{world.trip}{path}")).status == 403


# Me.


async def test_me_tells_of_the_user_the_groups_and_the_key(world):
    me = (await world.client.get("/me")).json
    assert me == {
        "user": {"_id": world.owner.user_id, "name": "Olga", "email": world.owner.email},
        "groups": [{"_id": world.group_id, "name": "Family", "role": "owner"}],
        "defaultGroupId": world.group_id,
        "key": {
            "_id": me["key"]["_id"],
            "name": me["key"]["name"],
            "scopes": ["trips:read", "trips:write", "messages:read", "messages:write"],
            "rateLimit": world.settings.limits.requests_per_minute,
        },
    }
    assert world.owner.key not in str(me)


async def test_me_shows_the_scopes_and_the_limit_of_the_key_in_use(world):
    scopes = [f"trips:read:{world.trip_id}", "messages:read"]
    key = await add_key(world.store, world.owner.user_id, *scopes, rate_limit=7)
    shown = (await world.as_(key).get("/me")).json["key"]
    assert (shown["scopes"], shown["rateLimit"]) == (scopes, 7)
    assert shown["_id"] != (await world.client.get("/me")).json["key"]["_id"]


async def test_me_lists_all_groups_and_the_first_joined_is_the_default(world):
    viewer = await world.person("vera", Role.VIEWER)

    async def join(tx):
        group_id = await groups.create(tx, name="Friends", now=now())
        user_id, role = viewer.user_id, Role.OWNER
        await groups.add_member(
            tx, group_id=group_id, user_id=user_id, role=role, now="9999-01-01T00:00:00.000Z"
        )
        return group_id

    second = await world.store.write(join)
    me = (await world.as_(viewer.key).get("/me")).json
    assert me["groups"] == [
        {"_id": world.group_id, "name": "Family", "role": "viewer"},
        {"_id": second, "name": "Friends", "role": "owner"},
    ]
    assert me["defaultGroupId"] == world.group_id


async def test_me_of_a_user_without_a_group_has_no_default(world):
    loner = await world.person("lone", None)
    me = (await world.as_(loner.key).get("/me")).json
    assert me["groups"] == []
    assert me.get("defaultGroupId") is None
