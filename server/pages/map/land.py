"""The land of a part of the world, from a file that `docs/coastlines.py` has made.

For each level of detail the file has a grid of tiles, and for each tile the numbers of its path
data, a byte each, in whole units. So drawing costs next to nothing: it is finding a few tiles and
writing out their bytes. The file is mapped, not read: what no map shows takes no memory.
"""

import functools
import itertools
import math
import mmap
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from importlib.resources import as_file, files
from typing import Final, NamedTuple

from server.pages.map.view import View

LEVELS: Final = range(7, 18)
"""A level has a world of `2 ** level` units across: 313 km each in the first, 306 m in the last."""
TILE: Final = 128
"""How many units a tile is across."""
ZERO: Final = 128
"""The byte that stands for 0; 1 is for -127, 255 for 127."""
END: Final = b"\0"
"""Stands between two rings."""
LONGEST_RUN: Final = 255
"""A tile that is all land has one byte: it and how many next ones to the east are so."""
FINEST: Final = 0.35
"""How small a unit may be drawn, times the detail that is asked for."""
_TEXT: Final = ["zm", *(f"{n}" if n < 0 else f" {n}" for n in range(1 - ZERO, ZERO))]


def key(level: int, x: int, y: int) -> int:
    """A number for a tile that grows with level, row and column."""
    return (level << 22) | (y << 11) | x


class _Land(NamedTuple):
    """The file: the keys of its entries, where those begin and the last ends, and they."""

    keys: memoryview
    offsets: memoryview
    entries: memoryview


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
        for column, tile in _row(level, row, columns):
            # Numbers begin at the middle of a tile.
            x, y = west + (column + 0.5) * TILE - left, (row + 0.5) * TILE - top
            parts.append(f"M{x:.1f} {y:.1f}")
            if len(tile) == 1:
                parts.append(_rectangle(tile[0]))
            else:
                parts.append(f"m{''.join(map(_TEXT.__getitem__, tile))}z")
                has_coast = has_coast or any(
                    0 <= x + a <= right - left and 0 <= y + b <= bottom - top
                    for a, b in _corners(tile)
                )
    return Outline(unit, "".join(parts), has_coast)


def _rectangle(tiles: int) -> str:
    """Path data of tiles side by side that are all land."""
    across, down = tiles * TILE + 2, TILE + 2
    return f"m{-TILE // 2 - 1}{-TILE // 2 - 1}h{across}v{down}h-{across}z"


def _corners(tile: bytes) -> Iterator[tuple[int, int]]:
    """The corners of a tile's coasts, without those of its land along its sides."""
    within = range(-TILE // 2, TILE // 2 + 2)
    begin_x = begin_y = 0
    for ring in tile.split(END):
        begin_x += ring[0] - ZERO
        begin_y += ring[1] - ZERO
        columns = itertools.accumulate((n - ZERO for n in ring[2::2]), initial=begin_x)
        rows = itertools.accumulate((n - ZERO for n in ring[3::2]), initial=begin_y)
        corners = zip(columns, rows, strict=True)
        yield from (corner for corner in corners if corner[0] in within and corner[1] in within)


def _tile(at: float) -> int:
    """The row or column of tiles that is there."""
    return math.floor(at / TILE)


def _row(level: int, row: int, columns: range) -> Iterator[tuple[int, bytes]]:
    """Column and bytes of the entries of some columns of a row."""
    keys, offsets, entries = _land()
    start = key(level, 0, row)
    # The one before may be a run that reaches into these columns.
    first = max(bisect_right(keys, start + columns.start) - 1, bisect_left(keys, start))
    for n in range(first, bisect_left(keys, start + columns.stop)):
        column = keys[n] - start
        entry = bytes(entries[offsets[n] : offsets[n + 1]])
        if len(entry) == 1:
            end = min(column + entry[0], columns.stop)
            column = max(column, columns.start)
            if column < end:
                yield column, bytes([end - column])
        elif column in columns:
            yield column, entry
