"""Where the dots and names of a map go, so that none hides another."""

import math
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

Point = tuple[float, float]


class Size(NamedTuple):
    """How large dots and names are drawn, in pixels of the view box, as in the style sheet."""

    radius: float
    font: float


WIDE: Final = Size(11, 15)
NARROW: Final = Size(19, 24)
"""On a phone, where the map is drawn at half its size."""

LONGEST: Final = 28
"""How many characters of a name are shown."""
_GAP: Final = 4
_NEAREST: Final = 1.4
"""How near two dots may be, in radii, before one of them steps aside."""
_EDGE: Final = 4
_SAME: Final = 120
SIDES: Final = ("east", "west", "south", "north")


class Box(NamedTuple):
    """A rectangle that something takes up."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        """Whether they have a part in common."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def is_in(self, other: "Box") -> bool:
        """Whether nothing of it is outside of the other."""
        return (
            other.left <= self.left
            and other.top <= self.top
            and self.right <= other.right
            and self.bottom <= other.bottom
        )


class Label(NamedTuple):
    """A name beside a dot."""

    name: str
    at: Point
    """The middle of the dot."""
    side: str
    """Where of the dot the name is: east, west, south or north."""
    size: Size
    """The largest at which it hides nothing."""


def dots(points: Sequence[Point], width: float, height: float) -> list[Point]:
    """The points; one that would hide the number of an earlier one is moved beside it."""
    room = Box(WIDE.radius, WIDE.radius, width - WIDE.radius, height - WIDE.radius)
    placed: list[Point] = []
    for point in points:
        near = [at for at in placed if math.dist(at, point) < 8 * WIDE.radius]
        free = (
            at
            for at in _around(point)
            if _disc(at, 0).is_in(room)
            and all(math.dist(at, other) >= _NEAREST * WIDE.radius for other in near)
        )
        placed.append(next(free, point))
    return placed


def _around(point: Point) -> Iterator[Point]:
    """The point, and others at growing distances from it."""
    x, y = point
    yield point
    for ring in (1, 2, 3):
        for eighth in range(8):
            angle, far = eighth * math.pi / 4, ring * 1.5 * WIDE.radius
            yield x + far * math.cos(angle), y + far * math.sin(angle)


def labels(
    names: Sequence[str], points: Sequence[Point], width: float, height: float
) -> list[Label]:
    """The names that have room beside their dots: first those that have it on a phone too.

    What is near a dot of the same name goes without.
    """
    room = Box(_EDGE, _EDGE, width - _EDGE, height - _EDGE)
    placed: list[Label] = []
    for size in (NARROW, WIDE):
        taken = [_box(label.name, label.at, label.side, size) for label in placed]
        taken += [_disc(point, size.radius) for point in points]
        for name, point in zip(names, points, strict=True):
            if any(name == label.name and math.dist(label.at, point) < _SAME for label in placed):
                continue
            for side in SIDES:
                box = _box(name, point, side, size)
                if box.is_in(room) and not any(box.meets(other) for other in taken):
                    placed.append(Label(name, point, side, size))
                    taken.append(box)
                    break
    return placed


def _disc(point: Point, radius: float) -> Box:
    x, y = point
    return Box(x - radius, y - radius, x + radius, y + radius)


def _box(name: str, point: Point, side: str, size: Size) -> Box:
    """What a name takes up."""
    (x, y), across, half = point, written_width(name) * size.font, 0.6 * size.font
    away = size.radius + _GAP
    if side == "east":
        return Box(x + away, y - half, x + away + across, y + half)
    if side == "west":
        return Box(x - away - across, y - half, x - away, y + half)
    top = y + size.radius if side == "south" else y - size.radius - 2 * half
    return Box(x - across / 2, top, x + across / 2, top + 2 * half)


def written_width(name: str) -> float:
    """About how wide a name is in the font of the pages, in its size; rather more than less."""
    return sum(_advance(character) for character in name)


def _advance(character: str) -> float:
    if unicodedata.combining(character):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    if character in "mwMW@%&":
        return 0.92
    if character in "fijlrtI.,;:'!|()-/ ":
        return 0.4
    return 0.72 if character.isupper() else 0.6


def shown(name: str) -> str:
    """A name on one line and not too long, of characters that can be seen."""
    line = "".join(c for c in " ".join(name.split()) if c.isprintable())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"
