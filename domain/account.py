"""Users, groups and keys, as far as rules go."""

import datetime
import hashlib
import re
from typing import Final

KEY_PREFIX: Final = "osk_"

_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}")


def is_email(text: str) -> bool:
    """Whether this could be an address; whether it is one only a mail can tell."""
    return _EMAIL.fullmatch(text) is not None


def key_hash(key: str) -> str:
    """What is stored of a key: SHA-256, in hex. A key is random, so no salt is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


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
