"""JSON of any size, a value at a time (RFC 8259); what is passed over is never made into objects.

Values come as bytes for msgspec, which is strict; here only their ends are looked for. Bounded are
the size of one value, depth, and how much is decoded at once.
"""

import contextlib
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, TypeAlias

import msgspec

from formats.found import Unreadable
from formats.text import of_head, pieces_of

Top: TypeAlias = dict[str, msgspec.Raw] | list[msgspec.Raw]
"""The top level of a document: an object's members, or the first elements of a list."""

MOST_DEPTH: Final = 64
MOST_BYTES: Final = 16 << 20
"""Of one value that is looked at."""

_TOO_LARGE: Final = f"one value is larger than {MOST_BYTES >> 20} MiB"
_HALF: Final = "broken JSON: the file ends in the middle"

_TOP_VALUE: Final = 1 << 20
_TOP_MEMBERS: Final = 1_000
_TOP_ELEMENTS: Final = 16
_ENDS: Final = b" \t\r\n\x1e"
_MOST_VALUES: Final = 400_000
"""Of a document that is decoded whole: a list of empty lists is 20 times its size in memory."""

_STRING: Final = rb'"(?:[^"\\]++|\\.)*+"'
_BLANKS: Final = (b"", b" ", b"\t", b"\r", b"\n", b"\x1e")
_SPACE: Final = re.compile(rb"[ \t\r\n\x1e]*+")
_SCALAR: Final = re.compile(rb"[^\s,:\[\]{}\"]++")
_TOKEN: Final = re.compile(_STRING + rb"|[\[{\]}]", re.DOTALL)


def _flat(depth: int) -> bytes:
    inner = rb'[^"\[\]{}]++|' + _STRING
    if depth:
        inner += rb"|[\[{]" + _flat(depth - 1) + rb"[\]}]"
    return rb"(?:" + inner + rb")*+"


_RUN: Final = re.compile(_flat(6), re.DOTALL)
"""All that is whole of what stands in an object or list."""

_USUAL: Final = re.compile(rb"[\[{]" + _flat(5) + rb"[\]}]|" + _STRING, re.DOTALL)
"""A string, or an object or list that is no deeper than most are: its end is found at once."""


class TooLarge(Unreadable):
    """A value is larger than is looked at."""


class Values:
    """Reads on through a text, from value to value."""

    def __init__(self, file: BinaryIO) -> None:
        self._pieces = _utf8(file)
        self._buffer = b""
        self._at = 0

    def next(self) -> bytes:
        """The first byte of what comes next, without passing it; b"" at the end."""
        while (first := self._buffer[self._at : self._at + 1]) in _BLANKS:
            self._at = _matched(_SPACE, self._buffer, self._at)
            if self._at == len(self._buffer) and not self._more():
                return b""
        return first

    def members(self) -> Iterator[str]:
        """The names of an object; whoever takes one passes its value before the next."""
        for _ in self._inside(b"{", b"}"):
            if self.next() != b'"':
                raise Unreadable("broken JSON: a name in quotes was expected")
            name = decoded(self.value(), str)
            self._pass(b":")
            yield name

    def elements(self) -> Iterator[None]:
        """Stops before each element of a list; whoever takes one passes it before the next."""
        return self._inside(b"[", b"]")

    def value(self) -> bytes:
        """The value that comes next, whole."""
        if not self.next():
            raise Unreadable(_HALF)
        while (end := self._end()) is None:
            if len(self._buffer) - self._at > MOST_BYTES:
                raise TooLarge(_TOO_LARGE)
            if not self._more():
                raise Unreadable(_HALF)
        value = self._buffer[self._at : end]
        self._at = end
        return value

    def skip(self, most: int = 0) -> bytes:
        """Passes a value of any size; answers it if it is no larger than `most`."""
        first = self.next()
        while (end := self._end()) is None and len(self._buffer) - self._at <= most:
            if not self._more():
                raise Unreadable(_HALF)
        if end is not None or first == b'"':
            value = self.value()
            return value if len(value) <= most else _stand_in(value)
        self._at += 1
        while True:
            self._at = _matched(_RUN, self._buffer, self._at)
            if self._buffer[self._at : self._at + 1] in (b"]", b"}"):
                self._at += 1
                return _stand_in(first)
            if self._at < len(self._buffer) and (end := self._end()) is not None:
                self._at = end  # it is deeper than most
            elif len(self._buffer) - self._at > MOST_BYTES:
                raise TooLarge(_TOO_LARGE)
            elif not self._more():
                raise Unreadable(_HALF)

    def _inside(self, opening: bytes, closing: bytes) -> Iterator[None]:
        self._pass(opening)
        if self.next() == closing:
            self._at += 1
            return
        while True:
            yield
            if self.next() == closing:
                self._at += 1
                return
            self._pass(b",")

    def _pass(self, expected: bytes) -> None:
        if (there := self.next()) != expected:
            if not there:
                raise Unreadable(_HALF)
            near = self._buffer[self._at : self._at + 20].decode("utf-8", "replace")
            raise Unreadable(f"broken JSON: {expected.decode()} was expected before {near!r}")
        self._at += 1

    def _end(self) -> int | None:
        """Where the value ends; None as long as that is not to be seen."""
        first = self._buffer[self._at : self._at + 1]
        if first not in (b"{", b"[", b'"'):
            end = _matched(_SCALAR, self._buffer, self._at)
            if end == self._at:
                near = self._buffer[self._at : self._at + 20].decode("utf-8", "replace")
                raise Unreadable(f"broken JSON: a value was expected before {near!r}")
            # A number may go on in what is not read yet.
            return end if end < len(self._buffer) or not self._more() else self._end()
        if found := _USUAL.match(self._buffer, self._at):
            return found.end()
        depth = 0
        for token in _TOKEN.finditer(self._buffer, self._at):
            if token[0] in (b"{", b"["):
                depth += 1
                if depth > MOST_DEPTH:
                    raise Unreadable(f"JSON that is nested more than {MOST_DEPTH} levels deep")
            elif token[0] in (b"}", b"]"):
                depth -= 1
                if depth == 0:
                    return token.end()
        return None

    def _more(self) -> bool:
        """Reads as much again as is waiting, so that a long value is not looked at too often."""
        waiting = [self._buffer[self._at :]]
        length = target = len(waiting[0])
        for piece in self._pieces:
            waiting.append(piece)
            length += len(piece)
            if length > 2 * target:
                break
        self._buffer, self._at = b"".join(waiting), 0
        return length > target


def top(file: BinaryIO) -> Top:
    """The top level of a document that is an object or a list, as far as it can be read.

    Of values beyond the first megabyte only the kind stands there: an empty list or object.
    """
    values = Values(file)
    if values.next() == b"[":
        return _first_elements(values)
    members: dict[str, msgspec.Raw] = {}
    room = 2 * _TOP_VALUE
    try:
        for number, name in enumerate(values.members()):
            if number == _TOP_MEMBERS:
                break
            members[name] = msgspec.Raw(_stand_in(values.next()))
            value = values.skip(min(_TOP_VALUE, room))
            room = max(0, room - len(value))
            members[name] = msgspec.Raw(value)
    except Unreadable:
        if not members:
            raise
    return members


def _first_elements(values: Values) -> list[msgspec.Raw]:
    elements: list[msgspec.Raw] = []
    try:
        for _ in values.elements():
            elements.append(msgspec.Raw(values.skip(_TOP_VALUE)))
            if len(elements) == _TOP_ELEMENTS:
                break
    except Unreadable:
        if not elements:
            raise
    return elements


def elements_of(file: BinaryIO, *path: str) -> Iterator[bytes]:
    """The elements of the list below `path` in the document, each as its bytes.

    None if there is no such list; `elements_of(file)` are those of a document that is a list.
    """
    values = Values(file)
    if _go_to(values, path) and values.next() == b"[":
        for _ in values.elements():
            yield values.value()


def member_of(file: BinaryIO, *path: str) -> bytes | None:
    """The value below `path` in the document; None if it is not there."""
    values = Values(file)
    return values.value() if _go_to(values, path) else None


def _go_to(values: Values, path: tuple[str, ...]) -> bool:
    for wanted in path:
        if values.next() != b"{":
            return False
        for name in values.members():
            if name == wanted:
                break
            values.skip()
        else:
            return False
    return True


def check(file: BinaryIO) -> None:
    """`Unreadable` for a document that is broken, if it is not too large to look at."""
    with contextlib.suppress(TooLarge):
        decoded(Values(file).value(), msgspec.Raw)


def values_of(file: BinaryIO) -> Iterator[bytes]:
    """All values of a file; most have one."""
    values = Values(file)
    while values.next():
        yield values.value()


def document_of(file: BinaryIO) -> Any:
    """A document as a whole, for formats whose files are small; `Unreadable` for a large one."""
    values = Values(file)
    raw = values.value()
    if raw.count(b",") + raw.count(b"[") + raw.count(b"{") > _MOST_VALUES:
        raise Unreadable(f"JSON with more than {_MOST_VALUES:,} values")
    return decoded(raw)


def decoded(raw: bytes, kind: Any = Any) -> Any:
    """A value; `Unreadable` if it is none of JSON or not of this kind."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise Unreadable(f"JSON of another form: {error}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"broken JSON: {error}") from error


def records_of(file: BinaryIO, most: int = MOST_BYTES) -> Iterator[bytes]:
    """What stands in the lines of a file, or between the separators of RFC 8142."""
    file.seek(0)
    separator = b"\x1e" if b"\x1e" in file.read(8) else b"\n"
    waiting: list[bytes] = []
    length = 0
    for piece in _utf8(file):
        first, *others = piece.split(separator)
        waiting.append(first)
        for other in others:
            if record := b"".join(waiting).strip():
                yield record
            waiting, length = [other], 0
        if (length := length + len(piece)) > most:
            raise Unreadable(f"one line is larger than {most:,} bytes")
    if record := b"".join(waiting).strip(_ENDS):
        yield record


def _utf8(file: BinaryIO) -> Iterator[bytes]:
    """The text in UTF-8, without a mark."""
    file.seek(0)
    encoding = of_head(file.read(1024))
    for piece in pieces_of(file, encoding):
        yield piece.removeprefix("\ufeff").encode("utf-8", "surrogateescape")


def _stand_in(value: bytes) -> bytes:
    return {b"[": b"[]", b"{": b"{}", b'"': b'""'}.get(value[:1], b"null")


def _matched(pattern: re.Pattern[bytes], buffer: bytes, at: int) -> int:
    found = pattern.match(buffer, at)
    return found.end() if found else at
