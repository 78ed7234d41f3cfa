"""The operations on people, their groups and invitations: rows of the table in `server.routes`."""

from typing import Any, Final

from domain.people import Confirmation, GroupName, Invitation, Membership, Newcomer, Profile
from server.api import invites, people, requests, schemas
from server.api.lists import LIST_QUERY
from server.api.session import SignedIn
from server.bodies import ROW_BYTES
from server.route import Body, Route, Transaction
from storage.groups import Group, Member
from storage.personal_data import PersonalData
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
    Transaction("POST", "/invites/{token}", "acceptInvite", invites.accept,
                "Accept an invitation", "people", SignedIn, access="visitor",
                body=Body(type=requests.of(Newcomer), largest=ROW_BYTES, optional=True),
                statuses=(200, 201), prepare=invites.check,
                description="Signed in, it takes no body. Signed out, it makes a new user, who is "
                            "signed in (201); or signs in the user with that e-mail address, whose "
                            "password it has to be. It can be accepted once."),
    Transaction("DELETE", "/me", "deleteMe", people.leave, "Delete your account", "me", None,
                access="session", statuses=(204,), prepare=people.check_leaving,
                body=Body(type=requests.of(Confirmation), largest=ROW_BYTES, optional=True,
                          secret=True),
                description="Your keys, sessions, passkeys, webhooks and memberships go, and the "
                            "groups, with their trips, of which you are the only member; other "
                            "trips stay, and so do your messages in them, by a *Former member*. "
                            "The only owner of a group with others is answered 409. Without a "
                            "password one need send none."),
    Transaction("GET", "/me/export", "exportMe", people.export, "Read all that is known of you",
                "me", PersonalData, access="session",
                description="As a file: your profile, groups, keys, sessions, passkeys, webhooks, "
                            "invitations, trips, and your messages and changes in them."),
)  # fmt: skip
