"""Which part of the world a map shows."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from server.pages.map.mercator import length_of

ROOM: Final = 0.72
"""The share of a map's width and height that its stops are spread over."""


class View(NamedTuple):
    """A part of the world, and how large it is drawn."""

    left: float
    """In a world of size 1; less than 0, or more than 1, east or west of the antimeridian."""
    top: float
    scale: float
    """How many pixels the world is across."""
    width: int
    height: int

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a place of the world is drawn."""
        return (x - self.left) * self.scale, (y - self.top) * self.scale


def fitted(
    places: Sequence[tuple[float, float]], width: int, height: int, smallest_km: float
) -> View:
    """The view that has all places in it, as large as possible, with room around them.

    It is `smallest_km` kilometres across at least.
    """
    west, east = min(x for x, _ in places), max(x for x, _ in places)
    north, south = min(y for _, y in places), max(y for _, y in places)
    x, y = (west + east) / 2, (north + south) / 2
    across = max(
        (east - west) / ROOM,
        (south - north) / ROOM * width / height,
        length_of(smallest_km, y),
    )
    scale = width / across
    return View(x - across / 2, y - height / scale / 2, scale, width, height)
