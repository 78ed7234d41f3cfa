"""The words of pages, in the languages there are: one catalogue of messages for each.

A catalogue is JSON in `messages/`, `{"section": {"name": text}}`, which scripts read too. A text
may have `{placeholders}`; one that depends on a number `n` is `{"one": ..., "other": ...}` (Unicode
CLDR plural categories).
"""

import functools
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

import msgspec

LANGUAGES: Final = {"en": "English", "fr": "Français"}
"""What each is called in itself; the first is the default."""
DEFAULT: Final = "en"

Message = str | dict[str, str]

_RANGE: Final = re.compile(
    r"\s*([a-z]{1,8})(?:-([a-z0-9]{1,8}))?[a-z0-9-]*\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?",
    re.IGNORECASE | re.ASCII,
)


class Words:
    """The messages of one language, for a reader of one region."""

    def __init__(self, language: str, region: str = "") -> None:
        self.language = language
        self.region = region
        """Of the reader, such as US; empty where it is not known. Dates are written by it."""
        self._messages = _catalogue(language)

    @property
    def tag(self) -> str:
        """The language tag (RFC 5646)."""
        return f"{self.language}-{self.region}" if self.region else self.language

    def __call__(self, key: str, **values: Any) -> str:
        """A message, `section.name`, with its placeholders filled in."""
        message = self._messages[key]
        if isinstance(message, dict):
            message = message[self._category(values["n"])]
        return message.format_map(values) if values else message

    def get(self, key: str) -> str | None:
        """A message without placeholders, if there is one of this key."""
        message = self._messages.get(key)
        return message if isinstance(message, str) else None

    def _category(self, n: float) -> str:
        """Of English and French (Unicode CLDR, Language Plural Rules)."""
        if self.language == "fr":
            return "one" if 0 <= n < 2 else "other"
        return "one" if n == 1 else "other"


@functools.cache
def _catalogue(language: str) -> Mapping[str, Message]:
    raw = (files("server.pages") / "messages" / f"{language}.json").read_bytes()
    sections = msgspec.json.decode(raw, type=dict[str, dict[str, Message]])
    return {
        f"{section}.{name}": message
        for section, messages in sections.items()
        for name, message in messages.items()
    }


@functools.cache
def words(language: str, region: str = "") -> Words:
    """The words of a language and region that there are."""
    return Words(language, region)


def choose(chosen: str | None, accepted: str) -> Words:
    """The words for a reader, who has chosen a language, or whose browser accepts some.

    `accepted` is an Accept-Language header (RFC 9110 section 12.5.4).
    """
    ranked = sorted(_accepted(accepted), key=lambda each: -each[2])
    known = [(language, region) for language, region, weight in ranked if weight > 0]
    if chosen in LANGUAGES:
        return words(chosen, next((r for each, r in known if each == chosen), ""))
    for language, region in known:
        if language in LANGUAGES:
            return words(language, region)
    return words(DEFAULT)


def _accepted(header: str) -> list[tuple[str, str, float]]:
    found = []
    for part in header[:1_000].split(","):
        if match := _RANGE.fullmatch(part):
            region = match[2] or ""
            region = region.upper() if region.upper() in _REGIONS else ""
            found.append((match[1].lower(), region, float(match[3] or 1)))
    return found


_REGIONS: Final = frozenset({"US", "GB", "CA"})
"""Those in which dates are written in another way than elsewhere, or might be."""
