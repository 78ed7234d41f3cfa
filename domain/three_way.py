"""Taking back what one change did to a document, where others have changed it since.

A document is taken for the members at the ends of its paths: objects are gone into, as merges do
(RFC 7396), while an array, a scalar and an empty object are one member each.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from domain.merge import Document

Path = tuple[str, ...]
"""The names that lead to a member."""

_MISSING: Any = object()


def to_the_letter(a: Any, b: Any) -> bool:
    """Whether two JSON values are the same text."""
    if a is _MISSING or b is _MISSING:
        return a is b
    return msgspec.json.encode(a) == msgspec.json.encode(b)


def changed_paths(
    before: Document, after: Document, alike: Callable[[Any, Any], bool]
) -> Iterator[Path]:
    """The members that differ between two documents."""
    for name in {**before, **after}:
        old, new = before.get(name, _MISSING), after.get(name, _MISSING)
        if _is_object(old, new) and _is_object(new, old):
            inner = ({} if old is _MISSING else old, {} if new is _MISSING else new)
            yield from ((name, *path) for path in changed_paths(*inner, alike))
        elif not alike(old, new):
            yield (name,)


def _is_object(value: Any, other: Any) -> bool:
    """Whether a value can be gone into beside another.

    What is not there is as if it were an empty object, beside one that is not empty.
    """
    if value is _MISSING:
        return isinstance(other, dict) and bool(other)
    return isinstance(value, dict)


class Changed:
    """The members that changes have touched, each with the revision of the latest one."""

    def __init__(self) -> None:
        self._at: dict[Path, int] = {}
        self._within: dict[Path, int] = {}

    def add(self, rev: int, paths: Iterable[Path]) -> None:
        """Takes the change of a revision into account; they come in order."""
        for path in paths:
            self._at[path] = rev
            for end in range(1, len(path)):
                self._within[path[:end]] = rev

    def rev_of(self, path: Path) -> int | None:
        """The latest revision that touched a member, something in it, or what it is in."""
        revs = [self._at.get(path[:end]) for end in range(1, len(path) + 1)]
        return max(filter(None, [*revs, self._within.get(path)]), default=None)


def put_back(document: Document, before: Document, paths: Iterable[Path]) -> None:
    """Gives a document these members as they were before."""
    for path in paths:
        _put(document, before, path)


def _put(target: Document, before: Document, path: Path) -> None:
    name, *rest = path
    if not rest:
        if name in before:
            target[name] = before[name]
        else:
            target.pop(name, None)
        return
    inner = before.get(name, {})
    if not isinstance(target.get(name), dict):
        if not _has(inner, rest):
            return
        target[name] = {}
    _put(target[name], inner, tuple(rest))
    if not target[name] and name not in before:
        del target[name]


def _has(document: Any, path: Iterable[str]) -> bool:
    for name in path:
        if not isinstance(document, dict) or name not in document:
            return False
        document = document[name]
    return True
