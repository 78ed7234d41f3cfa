"""Maps as tests read them: the shapes of a drawing, and whether a point of it is land."""

import itertools
import re
from collections.abc import Iterator
from xml.etree import ElementTree

from server.pages.map import Stop

Point = tuple[float, float]
Ring = list[Point]

_STEP = re.compile(r"([Mmhvz])([^Mmhvz]*)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def stops(*places: tuple[str, float, float]) -> list[Stop]:
    return [Stop(name, lat, lng, number) for number, (name, lat, lng) in enumerate(places, 1)]


def rings(data: str) -> Iterator[Ring]:
    """The rings of path data of what a map draws land with, in its units."""
    x = y = 0.0
    ring: Ring = []
    for command, rest in _STEP.findall(data):
        numbers = [float(n) for n in _NUMBER.findall(rest)]
        if command == "M":
            assert not ring
            x, y = numbers
        elif command == "z":
            yield ring
            (x, y), ring = ring[0], []
        elif command == "m":
            for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
                x, y = x + dx, y + dy
                ring.append((x, y))
        else:
            x, y = (x + numbers[0], y) if command == "h" else (x, y + numbers[0])
            ring.append((x, y))
    assert not ring


def is_in(point: Point, shapes: list[Ring]) -> bool:
    """Whether a point is filled, by the rule that SVG has unless told otherwise (nonzero)."""
    px, py = point
    turns = 0
    for ring in shapes:
        for (ax, ay), (bx, by) in itertools.pairwise([*ring, ring[0]]):
            if (ay <= py) != (by <= py) and ax + (py - ay) / (by - ay) * (bx - ax) > px:
                turns += 1 if by > ay else -1
    return turns != 0


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - we have made it


def of_class(drawing: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """The elements of a class."""
    return [each for each in drawing.iter() if name in each.get("class", "").split()]


def at(element: ElementTree.Element, x: str = "x", y: str = "y") -> Point:
    return float(element.attrib[x]), float(element.attrib[y])
