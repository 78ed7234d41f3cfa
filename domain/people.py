"""People and their groups: what is sent of them (contract section 19)."""

from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from domain.errors import ValidationFailed
from domain.explain import unknown, validate
from domain.fields import Email, PersonName, also
from domain.merge import Document, merge
from domain.sign_in import NewPassword, Password

Phone = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$",
        max_length=50,
        description="a telephone number, of at most 50 characters on one line",
        examples=["+44 20 7946 0000"],
    ),
]
RoleName = Literal["owner", "editor", "viewer"]

INVITE_DAYS: Final = 7
"""How long an invitation is good for that says nothing else."""
MOST_INVITE_DAYS: Final = 30
MOST_INVITES: Final = 100
"""Invitations of one group that wait to be accepted."""

FORMER_MEMBER: Final = "Former member"
"""The name of whoever has deleted their account."""


class Profile(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What people tell of themselves; the other members of their groups see it."""

    name: PersonName
    phone: Phone | UnsetType = UNSET


class GroupName(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What a group is called."""

    name: PersonName


class Membership(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What a member may do in a group."""

    role: RoleName


class Invitation(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What whoever accepts an invitation becomes, and until when they may."""

    role: RoleName
    expires_in_days: (
        Annotated[int, Meta(ge=1, le=MOST_INVITE_DAYS), also("days", "expiresIn")] | UnsetType
    ) = UNSET


class Newcomer(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """Who accepts an invitation without being signed in."""

    email: Annotated[Email, also("mail")]
    name: PersonName
    password: NewPassword


class Confirmation(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """Proof that it is oneself who asks, and not someone at a screen left open."""

    password: Password | UnsetType = UNSET


READ_ONLY: Final[dict[type[Struct], tuple[str, ...]]] = {
    Profile: ("_id", "email", "createdAt"),
    GroupName: ("_id", "role"),
    Membership: ("userId", "name", "email", "phone"),
}
"""What only others set: accepted and ignored, so that what was read can be sent back."""


def merged(struct: type[Struct], before: Document, body: Any) -> Document:
    """The fields of a struct under a patch (RFC 7396); `before` is empty for what is new.

    `ValidationFailed` tells all that is wrong.
    """
    if not isinstance(body, dict):
        raise ValidationFailed(validate(struct, body))
    ignored = READ_ONLY.get(struct, ())
    patch = {name: value for name, value in body.items() if name not in ignored}
    fields: Document = merge(before, patch)
    found = validate(struct, fields)
    found += [
        unknown(struct, name)
        for name, value in patch.items()
        if value is None and name not in struct.__struct_encode_fields__
    ]
    if found:
        raise ValidationFailed(found)
    return fields
