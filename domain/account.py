"""Users, groups and keys, as far as rules go."""

import datetime
import hashlib
import re
import unicodedata
from typing import Final

KEY_PREFIX: Final = "osk_"

_AGENT_READ: Final = 1_000
_AGENT_CHARACTERS: Final = 160

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


class AccountError(ValueError):
    """A user, group or key that cannot be made, changed or found; the text is for a person."""


class NoOwnerLeft(AccountError):
    """A change of a group's members that would leave it without an owner."""


def is_email(text: str) -> bool:
    """Whether this could be an address; whether it is one only a mail can tell."""
    # Control and invisible characters, such as come along when an address is pasted.
    hidden = any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in text)
    return not hidden and _EMAIL.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Whether people and groups can be called this: 1 to 200 characters, no control among them."""
    control = any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text)
    return not control and bool(text.strip()) and len(text) <= 200


def used_from(address: str, agent: str) -> str:
    """Where a key or a session is used: the client's address, and what it calls itself.

    `agent` is a User-Agent header (RFC 9110 section 10.1.5): whatever a client likes, so nothing of
    it is kept that would change how a line is shown, and no more than fits on one.
    """
    shown = "".join(
        " " if character.isspace() else character
        for character in agent[:_AGENT_READ]
        if character.isspace() or not unicodedata.category(character).startswith("C")
    )
    program = " ".join(shown.split())
    if len(program) > _AGENT_CHARACTERS:
        program = f"{program[:_AGENT_CHARACTERS]}…"
    return ", ".join(part for part in (address, program) if part)


def key_hash(key: str) -> str:
    """What is stored of a key: SHA-256, in hex. A key is random, so no salt is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


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


def is_expiry(text: str) -> bool:
    """Whether this is a date or a moment at which a key may end."""
    try:
        parse_expiry(text)
    except ValueError:
        return False
    return True


def _is_date(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True
