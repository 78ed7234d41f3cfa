"""Where reading begins: what a file is, by its content."""

import io
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, Literal

import msgspec

from formats import archives, json_text
from formats.archives import Archive, is_archive
from formats.distinct import distinct
from formats.found import Found, NotImported, Position, Reading, Reject, Unreadable
from formats.kinds import KINDS, Kind
from formats.refused import refuse_bytes, refuse_members, refuse_xml
from formats.text import head_of, is_binary, of_head

_JSON: Final = re.compile(r"\x1e|\[|\{\s*[\"}]")
_PICTURES: Final = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".heic", ".svg", ".bmp", ".ico")

_NOTHING: Final = b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"
"""Blanks, and what marks the order of bytes."""
_MOST_INNER: Final = 32 << 20
_MOST_FIRST: Final = 1 << 20
"""Bytes of the first line, by which a file of lines is recognised."""

_NOT_READ: Final = (
    "this is no file of a kind that is read: JSON, NDJSON, CSV, GeoJSON, GPX, KML, KMZ, ICS, mails,"
    " boarding passes, exports of trip planners, and ZIPs of these are"
)


def read(file: BinaryIO, name: str, reading: Reading) -> Iterator[Found]:
    """What a seekable file holds, lazily; raises nothing but `Unreadable`, also on the way.

    The content decides; of `name` the suffix only where several formats would do.
    """
    return distinct(_read(file, name, reading, depth=0))


def _read(file: BinaryIO, name: str, reading: Reading, *, depth: int) -> Iterator[Found]:
    """At a `depth` of archives around it."""
    head = head_of(file)
    if not head.strip(_NOTHING):
        raise Unreadable("the file is empty")
    if not is_archive(head):
        kind = _of_text(file, head, name)
    elif depth and len(packed := file.read(_MOST_INNER + 1)) > _MOST_INNER:
        raise Unreadable(f"an archive of more than {_MOST_INNER >> 20} MiB in one: unpack it first")
    else:
        # An archive is read from its end: within another one, that would unpack it over and over.
        file = io.BytesIO(packed) if depth else file
        with archives.opened(file) as archive:
            names = frozenset(archive.names)
            found = _first("members", names, name)
            if found is None:
                refuse_members(names)
                yield from _members(archive, name, reading, depth=depth)
                return
            kind = found
    file.seek(0)
    yield from kind.read(file, name, reading)


def _members(archive: Archive, name: str, reading: Reading, *, depth: int) -> Iterator[Found]:
    """Each file by itself."""
    if depth > 1:
        raise Unreadable("an archive in an archive in an archive: unpack it first")
    if not archive.names:
        raise Unreadable("the archive is empty")
    for member in archive.names:
        yield from _member(archive, member, f"{name}/{member}", reading, depth=depth + 1)


def _member(
    archive: Archive, member: str, name: str, reading: Reading, *, depth: int
) -> Iterator[Found]:
    """One that cannot be read is told of, and does not stop the others."""
    if member.lower().endswith(_PICTURES):
        yield NotImported(what="other", name=member, at=Position(file=name))
        return
    try:
        with archive.open(member) as file:
            yield from _read(file, name, reading, depth=depth)
    except Unreadable as error:
        yield Reject(reason=str(error), row=None, name=member, at=Position(file=name))


def _of_text(file: BinaryIO, head: bytes, name: str) -> Kind:
    refuse_bytes(head)
    if is_binary(head):
        raise Unreadable(_NOT_READ)
    text = head.decode(of_head(head), "replace").lstrip("\ufeff\0 \t\r\n")
    kind = _of_json(file, name) if _JSON.match(text) else None
    if kind is None:
        kind = _first("text", text, name)
    if kind is None:
        refuse_xml(text)
        raise Unreadable(_NOT_READ)
    return kind


def _of_json(file: BinaryIO, name: str) -> Kind | None:
    """The kind of one document, or of one value after another."""
    try:
        first = next(json_text.records_of(file, _MOST_FIRST), b"")
        line = json_text.decoded(first, dict[str, msgspec.Raw])
    except Unreadable:
        line = None
    if line is not None and (kind := _first("line", line, name)):
        return kind
    top = json_text.top(file)
    if kind := _first("top", top, name):
        return kind
    json_text.check(file)
    told = f"with members {', '.join([*top][:8])}"[:200] if isinstance(top, dict) else "a list"
    raise Unreadable(f"this is JSON of a kind that is not read ({told})")


def _first(part: Literal["text", "members", "top", "line"], content: Any, name: str) -> Kind | None:
    """The kind that recognises the content by that part; the suffix breaks ties."""
    kinds = [kind for kind in KINDS if (fits := getattr(kind, part)) is not None and fits(content)]
    suffix = name.rpartition(".")[2].lower()
    return min(kinds, key=lambda kind: suffix not in kind.suffixes, default=None)
