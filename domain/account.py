"""Users, groups and keys, as far as rules go."""

import dataclasses
import datetime
import hashlib
import re
from typing import Final

from domain.scopes import Role, Scopes

KEY_PREFIX: Final = "osk_"

_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}")


def is_email(text: str) -> bool:
    """Whether this could be an address; whether it is one only a mail can tell."""
    return _EMAIL.fullmatch(text) is not None


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
    """Who sends a request, and with which key."""

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
    """When a key ends: a date means its last day, in UTC; ValueError if it is no moment."""
    try:
        moment = datetime.datetime.fromisoformat(text)
        if _is_date(text):
            moment += datetime.timedelta(days=1)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return moment.astimezone(datetime.UTC)
    except OverflowError as error:
        raise ValueError(f"{text} is beyond the calendar") from error


def _is_date(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True
