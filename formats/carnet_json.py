"""Carnet's own JSON: exports, bodies of syncs and batches, lists as the API answers them, NDJSON.

Of NDJSON each line is a row with the name of its list in `list`, as `carnet export` writes it.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import msgspec

from formats.found import Found, Notice, Position, Reading, Reject, Unreadable
from formats.json_text import Top, Values, decoded
from formats.own import KINDS, LISTS, NO_ROWS, OwnRows, about, list_of
from formats.rows import telling
from formats.text import lines_of, pieces_of

_IGNORED: Final = NO_ROWS | {"nextCursor", "dryRun"}
_ITEMS: Final = "items"
_TRIP: Final = "trip"
_MOST_TRIP: Final = 64 << 10
"""Bytes of what is said of the trip itself."""


def is_document(top: Top) -> bool:
    """Whether a document has lists of ours, or is one."""
    if isinstance(top, list):
        return _is_row(top)
    lists = {name for name in LISTS if bytes(memoryview(top.get(name, _NOTHING))[:1]) == b"["}
    # Legs and stays may be another program's too, unless there is nothing else.
    if lists - {"legs", "stays"} or (lists and lists >= top.keys() - _IGNORED):
        return True
    try:
        return _is_row(decoded(top.get(_ITEMS, _NOTHING), list[msgspec.Raw]))
    except Unreadable:
        return False


def is_line(line: Top) -> bool:
    """Whether a line is a row that tells its list."""
    if isinstance(line, list):
        return False
    name = _decoded(line.get("list", line.get("kind", _NOTHING)))
    return isinstance(name, str) and name in KINDS.keys() | NO_ROWS


_NOTHING: Final = msgspec.Raw(b"null")


def _is_row(elements: list[msgspec.Raw]) -> bool:
    first = _decoded(elements[0]) if elements else None
    return isinstance(first, dict) and list_of(first) is not None


def _decoded(raw: msgspec.Raw) -> Any:
    try:
        return decoded(raw)
    except Unreadable:
        return None


def read(file: BinaryIO, name: str, reading: Reading) -> Iterator[Found]:
    """The rows of a document's lists, each as it is met."""
    own = OwnRows(reading)
    values = Values(file)
    if values.next() == b"[":
        yield from _elements(values, own, "", name)
        return
    for member in values.members():
        if member in LISTS and values.next() == b"[":
            yield from _elements(values, own, member, name)
        elif member == _ITEMS and values.next() == b"[":
            yield from _elements(values, own, "", name)
        elif member == _TRIP:
            yield from about(_decoded(msgspec.Raw(values.skip(_MOST_TRIP))), name)
        else:
            values.skip()
            if member not in _IGNORED:
                text = f"the member {telling(member)[:40]!r} is no list of Carnet's: left out"
                yield Notice(text=text, at=Position(file=name))


def _elements(values: Values, own: OwnRows, list_name: str, file: str) -> Iterator[Found]:
    """The rows of one list; of one without a name each tells by its fields what it is."""
    for index, _ in enumerate(values.elements()):
        at = Position(file=file, index=index)
        raw = values.value()
        try:
            document = decoded(raw)
        except Unreadable as error:
            yield Reject(reason=str(error), row=raw[:1_000].decode("utf-8", "replace"), at=at)
            continue
        known = list_name or (list_of(document) if isinstance(document, dict) else None)
        if known is None:
            reason = f"it has not the fields that a row of {', '.join(LISTS)} requires"
            yield Reject(reason=reason, row=telling(document), at=at)
        else:
            yield from own.take(known, document, at)


def read_lines(file: BinaryIO, name: str, reading: Reading) -> Iterator[Found]:
    """A row a line."""
    own = OwnRows(reading)
    for number, line in enumerate(lines_of(pieces_of(file, "utf-8-sig")), start=1):
        if not line.strip():
            continue
        at = Position(file=name, line=number)
        try:
            document = decoded(line.encode("utf-8", "surrogateescape"), dict[str, Any])
        except Unreadable as error:
            yield Reject(reason=str(error), row=telling(line[:1_000].rstrip()), at=at)
            continue
        # `kind` is no field of any row, nor is `list`.
        kind = document.pop("list", None) or document.pop("kind", None)
        if kind == _TRIP:
            yield from about(document, name)
        elif kind not in NO_ROWS:
            yield from own.take(str(kind), document, at)
