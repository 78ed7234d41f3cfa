"""What people tell of themselves, their groups, and the members of those (contract section 19)."""

from operations import people
from server.api.lists import PageRequest
from server.route import Call, Reply, json_reply
from storage.store import Tx


async def change_profile(tx: Tx, call: Call) -> Reply:
    """A merge into what the user tells of themselves."""
    return json_reply(await people.change_profile(tx, call.actor, call.body))


async def create_group(tx: Tx, call: Call) -> Reply:
    """A new group of the user's."""
    return json_reply(await people.create_group(tx, call.actor, call.body, call.now), 201)


async def change_group(tx: Tx, call: Call) -> Reply:
    """A group under another name."""
    group_id = call.path("groupId")
    return json_reply(await people.rename_group(tx, call.actor, group_id, call.body))


async def list_members(tx: Tx, call: Call) -> Reply:
    """A page of a group's members."""
    group_id = call.path("groupId")
    request = PageRequest(call, f"groups/{group_id}/members")
    return request.reply(
        await people.members(tx, call.actor, group_id, request.after, request.limit)
    )


async def change_member(tx: Tx, call: Call) -> Reply:
    """A member in another role."""
    group_id, user_id = call.path("groupId"), call.path("userId")
    return json_reply(await people.change_member(tx, call.actor, group_id, user_id, call.body))


async def remove_member(tx: Tx, call: Call) -> Reply:
    """A group without a member."""
    await people.remove_member(tx, call.actor, call.path("groupId"), call.path("userId"))
    return Reply(204)
