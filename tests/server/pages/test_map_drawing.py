"""Laws of every map, whatever its stops are, and what some maps show."""

import itertools
import math
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.pages.map import Stop, draw
from server.pages.map.labels import LONGEST, NARROW, SIDES, WIDE, Box, Size, written_width
from server.pages.map.land import TILE
from tests.server.pages.drawn import Point, at, of_class, parsed, rings, stops


class Sheet(NamedTuple):
    """What a map is drawn on."""

    width: int
    height: int
    detail: float


SHARE = Sheet(720, 380, 1)
CARD = Sheet(320, 180, 2)
JAPAN = stops(
    ("Tokyo", 35.7107, 139.795),
    ("Hakone", 35.2496, 139.0483),
    ("Kyoto", 35.0104, 135.7656),
    ("Hiroshima", 34.393, 132.4555),
    ("Osaka", 34.667, 135.506),
)
EUROPE = stops(
    ("Amsterdam", 52.37, 4.9),
    ("Berlin", 52.52, 13.4),
    ("Prague", 50.08, 14.43),
    ("Wien", 48.2, 16.37),
    ("Venezia", 45.44, 12.33),
    ("Roma", 41.9, 12.5),
    ("Barcelona", 41.38, 2.17),
    ("Paris", 48.85, 2.35),
)
AROUND_THE_WORLD = stops(
    ("London", 51.5, -0.1),
    ("Mumbai", 19.0, 72.8),
    ("Sydney", -33.9, 151.2),
    ("Santiago", -33.4, -70.6),
    ("London", 51.5, -0.1),
)
POLES = stops(("N", 90, 180), ("S", -90, -180), ("N", 90, -180), ("0", 0, 0))
HOSTILE = "</title><script>alert(1)</script>\"'&{0}{id}%s\x00\x1b\u202e\ud800\ufffe"

latitudes = st.one_of(st.floats(-90, 90), st.sampled_from([-90.0, -85.06, 0.0, 85.06, 90.0]))
longitudes = st.one_of(st.floats(-180, 180), st.sampled_from([-180.0, -179.99, 0.0, 180.0]))
names = st.one_of(st.text(max_size=40), st.sampled_from(["Tokyo", "Mwm", "東京都", HOSTILE]))


@st.composite
def trips(draw_from: st.DrawFn) -> list[Stop]:
    """Stops all over the world, or near each other, some of them at the same place."""
    lat, lng = draw_from(latitudes), draw_from(longitudes)
    spread = draw_from(st.sampled_from([180.0, 20.0, 1.0, 0.01, 0.0]))
    step = st.floats(-spread, spread)
    places = draw_from(st.lists(st.tuples(names, step, step), min_size=1, max_size=12))
    return [
        Stop(name, max(-90, min(90, lat + north)), (lng + east + 180) % 360 - 180, number)
        for number, (name, north, east) in enumerate(places, 1)
    ]


def drawn(trip: list[Stop], on: Sheet = SHARE) -> str:
    svg = draw(trip, width=on.width, height=on.height, detail=on.detail)
    assert svg is not None
    return svg


def names_of(svg: str) -> list[str | None]:
    return [each.text for each in of_class(parsed(svg), "name")]


def points(svg: str) -> list[Point]:
    """Where the dots are."""
    return [at(dot, "cx", "cy") for dot in of_class(parsed(svg), "dot")]


@given(trips(), st.sampled_from([SHARE, CARD]))
@example(POLES, SHARE)
@example(AROUND_THE_WORLD, CARD)
def test_all_that_is_drawn_is_on_the_map(trip, size):
    svg = drawn(trip, size)
    drawing = parsed(svg)
    width, height = size.width, size.height
    for x, y in points(svg):
        assert WIDE.radius <= x <= width - WIDE.radius
        assert WIDE.radius <= y <= height - WIDE.radius
    (land,) = of_class(drawing, "land")
    scale = float(land.attrib["transform"].removeprefix("scale(").removesuffix(")"))
    margin = (TILE + 3) * scale
    for x, y in itertools.chain.from_iterable(rings(land.get("d", ""))):
        assert -margin <= x * scale <= width + margin
        assert -margin <= y * scale <= height + margin


@given(trips(), st.sampled_from([SHARE, CARD]))
@example(stops((HOSTILE, 35.0, 135.0), (HOSTILE, 35.0, 145.0)), SHARE)
def test_any_map_is_xml_without_style_or_script(trip, size):
    svg = drawn(trip, size)
    for element in parsed(svg).iter():
        assert element.tag in {"svg", "title", "path", "g", "circle", "text"}
        assert not {"style", "href", "onload"} & {*element.keys()}
    assert "\x00" not in svg
    assert drawn(trip, size) == svg


@given(trips(), st.sampled_from([SHARE, CARD]))
def test_every_stop_has_a_dot_with_its_number_in_its_ink(trip, size):
    drawing = parsed(drawn(trip, size))
    numbers = of_class(drawing, "num")
    assert [text.text for text in numbers] == [str(stop.number) for stop in trip]
    inks = [each.get("class") for each in drawing.iter("g")]
    assert inks == [f"leg-{(stop.number - 1) % 6}" for stop in trip]


def box(text: str, point: Point, side: str, size: Size) -> Box:
    """What a name takes up, as the style sheet places it."""
    across, (x, y) = written_width(text) * size.font, point
    away = size.radius + 4
    middle = {"east": x + away + across / 2, "west": x - away - across / 2}.get(side, x)
    base = {"south": y + size.radius + 0.5 * size.font, "north": y - size.radius - 0.5 * size.font}
    line = base.get(side, y)
    half = 0.49 * size.font
    return Box(middle - across / 2, line - half, middle + across / 2, line + half)


@given(trips(), st.sampled_from([SHARE, CARD]))
@example(EUROPE, SHARE)
def test_names_hide_neither_each_other_nor_dots(trip, size):
    svg = drawn(trip, size)
    texts = of_class(parsed(svg), "name")
    on_a_phone = [text for text in texts if "wide" not in text.attrib["class"].split()]
    for seen, drawn_at in ((texts, WIDE), (on_a_phone, NARROW)):
        boxes = []
        for text in seen:
            (side,) = {*text.attrib["class"].split()} & {*SIDES}
            boxes.append(box(text.text or "", at(text), side, drawn_at))
        for each in boxes:
            assert each.is_in(Box(0, 0, size.width, size.height))
            for x, y in points(svg):
                r = drawn_at.radius
                assert not each.meets(Box(x - r, y - r, x + r, y + r))
        assert not any(a.meets(b) for a, b in itertools.combinations(boxes, 2))


@given(trips())
def test_no_number_is_hidden_where_there_is_room(trip):
    placed = points(drawn(trip, SHARE))
    near = [math.dist(a, b) for a, b in itertools.combinations(placed, 2)]
    assert all(far > 1.3 * WIDE.radius for far in near)


def test_no_stops_make_no_map():
    assert draw([]) is None


def test_stops_are_spread_over_the_map():
    tokyo, hakone, kyoto, hiroshima, osaka = points(drawn(JAPAN, SHARE))
    assert hiroshima[0] < osaka[0] < kyoto[0] < hakone[0] < tokyo[0]
    assert tokyo[1] < hakone[1] < kyoto[1] < osaka[1] < hiroshima[1]
    assert tokyo[0] - hiroshima[0] == pytest.approx(0.72 * 720, abs=1)
    assert tokyo[0] + hiroshima[0] == pytest.approx(720, abs=1)


def test_names_have_the_best_side_that_is_free():
    assert names_of(drawn(JAPAN)) == ["Tokyo", "Hakone", "Kyoto", "Hiroshima", "Osaka"]
    sides = [each.get("class") for each in of_class(parsed(drawn(JAPAN)), "name")]
    assert sides == ["name west", "name east", "name east", "name east", "name south"]


def test_a_map_is_called_by_its_stops():
    svg = draw(JAPAN, id="map-7")
    assert svg
    drawing = parsed(svg)
    (title,) = drawing.iter("title")
    assert title.text == "Tokyo, Hakone, Kyoto, Hiroshima, Osaka"
    assert (drawing.get("role"), drawing.get("aria-labelledby")) == ("img", "map-7")
    assert title.get("id") == "map-7"


def test_names_are_text():
    svg = drawn(stops((HOSTILE, 35.0, 135.0)), SHARE)
    assert "<script" not in svg
    (title,) = parsed(svg).iter("title")
    assert title.text == "</title><script>alert(1)</s…"
    assert names_of(svg) == [title.text]
    assert len(title.text) <= LONGEST


def test_names_that_cannot_be_seen_are_left_out():
    assert names_of(drawn(stops(("\u202e\x00", 35.0, 135.0)))) == []


def test_the_way_over_the_antimeridian_is_the_short_one():
    tokyo, los_angeles, new_york = points(
        drawn(stops(("Tokyo", 35.7, 139.7), ("LA", 34.0, -118.2), ("NY", 40.7, -74.0)))
    )
    assert tokyo[0] < los_angeles[0] < new_york[0]
    nadi, taveuni = points(drawn(stops(("Nadi", -17.8, 177.4), ("Taveuni", -16.85, -179.97))))
    assert taveuni[0] - nadi[0] == pytest.approx(0.72 * 720, rel=0.4)


def test_a_way_around_the_world_is_one_line_to_the_east():
    across = [x for x, _ in points(drawn(AROUND_THE_WORLD))]
    assert across == sorted(across)
    assert names_of(drawn(AROUND_THE_WORLD)).count("London") == 2


def test_who_goes_around_twice_sees_the_world_once():
    twice = stops(*[(f"S{n}", 0.0, (n * 100 + 180) % 360 - 180) for n in range(60)])
    svg = drawn(twice)
    assert len(svg) < 120_000
    assert len(points(svg)) == 60


def test_one_city_is_shown_with_what_lies_around_it():
    svg = drawn(stops(("Lisbon", 38.72, -9.14)))
    assert points(svg) == [(360, 190)]
    assert not of_class(parsed(svg), "route")
    (land,) = of_class(parsed(svg), "land")
    assert 5 < len(list(rings(land.get("d", "")))) < 100


def has_coast(svg: str) -> bool:
    """Whether any of its land is not just a square."""
    (land,) = of_class(parsed(svg), "land")
    return any(len(ring) != 4 for ring in rings(land.get("d", "")))


def test_a_city_without_a_coast_is_shown_from_further_away():
    assert has_coast(drawn(stops(("Madrid", 40.42, -3.7))))
    assert not has_coast(drawn(stops(("Ürümqi", 43.83, 87.62))))


def test_stops_at_one_place_stand_side_by_side_under_one_name():
    svg = drawn(stops(("Paris", 48.86, 2.35), ("Reims", 49.26, 4.03), ("Paris", 48.86, 2.35)))
    first, _, again = points(svg)
    assert WIDE.radius < math.dist(first, again) < 4 * WIDE.radius
    assert names_of(svg) == ["Paris", "Reims"]


def test_a_route_joins_the_dots_by_curves():
    svg = drawn(JAPAN, SHARE)
    (route,) = of_class(parsed(svg), "route")
    start, *curves = route.attrib["d"].split("q")
    x, y = map(float, start.removeprefix("M").split())
    for curve, dot in zip(curves, points(svg)[1:], strict=True):
        _, _, dx, dy = map(float, curve.split())
        x, y = x + dx, y + dy
        assert math.dist((x, y), dot) < 0.5


@pytest.mark.parametrize(
    ("trip", "share", "card"),
    [(JAPAN, 34_000, 8_000), (EUROPE, 34_000, 8_000), (AROUND_THE_WORLD, 60_000, 12_000)],
    ids=["Japan", "Europe", "the world"],
)
def test_a_map_is_small(trip, share, card):
    assert len(drawn(trip, SHARE)) < share
    assert len(drawn(trip, CARD)) < card
