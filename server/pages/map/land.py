"""The land of a part of the world, from a file that `docs/coastlines.py` has made.

For each level of detail the file has a grid of tiles, and for each tile path data of SVG in whole
units, relative to the tile's corner. So drawing costs next to nothing: it is finding a few tiles
and copying their text. The file is mapped, not read: what no map shows takes no memory.
"""

import functools
import itertools
import math
import mmap
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from importlib.resources import as_file, files
from typing import Final, NamedTuple

from server.pages.map.view import View

LEVELS: Final = range(7, 18)
"""A level has a world of `2 ** level` units across: 78 km each in the first, 306 m in the last."""
TILE: Final = 128
"""How many units a tile is across."""
RUN: Final = "="
"""Begins the text of a tile that is all land, as are the next ones to the east: how many."""
_NUMBER: Final = re.compile(r"-?\d+")
FINEST: Final = 0.35
"""How small a unit may be drawn, times the detail that is asked for."""


def key(level: int, x: int, y: int) -> int:
    """A number for a tile that grows with level, row and column."""
    return (level << 22) | (y << 11) | x


class _Land(NamedTuple):
    """The file: the keys of its entries, where the text of each begins and the last ends."""

    keys: memoryview
    offsets: memoryview
    text: memoryview


@functools.cache
def _land() -> _Land:
    with as_file(files("server.pages.map") / "land.bin") as path, path.open("rb") as file:
        mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    count = int.from_bytes(mapped[:4], "little")
    return _Land(
        mapped[4 : 4 + 4 * count].cast("I"),
        mapped[4 + 4 * count : 8 + 8 * count].cast("I"),
        mapped[8 + 8 * count :],
    )


class Outline(NamedTuple):
    """The land of a view, as a path."""

    scale: float
    """How large a unit of the path is drawn, in pixels."""
    data: str
    """What the attribute `d` of a path takes; its origin is the view's upper left corner."""
    has_coast: bool
    """Whether there is anything to see, rather than land only, or water only."""


def outline(view: View, detail: float) -> Outline:
    """The land in view, true to about half of `detail` pixels."""
    wanted = math.floor(math.log2(view.scale / (FINEST * detail)))
    level = max(LEVELS[0], min(LEVELS[-1], wanted))
    size = 2**level
    unit = view.scale / size
    left, top = view.left * size, view.top * size
    right, bottom = left + view.width / unit, top + view.height / unit
    rows = range(max(0, _tile(top)), min(size // TILE, _tile(bottom) + 1))
    # The world repeats itself to the east and to the west.
    worlds = range(math.floor(left / size), math.floor(right / size) + 1)
    parts, has_coast = [], False
    for row, world in itertools.product(rows, worlds):
        west = world * size
        columns = range(max(0, _tile(left - west)), min(size // TILE, _tile(right - west) + 1))
        for column, text in _row(level, row, columns):
            x, y = west + column * TILE - left, row * TILE - top
            parts.append(f"M{x:.1f} {y:.1f}")
            if text.startswith(RUN):
                across, down = int(text[1:]) * TILE + 2, TILE + 2
                parts.append(f"m-1-1h{across}v{down}h-{across}z")
            else:
                parts.append(text)
                has_coast = has_coast or any(
                    0 <= x + a <= right - left and 0 <= y + b <= bottom - top
                    for a, b in _corners(text)
                )
    return Outline(unit, "".join(parts), has_coast)


def _corners(text: str) -> Iterator[tuple[int, int]]:
    """The corners of a tile's coasts, without those of its land along its sides."""
    within = range(TILE + 2)
    begin_x = begin_y = 0
    for ring in text[1:-1].split("zm"):
        numbers = map(int, _NUMBER.findall(ring))
        steps = zip(numbers, numbers, strict=True)
        columns, rows = map(itertools.accumulate, zip(*steps, strict=True))
        points = [(begin_x + x, begin_y + y) for x, y in zip(columns, rows, strict=True)]
        begin_x, begin_y = points[0]
        yield from ((x, y) for x, y in points if x in within and y in within)


def _tile(at: float) -> int:
    """The row or column of tiles that is there."""
    return math.floor(at / TILE)


def _row(level: int, row: int, columns: range) -> Iterator[tuple[int, str]]:
    """Column and text of the entries of some columns of a row."""
    keys, offsets, text = _land()
    start = key(level, 0, row)
    # The one before may be a run that reaches into these columns.
    first = max(bisect_right(keys, start + columns.start) - 1, bisect_left(keys, start))
    for n in range(first, bisect_left(keys, start + columns.stop)):
        column = keys[n] - start
        found = str(text[offsets[n] : offsets[n + 1] - 1], "ascii")
        if found.startswith(RUN):
            end = min(column + int(found[1:]), columns.stop)
            column = max(column, columns.start)
            if column < end:
                yield column, f"{RUN}{end - column}"
        elif column in columns:
            yield column, found
