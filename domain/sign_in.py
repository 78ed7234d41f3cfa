"""Signing in by password: what is sent, and how often it may fail (contract section 19)."""

import math
from typing import Annotated, Any, Final, NamedTuple, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from domain import password
from domain.errors import ValidationFailed
from domain.explain import parsed, validate
from domain.fields import Email, PersonName, also

S = TypeVar("S", bound=Struct)

WINDOW_SECONDS: Final = 15 * 60
MOST_OF_ACCOUNT: Final = 10
"""Failures of one account from one address within the window."""
MOST_OF_ADDRESS: Final = 100
"""Failures from one address within the window."""
RESET_HOURS: Final = 24
"""How long a link is good by which a new password is set."""

Password = Annotated[
    str,
    Meta(
        max_length=password.MOST_BYTES,
        description=f"a string of at most {password.MOST_BYTES:,} bytes",
        extra_json_schema={"format": "password", "writeOnly": True},
    ),
]
"""A password that there is, or may be."""
NewPassword = Annotated[
    str,
    Meta(
        max_length=password.MOST_BYTES,
        description=f"a string of at least {password.LEAST_CHARACTERS} characters and at most"
        f" {password.MOST_BYTES:,} bytes",
        extra_json_schema={
            "format": "password",
            "writeOnly": True,
            "minLength": password.LEAST_CHARACTERS,
            "examples": ["a ferry at six in the morning"],
        },
    ),
]
"""A password to be; `domain.password.refused` has the rules."""


class SignIn(Struct, forbid_unknown_fields=True):
    """Who signs in, and what only they know."""

    email: Annotated[str, also("username", "user", "login", "mail"), Meta(max_length=300)]
    password: Password


class SetUp(Struct, forbid_unknown_fields=True):
    """The first user: who it is, and the code that the server has printed."""

    code: Annotated[str, Meta(max_length=100, description="the code that the server has printed")]
    email: Annotated[Email, also("mail")]
    name: PersonName
    password: NewPassword


class PasswordChange(Struct, forbid_unknown_fields=True):
    """One's password as it is, if one has any, and as it is to be."""

    new: Annotated[NewPassword, also("newPassword", "password")]
    current: Annotated[Password, also("currentPassword", "old")] | UnsetType = UNSET


class PasswordReset(Struct, forbid_unknown_fields=True):
    """A new password."""

    password: Annotated[NewPassword, also("new", "newPassword")]


def chosen(struct: type[S], body: Any, field: str, email: str = "") -> S:
    """What was sent, with a password to be in one of its fields; `ValidationFailed` tells all.

    `email` is whose password it is to be, where the body does not say.
    """
    found = validate(struct, body)
    if isinstance(body, dict) and all(detail.path != field for detail in found):
        typed = body.get("email", email)
        found += password.refused(field, body[field], typed if isinstance(typed, str) else "")
    if found:
        raise ValidationFailed(found)
    return parsed(struct, body)


class Failures(NamedTuple):
    """How many sign-ins have failed within the window, and when the first of them did.

    Moments are in seconds since 1970; 0 where none has.
    """

    of_account: int
    of_account_since: float
    of_address: int
    of_address_since: float


def wait_seconds(failures: Failures, now: float) -> int:
    """The whole seconds until another attempt may be made; 0: it may be made now."""
    since = []
    if failures.of_account >= MOST_OF_ACCOUNT:
        since.append(failures.of_account_since)
    if failures.of_address >= MOST_OF_ADDRESS:
        since.append(failures.of_address_since)
    return max((max(1, math.ceil(at + WINDOW_SECONDS - now)) for at in since), default=0)
