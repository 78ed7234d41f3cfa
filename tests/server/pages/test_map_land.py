"""The land of maps: where it is, at every level of detail, and without seams."""

import itertools
import math
import random

import pytest

from server.pages.map.land import LEVELS, TILE, outline
from server.pages.map.mercator import length_of, projected
from server.pages.map.view import View
from tests.server.pages.drawn import is_in, rings

LAND = {
    "Paris": (48.86, 2.35),
    "Kansas": (38.5, -98.0),
    "Mongolia": (46.0, 105.0),
    "the Sahara": (23.0, 10.0),
    "Brasília": (-15.8, -47.9),
    "Alice Springs": (-23.7, 133.9),
    "Greenland": (72.0, -40.0),
    "Antarctica": (-80.0, 20.0),
    "Antarctica, in Victoria Land": (-73.0, 160.0),
    "the end of the world": (-85.0, 0.0),
    "Chukotka, west of the antimeridian": (67.5, 179.9),
    "Chukotka, east of it": (67.5, -179.9),
    "the Ural at a tile's corner": (55.0, 56.25),
}
SEA = {
    "the Atlantic": (30.0, -40.0),
    "the Pacific": (0.0, -150.0),
    "at the antimeridian": (30.0, 180.0),
    "the Arctic Ocean": (84.0, 10.0),
    "the Caspian Sea": (42.0, 50.5),
    "Hudson Bay": (59.0, -85.0),
    "the Mediterranean": (34.5, 18.0),
    "the North Sea": (56.0, 3.0),
    "the Gulf of Guinea": (1.0, 1.0),
    "south of Africa": (-50.0, 20.0),
    "before the end of the world": (85.0, -90.0),
}


def around(lat: float, lng: float, level: int) -> View:
    """A view of a level with a place in its middle."""
    x, y = projected(lat, lng)
    scale = 0.5 * 2**level
    return View(x - 100 / scale, y - 60 / scale, scale, 200, 120)


def is_land(lat: float, lng: float, level: int) -> bool:
    drawn = outline(around(lat, lng, level), 1)
    return is_in((100 / drawn.scale, 60 / drawn.scale), list(rings(drawn.data)))


@pytest.mark.parametrize("level", LEVELS)
def test_land_and_sea_are_where_they_are(level):
    assert [name for name, place in LAND.items() if not is_land(*place, level)] == []
    assert [name for name, place in SEA.items() if is_land(*place, level)] == []


def test_islands_and_bays_of_a_city_are_drawn():
    finest = LEVELS[-1]
    assert is_land(22.277, 114.19, finest), "Hong Kong Island"
    assert not is_land(22.29, 114.165, finest), "the harbour north of it"
    assert is_land(40.78, -73.97, finest), "Manhattan"
    assert is_land(-16.85, -179.97, finest), "Taveuni, east of the antimeridian"
    assert is_land(-16.85, 360 - 179.97, finest), "Taveuni, as a longitude of another world"


def test_levels_agree_but_for_what_lies_at_a_coast():
    places = random.Random(7)
    differ = 0
    for _ in range(300):
        lat, lng = math.degrees(math.asin(places.uniform(-0.99, 0.99))), places.uniform(-180, 180)
        differ += len({is_land(lat, lng, level) for level in (11, 13, 15)}) > 1
    assert differ <= 6


def test_there_is_no_seam_between_tiles():
    """Land on both sides of the borders of tiles, and on them."""
    for level in LEVELS:
        tiles = 2**level // TILE
        x, y = projected(50.0, 90.0)
        column, row = round(x * tiles) / tiles, round(y * tiles) / tiles
        scale = 0.5 * 2**level
        view = View(column - 100 / scale, row - 60 / scale, scale, 200, 120)
        drawn = outline(view, 1)
        shapes = list(rings(drawn.data))
        middle = 100 / drawn.scale, 60 / drawn.scale
        for dx, dy in itertools.product((-0.5, -0.01, 0.01, 0.5), repeat=2):
            if level > LEVELS[2]:  # before, the corner is in the sea
                assert is_in((middle[0] + dx, middle[1] + dy), shapes), level


def test_only_what_is_near_the_view_is_drawn():
    for level in LEVELS:
        drawn = outline(around(51.5, 0.5, level), 1)
        margin = TILE + 3
        for x, y in itertools.chain.from_iterable(rings(drawn.data)):
            assert -margin <= x <= 200 / drawn.scale + margin
            assert -margin <= y <= 120 / drawn.scale + margin


def test_a_unit_is_as_small_as_the_detail_asks_for():
    view = around(51.5, 0.5, 12)
    fine, coarse = outline(view, 1), outline(view, 4)
    assert 0.35 <= fine.scale < 0.7
    assert coarse.scale == 4 * fine.scale
    assert len(coarse.data) < len(fine.data)


def test_a_view_knows_whether_it_shows_a_coast():
    assert outline(around(51.5, 0.5, 12), 1).has_coast
    inland = outline(around(46.0, 105.0, 14), 1)
    assert inland.data
    assert not inland.has_coast
    water = outline(around(0.0, -150.0, 12), 1)
    assert (water.data, water.has_coast) == ("", False)


def test_a_coast_in_a_tile_that_reaches_out_of_view_is_none():
    """The Thames at London's docks, just beyond the eastern edge of the first view."""
    without, with_it = (outline(around(51.5, lng, 17), 1) for lng in (-0.18, -0.14))
    assert "h" not in without.data.rpartition("M")[2], "the last tile has a coast"
    assert (without.has_coast, with_it.has_coast) == (False, True)


def test_the_world_repeats_itself():
    here, there = around(51.5, 0.5, 12), around(51.5, 360.5, 12)
    assert outline(here, 1).data == outline(there, 1).data


def test_a_place_is_where_web_mercator_has_it():
    assert projected(0, 0) == (0.5, 0.5)
    assert projected(0, 180) == (1.0, 0.5)
    x, y = projected(48.8566, 2.3522)  # tile 12/2074/1409 of any web map
    assert (math.floor(x * 4096), math.floor(y * 4096)) == (2074, 1409)
    assert projected(90, 0)[1] == pytest.approx(0, abs=1e-9)
    assert projected(-90, 0)[1] == pytest.approx(1, abs=1e-9)
    assert length_of(40075.017, 0.5) == 1
    assert length_of(100, projected(60, 0)[1]) == pytest.approx(2 * length_of(100, 0.5))
