"""Did you mean: the known names that a wrong one comes near."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

_LONGEST: Final = 40
"""Characters from which a name is no slip of a known one; bounds the work."""


class Names:
    """Known names, found by other spellings, by other words for them, and by a slip."""

    def __init__(self, known: Mapping[str, Iterable[str]]) -> None:
        """`known` maps each name to other words for it."""
        self._spelt: dict[str, list[str]] = {}
        for name, others in known.items():
            for word in (name, *others):
                _add(self._spelt, plain(word), name)
        self._stems: dict[str, list[str]] = {}
        self._cut: dict[str, list[str]] = {}
        for word, names in self._spelt.items():
            for name in names:
                _add(self._stems, _stem(word), name)
                for shorter in _with_one_missing(word):
                    _add(self._cut, shorter, name)

    def find(self, given: str) -> list[str]:
        """The names that a wrong one stands for; none where nothing comes near.

        Capitals and what is no letter or digit do not count (`start_date`), nor does a plural
        `s`, nor one character that is missing, too many, wrong, or after its neighbour.
        """
        if len(given) > _LONGEST:
            return []
        word = plain(given)
        for names in (self._spelt.get(word), self._stems.get(_stem(word))):
            if names:
                return names
        if len(word) <= len("lat"):
            return []
        for near in (word, *_with_one_missing(word)):
            if names := self._cut.get(near) or self._spelt.get(near):
                return names
        return []


def plain(name: str) -> str:
    """A name's letters and digits alone, small."""
    return re.sub(r"[\W_]", "", name).lower()


def _stem(word: str) -> str:
    return word.removesuffix("s")


def _with_one_missing(word: str) -> Iterable[str]:
    return (word[:at] + word[at + 1 :] for at in range(len(word)))


def _add(lists: dict[str, list[str]], key: str, name: str) -> None:
    names = lists.setdefault(key, [])
    if name not in names:
        names.append(name)
