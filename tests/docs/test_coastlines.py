"""The land of maps as it is made: polygons cut and simplified.

That the file is what the atlas makes of it is for `make verify`: it takes ten seconds.
"""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docs import coastlines
from docs.polygons import Ring, area, cut

SQUARE: Ring = [(0, 0), (10, 0), (10, 10), (0, 10)]
HOLE: Ring = [(4, 4), (4, 6), (6, 6), (6, 4)]
COMB: Ring = [(0, 0), (10, 0), (10, 2), (3, 2), (3, 4), (10, 4), (10, 6), (0, 6)]


def land(rings: list[Ring]) -> float:
    return sum(map(area, rings))


@st.composite
def stars(draw: st.DrawFn) -> Ring:
    """A polygon that goes once around a point, with whole corners, which may touch itself."""
    lengths = draw(st.lists(st.integers(5, 100), min_size=3, max_size=30))
    turn = math.tau / len(lengths)
    corners = [
        (float(round(far * math.cos(n * turn))), float(round(far * math.sin(n * turn))))
        for n, far in enumerate(lengths)
    ]
    return [point for point, _ in itertools.groupby(corners)]


def test_a_cut_gives_each_side_its_part():
    west, east = (cut([SQUARE], 0, 2.5, low=low) for low in (True, False))
    assert (land(west), land(east)) == (25, 75)
    north, south = (cut([SQUARE], 1, 2.5, low=low) for low in (True, False))
    assert (land(north), land(south)) == (25, 75)


def test_what_a_cut_does_not_meet_is_left_as_it_is():
    assert cut([SQUARE], 0, 10.5, low=True) == [SQUARE]
    assert cut([SQUARE], 0, 10.5, low=False) == []


def test_a_cut_makes_several_of_one():
    """A bridge along the cut, which would be drawn as a border, joins nothing."""
    teeth = cut([COMB], 0, 4.5, low=False)
    assert sorted(map(area, teeth)) == [11, 11]
    assert land(cut([COMB], 0, 4.5, low=True)) == land([COMB]) - 22


def test_a_cut_opens_a_hole_to_the_side():
    (half,) = cut([SQUARE, HOLE], 0, 4.5, low=True)
    assert area(half) == 45 - 1
    assert len(half) == 8


@given(stars(), st.integers(-90, 90), st.sampled_from([0, 1]))
def test_two_sides_make_the_whole(star, at, axis):
    sides = [cut([star], axis, at + 0.5, low=low) for low in (True, False)]
    # Where it is cut, corners are put on whole numbers.
    assert sum(map(land, sides)) == pytest.approx(land([star]), abs=len(star) * 110)
    for rings, is_low in zip(sides, (True, False), strict=True):
        for point in itertools.chain.from_iterable(rings):
            assert point[axis] <= at + 0.5 if is_low else point[axis] >= at + 0.5


def test_the_file_is_small():
    file = coastlines.ROOT / "server" / "pages" / "map" / "land.bin"
    assert file.stat().st_size < 3_500_000, "of memory that maps of all places take"
