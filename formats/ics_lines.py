"""Components of a calendar, from its lines (RFC 5545 section 3.1).

A file is read as far as it goes, a component at a time: one that is broken, or cut off, costs
itself alone.
"""

import dataclasses
from collections.abc import Iterator
from typing import BinaryIO, Final

from formats.found import Unreadable
from formats.text import head_of, of_head, pieces_of

LONGEST_LINE: Final = 1 << 18
"""Bytes that are kept of one: more is a file that is attached."""

MOST_LINES: Final = 10_000
"""Of one component, so that one that never ends does not fill the memory."""

_MOST_DEPTH: Final = 8
_CALENDAR: Final = "VCALENDAR"
_WITHIN_CALENDARS: Final = ("VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE")


@dataclasses.dataclass(frozen=True)
class Property:
    """A line with a value; of a text its escapes are resolved."""

    value: str
    params: dict[str, str]


@dataclasses.dataclass
class Component:
    """What stands between BEGIN and END."""

    name: str
    line: int
    whole: bool = False
    """False where its END is missing."""
    properties: dict[str, list[Property]] = dataclasses.field(default_factory=dict)
    inner: list["Component"] = dataclasses.field(default_factory=list)
    broken: str = ""
    """A line that is none, within it."""

    def all(self, name: str) -> list[Property]:
        """The properties of this name."""
        return self.properties.get(name, [])

    def first(self, name: str) -> Property | None:
        """The first of them that is not empty."""
        return next((each for each in self.all(name) if each.value.strip()), None)

    def text(self, name: str) -> str:
        """Its value; "" without one."""
        return found.value.strip() if (found := self.first(name)) else ""

    def telling(self) -> dict[str, str]:
        """What stands in it, for a reject."""
        return {
            name: "; ".join(each.value[:1_000] for each in found[:10])
            for name, found in self.properties.items()
        }


def components_of(file: BinaryIO) -> Iterator[Component]:
    """What is directly within calendars, each as it ends; calendars themselves come at their end.

    Those hold their own properties alone.
    """
    from icalendar.parser import Contentline

    open_: list[Component] = []
    for number, raw in _unfolded(file):
        line = _decoded(raw)
        upper = line[:40].strip().upper()
        if upper.startswith("BEGIN:"):
            yield from _cut_off(open_, upper[6:])
            if len(open_) == _MOST_DEPTH:
                raise Unreadable(f"line {number}: components that are nested too deep")
            open_.append(Component(upper[6:], number))
        elif upper.startswith("END:"):
            yield from _ended(open_, upper[4:])
        elif open_ and line.strip():
            _take(open_[-1], line, Contentline)
    while open_:
        yield from _close(open_, whole=False)


def _cut_off(open_: list[Component], name: str) -> Iterator[Component]:
    """What lacks its END before one that begins and is never within it (RFC 5545, 3.4, 3.6)."""
    while open_ and (
        name == _CALENDAR or (name in _WITHIN_CALENDARS and open_[-1].name != _CALENDAR)
    ):
        yield from _close(open_, whole=False)


def _ended(open_: list[Component], name: str) -> Iterator[Component]:
    """What an END ends; those within that have none of their own are cut off by it."""
    if all(each.name != name for each in open_):
        return
    while open_[-1].name != name:
        yield from _close(open_, whole=False)
    yield from _close(open_, whole=True)


def _close(open_: list[Component], *, whole: bool) -> Iterator[Component]:
    component = open_.pop()
    component.whole = whole
    if len(open_) > 1:
        open_[-1].inner.append(component)
    else:
        yield component


def _take(component: Component, line: str, content_line: type) -> None:
    held = sum(map(len, component.properties.values()))
    if held + len(component.inner) >= MOST_LINES:
        component.broken = component.broken or f"it has more than {MOST_LINES:,} lines"
        return
    try:
        name, params, value = content_line(line).parts()
    except ValueError:
        component.broken = component.broken or f"no line of a calendar: {line[:60]!r}"
        return
    given = {key.upper(): str(each) for key, each in params.items()}
    component.properties.setdefault(name.upper(), []).append(Property(value, given))


def _unfolded(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Whole lines, each with the number of its first. Bytes, since a fold may part a character."""
    start, pieces, room = 1, [b""], LONGEST_LINE
    for number, line in enumerate(_lines(file), start=1):
        if line[:1] not in (b" ", b"\t"):
            yield start, b"".join(pieces)
            start, pieces, room = number, [line], LONGEST_LINE
        elif room > 0:
            pieces.append(line[1:])
            room -= len(line)
    yield start, b"".join(pieces)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    encoding = of_head(head_of(file))
    if not encoding.startswith("utf-8"):
        for piece in _by_line(pieces_of(file, encoding)):
            yield piece.encode("utf-8", "replace")
        return
    first = True
    while line := file.readline(LONGEST_LINE):
        kept = line.rstrip(b"\r\n")
        while line and not line.endswith(b"\n"):
            line = file.readline(LONGEST_LINE)
        yield kept.removeprefix(b"\xef\xbb\xbf") if first else kept
        first = False


def _by_line(pieces: Iterator[str]) -> Iterator[str]:
    rest = ""
    for piece in pieces:
        *lines, rest = (rest + piece.removeprefix("\ufeff")).replace("\r", "").split("\n")
        yield from lines
        if len(rest) > LONGEST_LINE:
            raise Unreadable(f"a line is longer than {LONGEST_LINE:,} characters")
    yield rest


def _decoded(raw: bytes) -> str:
    """UTF-8 by the standard; older programs write the code page of their system."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")
