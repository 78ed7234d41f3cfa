"""Full-text search in the documents of a trip."""

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from domain.merge import Document
from domain.resource import SERVER_MEMBERS

_AROUND: Final = 80
"""Characters that are shown on each side of what was found."""


class Hit(msgspec.Struct, frozen=True):
    """Where the words of a query are in a document."""

    path: str
    """Of the text that has the most of them."""
    text: str
    """That text, or what stands around the first of the words in it."""


def words_of(text: str) -> list[str]:
    """The words of a text; capitals and accents do not count."""
    return _folded(text).split()


def find(document: Document, words: Sequence[str]) -> Hit | None:
    """Where a document has the words, each of them somewhere in its texts; else None."""
    missing, best, most = set(words), None, 0
    for path, text in _texts(document, ""):
        folded = _folded(text)
        here = [word for word in words if word in folded]
        missing.difference_update(here)
        if len(here) > most:
            most, best = len(here), (path, text, folded.index(here[0]))
    if missing or best is None:
        return None
    path, text, at = best
    return Hit(path, _around(text, at))


def _around(text: str, at: int) -> str:
    """A piece of a text; `at` is a place in its folded form, which is nearly as long."""
    start, end = max(0, at - _AROUND), at + _AROUND
    before, after = "…" if start else "", "…" if end < len(text) else ""
    return f"{before}{text[start:end]}{after}"


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(each for each in decomposed if not unicodedata.combining(each)).casefold()


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """The texts of a document with their paths; those that only the server sets are none."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if path or name not in SERVER_MEMBERS:
                yield from _texts(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{path}[{index}]")
