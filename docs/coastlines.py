"""The land that maps are drawn with, from Natural Earth's coastlines (world-atlas).

What is written is made for `server/pages/map/land.py`, which only writes it out: for each level of
detail a grid of square tiles, and for each tile its land as numbers of path data. A level has a
world (Web Mercator) of `2 ** level` units across, and coordinates are whole units.
"""

import functools
import itertools
import json
import math
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from docs.polygons import Point, Ring, area, cut
from server.pages.map.land import END, LEVELS, LONGEST_RUN, TILE, ZERO, key
from server.pages.map.mercator import projected

ROOT: Final = Path(__file__).parent.parent
_ATLAS: Final = ROOT / "clients" / "node_modules" / "world-atlas"

GRID: Final = 2**24
"""Coasts are put on a grid of 2.4 m first: sines differ a little between machines."""
MARGIN: Final = 1.5
"""By how many units a tile's land reaches beyond the tile, so that no seam shows between two.

Cuts lie between whole units, and so never go through a corner of the land.
"""
TOLERANCE: Final = 1.25
"""How far, in units, a simplified coast may be from where it is."""
MOST_CORNERS: Final = 12
"""What has more is not looked at for being a square: it never is."""
SMALLEST: Final = 4.0
"""The area, in square units, of the smallest island or lake of a level (the last has all)."""

Corner = tuple[int, int]
Tile = tuple[int, int, bytes | None]
"""Column, row, and the bytes of a tile; None for one that is all land."""


def files() -> Iterator[tuple[Path, bytes]]:
    """Every file that is made or copied, with what it must have."""
    folder = ROOT / "server" / "pages" / "map"
    yield folder / "land.bin", land()
    yield folder / "LICENSE.txt", (_ATLAS / "LICENSE").read_bytes()


@functools.cache
def land() -> bytes:
    """The file: how many entries, their keys, where those begin and the last ends, and they."""
    keys, entries = zip(*sorted(_entries()), strict=True)
    offsets = itertools.accumulate(map(len, entries), initial=0)
    numbers = array("I", [len(keys), *keys, *offsets])
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes() + b"".join(entries)


def _entries() -> Iterator[tuple[int, bytes]]:
    """Each tile that a coast goes through, and each run of tiles in a row that are all land."""
    rings = _coasts(json.loads((_ATLAS / "land-10m.json").read_text(encoding="utf-8")))
    for level in reversed(LEVELS):
        rings = [simple for ring in rings if (simple := _simplified(ring, level))]
        last = level == LEVELS[-1]
        shown = [ring for ring in rings if last or abs(area(ring)) >= SMALLEST / 4**level]
        full: dict[int, list[int]] = {}
        for x, y, tile in _tiles(level, [_snapped(ring, level) for ring in shown]):
            if tile is None:
                full.setdefault(y, []).append(x)
            elif tile:
                yield key(level, x, y), tile
        for y, columns in full.items():
            for x, length in _runs(sorted(columns)):
                yield key(level, x, y), bytes([length])


def _runs(columns: list[int]) -> Iterator[tuple[int, int]]:
    """The first of each run of consecutive numbers, and how many they are."""
    for _, run in itertools.groupby(enumerate(columns), lambda pair: pair[1] - pair[0]):
        members = [column for _, column in run]
        for n in range(0, len(members), LONGEST_RUN):
            yield members[n], min(LONGEST_RUN, len(members) - n)


def _coasts(topology: dict[str, Any]) -> list[Ring]:
    """The rings of a TopoJSON file in a world of size 1; they may reach beyond its sides."""
    (scale_x, scale_y), (left, top) = (topology["transform"][n] for n in ("scale", "translate"))
    arcs = []
    for arc in topology["arcs"]:
        steps = itertools.accumulate(arc, lambda at, by: [at[0] + by[0], at[1] + by[1]])
        arcs.append([(x * scale_x + left, y * scale_y + top) for x, y in steps])
    rings = []
    for shape in topology["objects"]["land"]["geometries"]:
        for polygon in shape["arcs"]:
            for ring in polygon:
                line = [point for n in ring for point in (arcs[n] if n >= 0 else arcs[~n][::-1])]
                rings.append(_unrolled(line))
    return rings


def _unrolled(line: list[Point]) -> Ring:
    """A ring in degrees without jumps at the antimeridian, closed below the South Pole."""
    ring: Ring = []
    turns, before = 0, line[0][0]
    for lng, lat in line:
        turns += (lng - before < -180) - (lng - before > 180)
        before = lng
        x, y = (round(at * GRID) / GRID for at in projected(lat, lng))
        if not ring or ring[-1] != (x + turns, y):
            ring.append((x + turns, y))
    if turns:  # Antarctica goes once around
        return [*ring, (ring[-1][0], 1.01), (ring[0][0], 1.01)]
    return ring[:-1] if ring[0] == ring[-1] else ring


def _simplified(ring: Ring, level: int) -> Ring:
    """The ring with fewer points, in one pass (Zhao and Saalfeld, sleeve fitting, 1997).

    Points are left out while one straight line passes near enough to all of them.
    """
    near = TOLERANCE / 2**level
    kept, last, sleeve = [ring[0]], ring[0], None
    for point in itertools.islice(ring, 1, None):
        seen = _seen(kept[-1], point, near)
        if sleeve and seen:
            way = point[0] - kept[-1][0], point[1] - kept[-1][1]
            right, left = sleeve
            if _turn(right, way) < 0 or _turn(way, left) < 0:
                kept.append(last)
                sleeve = _seen(last, point, near)
            else:
                sleeve = (
                    seen[0] if _turn(right, seen[0]) > 0 else right,
                    seen[1] if _turn(seen[1], left) > 0 else left,
                )
        else:
            sleeve = sleeve or seen
        last = point
    kept.append(last)
    return kept if len(kept) > 2 else []


def _seen(eye: Point, point: Point, near: float) -> tuple[Point, Point] | None:
    """The directions from a point to the right and left of another; None if it is as near.

    Only of operations that are exact alike on every machine (IEEE 754), as are those below.
    """
    x, y = point[0] - eye[0], point[1] - eye[1]
    square = x * x + y * y - near * near
    if square <= 0:
        return None
    ahead = math.sqrt(square)
    return (x * ahead + y * near, y * ahead - x * near), (
        x * ahead - y * near,
        y * ahead + x * near,
    )


def _turn(a: Point, b: Point) -> float:
    """More than 0 where `b` is to the left of `a`, less where it is to the right."""
    return a[0] * b[1] - a[1] * b[0]


def _snapped(ring: Ring, level: int) -> Ring:
    """A ring in whole units of a level."""
    size = 2**level
    points = [(float(round(x * size)), float(round(y * size))) for x, y in ring]
    return [
        point
        for point, before in zip(points, [points[-1], *points], strict=False)
        if point != before
    ]


def _tiles(level: int, rings: list[Ring]) -> Iterator[Tile]:
    """Each tile that may have land."""
    size = 2**level
    copies = [
        [(x + shift, y) for x, y in ring] if shift else ring
        for ring in rings
        for shift in (-size, 0, size)
        if min(x for x, _ in ring) + shift < size + MARGIN
        and max(x for x, _ in ring) + shift > -MARGIN
    ]
    world = cut(cut(copies, 0, size + MARGIN, low=True), 0, -MARGIN, low=False)
    world = cut(cut(world, 1, size + MARGIN, low=True), 1, -MARGIN, low=False)
    yield from _divided(world, 0, 0, size)


def _divided(rings: list[Ring], left: int, top: int, size: int) -> Iterator[Tile]:
    """The tiles of a square."""
    if not rings:
        return
    if _is_all_land(rings, left, top, size):
        for x, y in itertools.product(range(left, left + size, TILE), range(top, top + size, TILE)):
            yield x // TILE, y // TILE, None
    elif size == TILE:
        yield left // TILE, top // TILE, _packed(rings, left, top)
    else:
        half = size // 2
        west = cut(rings, 0, left + half + MARGIN, low=True)
        east = cut(rings, 0, left + half - MARGIN, low=False)
        for x, columns in ((left, west), (left + half, east)):
            north = cut(columns, 1, top + half + MARGIN, low=True)
            south = cut(columns, 1, top + half - MARGIN, low=False)
            yield from _divided(north, x, top, half)
            yield from _divided(south, x, top + half, half)


def _is_all_land(rings: list[Ring], left: int, top: int, size: int) -> bool:
    """Whether the land of a square is the square, with its margin."""
    if len(rings) > 1 or len(rings[0]) > MOST_CORNERS:
        return False
    ends = math.floor(-MARGIN + 0.5), math.floor(size + MARGIN + 0.5)
    return {*_whole(rings[0])} == {(left + x, top + y) for x in ends for y in ends}


def _packed(rings: list[Ring], left: int, top: int) -> bytes:
    """The numbers of path data from the middle of a tile: each a byte, rings with `END` between."""
    parts = []
    start = left + TILE // 2, top + TILE // 2
    for corners in filter(None, map(_whole, rings)):
        for ring in _within_reach(start, corners):
            steps = itertools.pairwise([start, *ring])
            numbers = [number for a, b in steps for number in (b[0] - a[0], b[1] - a[1])]
            parts.append(bytes(ZERO + number for number in numbers))
            start = ring[0]
    return END.join(parts)


def _within_reach(start: Corner, corners: list[Corner]) -> Iterator[list[Corner]]:
    """A ring each step of which fits a byte; before it one of a single point, where it must."""
    if _is_far(start, corners[0]):
        yield [_middle(start, corners[0])]
    ring = corners[:1]
    for corner in corners[1:]:
        if _is_far(ring[-1], corner):
            ring.append(_middle(ring[-1], corner))
        ring.append(corner)
    yield ring


def _is_far(a: Corner, b: Corner) -> bool:
    return max(abs(a[0] - b[0]), abs(a[1] - b[1])) >= ZERO


def _middle(a: Corner, b: Corner) -> Corner:
    return (a[0] + b[0]) // 2, (a[1] + b[1]) // 2


def _whole(ring: Ring) -> list[Corner]:
    """A ring in whole numbers, without points within an upright or level line; [] for no area."""
    points: list[Corner] = []
    for point in [(math.floor(x + 0.5), math.floor(y + 0.5)) for x, y in ring]:
        while len(points) > 1 and _are_in_line(points[-2], points[-1], point):
            points.pop()
        if not points or points[-1] != point:
            points.append(point)
    while len(points) > 2 and _are_in_line(points[-2], points[-1], points[0]):
        points.pop()
    while len(points) > 2 and _are_in_line(points[-1], points[0], points[1]):
        points.pop(0)
    return points if len(points) > 2 else []


def _are_in_line(a: Corner, b: Corner, c: Corner) -> bool:
    return a[0] == b[0] == c[0] or a[1] == b[1] == c[1]
