"""What people tell of themselves, their groups, and the members of those (contract section 19)."""

from msgspec import UNSET

from domain.errors import CarnetError, Forbidden, ValidationFailed
from domain.explain import parsed
from domain.people import Confirmation
from operations import leaving, people
from server import cookies
from server.api.lists import PageRequest
from server.route import Call, Reply, json_reply
from server.signing_in import Checked, check_own_password, confirm, outcome_of, require
from storage import personal_data
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


async def export(tx: Tx, call: Call) -> Reply:
    """All that is known of the user."""
    found = await personal_data.of_user(tx, call.actor.user, call.sessions_since)
    headers = {"Content-Disposition": 'attachment; filename="carnet-account.json"'}
    return json_reply(found, headers=headers)


async def check_leaving(call: Call) -> Checked:
    """Compares the password that is to show that it is really oneself."""
    return await outcome_of(_check_leaving(call))


async def _check_leaving(call: Call) -> Checked:
    sent = parsed(Confirmation, call.body)
    checked = await check_own_password(call, "password", sent.password)
    if isinstance(checked, ValidationFailed) and sent.password is not UNSET:
        return Forbidden("This is not your password", checked.details)
    return checked


async def leave(tx: Tx, call: Call) -> Reply:
    """The user's account is gone, and so is the cookie."""
    checked: Checked | CarnetError = require(call.prepared)
    await confirm(tx, checked)
    await leaving.leave(tx, call.actor.user, call.now)
    return Reply(204, headers={"Set-Cookie": cookies.clear_session(call.request, call.services)})
