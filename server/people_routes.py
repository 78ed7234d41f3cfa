"""The operations on people, their groups and invitations: rows of the table in `server.routes`."""

from typing import Any, Final

from domain.people import GroupName, Invitation, Membership, Profile
from server.api import invites, people, requests, schemas
from server.api.lists import LIST_QUERY
from server.bodies import ROW_BYTES
from server.route import Body, Route, Transaction
from storage.groups import Group, Member
from storage.users import ProfileInfo

_GROUP: Final = "/groups/{groupId}"
_MEMBER: Final = f"{_GROUP}/members/{{userId}}"


def _body(kind: Any) -> Body:
    return Body(type=kind, largest=ROW_BYTES)


PEOPLE: Final[tuple[Route, ...]] = (
    Transaction("PATCH", "/me", "updateMe", people.change_profile, "Change your name or phone",
                "me", ProfileInfo, access="session",
                body=_body(requests.of(Profile, ProfileInfo, partly=True)),
                description="Members of your groups see them."
                            " What is absent stays, null clears."),
    Transaction("POST", "/groups", "createGroup", people.create_group, "Create a group", "people",
                Group, access="session", body=_body(requests.of(GroupName)), statuses=(201,),
                description="You are its owner."),
    Transaction("PATCH", _GROUP, "updateGroup", people.change_group, "Rename a group", "people",
                Group, access="session", body=_body(requests.of(GroupName, Group, partly=True)),
                description="For its owners."),
    Transaction("GET", f"{_GROUP}/members", "listGroupMembers", people.list_members,
                "List a group's members", "people", schemas.page(Member), access="session",
                query=LIST_QUERY,
                description="For its members. With a key, `GET /trips/{tripId}/members` tells "
                            "them."),
    Transaction("PATCH", _MEMBER, "updateGroupMember", people.change_member,
                "Change a member's role", "people", Member, access="session",
                body=_body(requests.of(Membership, Member, partly=True)),
                description="For owners. To hand a group over, make another member an owner; a "
                            "group keeps one, else the answer is 409."),
    Transaction("DELETE", _MEMBER, "deleteGroupMember", people.remove_member,
                "Remove a member, or leave", "people", None, access="session", statuses=(204,),
                description="Owners remove others, and anyone may leave; but a group keeps an "
                            "owner, else the answer is 409."),
    Transaction("GET", f"{_GROUP}/invites", "listInvites", invites.list_, "List invitations",
                "people", invites.InviteList, access="session",
                description="For owners: those that wait to be accepted, without their links."),
    Transaction("POST", f"{_GROUP}/invites", "createInvite", invites.create,
                "Invite somebody to a group", "people", invites.NewInvite, access="session",
                body=_body(requests.of(Invitation)), statuses=(201,),
                description="For owners. The reply shows the `url` to pass on, this once. Whoever "
                            "opens it first becomes a member; it is good for seven days, or "
                            "`expiresInDays`, and while you are an owner."),
    Transaction("DELETE", f"{_GROUP}/invites/{{inviteId}}", "deleteInvite", invites.revoke,
                "Revoke an invitation", "people", None, access="session", statuses=(204,),
                description="For owners. Its link is not found from then on."),
    Transaction("GET", "/invites/{token}", "getInvite", invites.show,
                "Read what you are invited to", "people", invites.InviteOffer, access="visitor",
                description="Anyone with the link may. One that was used, revoked or has expired "
                            "is not found, like one that never was."),
)  # fmt: skip
