"""Polygons cut along upright and level lines."""

import math
from collections.abc import Iterator
from typing import NamedTuple

Point = tuple[float, float]
Ring = list[Point]
"""A closed line without its first point again at its end; land is on the same side all along."""


class _Part(NamedTuple):
    """What is left of a ring between two of its crossings of a cut."""

    points: Ring
    comes: float
    """Where along the cut it begins."""
    leaves: float


def area(ring: Ring) -> float:
    """The area within, less than 0 for one that goes the other way around."""
    pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
    return sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairs) / 2


def cut(rings: list[Ring], axis: int, at: float, *, low: bool) -> list[Ring]:
    """What land is on one side of a line, with borders along it.

    The line is upright for axis 0, and level for 1. `at` is between whole numbers, and so are
    no corners but those of earlier cuts.
    """
    whole: list[Ring] = []
    parts: list[_Part] = []
    for ring in rings:
        inside = [(point[axis] < at) == low for point in ring]
        if all(inside):
            whole.append(ring)
        elif any(inside):
            parts += _parts(ring, inside, axis, at)
    return whole + _joined(parts)


def _parts(ring: Ring, inside: list[bool], axis: int, at: float) -> Iterator[_Part]:
    """The parts of a ring that are inside; neither all of it is, nor nothing."""
    start = next(n for n, is_in in enumerate(inside) if is_in and not inside[n - 1])
    points: Ring = []
    comes = 0.0
    before, was_in = ring[start - 1], False
    for n in range(start, start + len(ring)):
        point, is_in = ring[n - len(ring)], inside[n - len(ring)]
        if is_in != was_in:
            along, met = _crossing(before, point, axis, at)
            if is_in:
                points, comes = [met, point], along
            else:
                yield _Part([*points, met], comes, along)
        elif is_in:
            points.append(point)
        before, was_in = point, is_in


def _crossing(a: Point, b: Point, axis: int, at: float) -> tuple[float, Point]:
    """Where along a cut a line crosses it, and that point, which no later cut goes through."""
    share = (at - a[axis]) / (b[axis] - a[axis])
    along = a[1 - axis] + share * (b[1 - axis] - a[1 - axis])
    is_border = a[1 - axis] == b[1 - axis]
    whole = along if is_border else math.floor(along + 0.5)
    return along, (at, whole) if axis == 0 else (whole, at)


def _joined(parts: list[_Part]) -> list[Ring]:
    """Rings of the parts: along the cut there is land between every other two crossings."""
    crossings = sorted(
        [(part.comes, False, n) for n, part in enumerate(parts)]
        + [(part.leaves, True, n) for n, part in enumerate(parts)]
    )
    following: dict[int, int] = {}
    unmatched: list[tuple[bool, int]] = []
    for _, leaves, part in crossings:
        if unmatched and unmatched[-1][0] != leaves:
            _, other = unmatched.pop()
            leaving, coming = (part, other) if leaves else (other, part)
            following[leaving] = coming
        else:
            unmatched.append((leaves, part))
    rings = []
    while following:
        first, after = following.popitem()
        ring = [*parts[first].points]
        while after != first:
            ring += parts[after].points
            after = following.pop(after)
        rings.append(ring)
    return rings
