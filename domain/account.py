"""Users, groups and keys, as far as rules go."""

import dataclasses
import datetime
import hashlib
import re
import unicodedata
from typing import Final

from domain.scopes import Role, Scopes

KEY_PREFIX: Final = "osk_"

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


def is_email(text: str) -> bool:
    """Whether this could be an address; whether it is one only a mail can tell."""
    # Control and invisible characters, such as come along when an address is pasted.
    hidden = any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in text)
    return not hidden and _EMAIL.fullmatch(text) is not None


def key_hash(key: str) -> str:
    """What is stored of a key: SHA-256, in hex. A key is random, so no salt is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


@dataclasses.dataclass(frozen=True, slots=True)
class TripAccess:
    """A trip that exists, and the caller's part in it."""

    rev: int
    role: Role | None
    """None when the caller is not in the trip's group."""


@dataclasses.dataclass(frozen=True, slots=True)
class Caller:
    """The user who sends a request, and the key it comes with."""

    key_id: str
    key_name: str
    scopes: Scopes
    rate_limit: int | None
    """Requests per minute of this key; None for the default."""
    user_id: str
    name: str
    email: str
    trip: TripAccess | None
    """The trip the request is about; None when it names none, or one that does not exist."""
    expires_at: str | None = None
    """When the key ends, as `domain.clock.timestamp` writes it."""

    def may_call_at(self, now: str) -> bool:
        """Whether the key is good at a moment."""
        return self.expires_at is None or now < self.expires_at


def parse_expiry(text: str) -> datetime.datetime:
    """When a key ends: a date means its last day, in UTC; ValueError says why it is no moment."""
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text[:80]!r} is not a date such as 2030-12-31 or a moment such as"
            " 2030-12-31T18:00:00Z"
        ) from None
    try:
        if _is_date(text):
            moment += datetime.timedelta(days=1)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return moment.astimezone(datetime.UTC)
    except OverflowError:
        raise ValueError(
            f"{text} ends beyond the calendar; the last day there can be is 9999-12-30"
        ) from None


def _is_date(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True
