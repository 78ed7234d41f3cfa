"""A map of a trip as SVG."""

import itertools
import math
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from server.pages.map.labels import NARROW, Label, dots, labels, shown
from server.pages.map.land import Outline, outline
from server.pages.map.mercator import projected
from server.pages.map.stops import Stop
from server.pages.map.view import View, fitted

Point = tuple[float, float]

BEND: Final = 0.14
"""How far the middle of a curve is from the straight line, as a share of its length, times two."""

SMALLEST_KM: Final = (200, 400, 800, 1600)
"""How many kilometres a map is across at least: a city and what lies around it.

The next one where the map would show no coast, and so nothing at all.
"""

_MAP: Final = Markup(
    '<svg class="smap" viewBox="0 0 {} {}" role="img" aria-labelledby="{id}">'
    '<title id="{id}">{title}</title>'
    '<path class="land" transform="scale({scale:.5g})" d="{land}"/>{route}{dots}{names}</svg>'
)
_ROUTE: Final = Markup('<path class="route" d="{}"/>')
_DOT: Final = Markup(
    '<g class="leg-{}"><circle class="dot" cx="{x:.1f}" cy="{y:.1f}"/>'
    '<text class="num" x="{x:.1f}" y="{y:.1f}">{}</text></g>'
)
_NAME: Final = Markup('<text class="name {}" x="{:.1f}" y="{:.1f}">{}</text>')


def draw(
    stops: Sequence[Stop],
    *,
    width: int = 720,
    height: int = 380,
    detail: float = 1,
    id: str = "map",
) -> Markup | None:
    """A map with the stops, numbered, and the way from each to the next; None without stops.

    `width` and `height` are those of its view box, in pixels; `detail` is how many of these two
    points of a coast are apart at least. `id` is one that nothing else on the page has.
    Accessible by the names of the stops, it looks as the style sheet says for `.smap`.
    """
    if not stops:
        return None
    places = unrolled([projected(stop.lat, stop.lng) for stop in stops])
    view, land = _shown(places, width, height, detail)
    points = dots([view.at(*place) for place in places], width, height)
    names = [shown(stop.name) for stop in stops]
    return _MAP.format(
        width,
        height,
        id=id,
        title=", ".join(dict.fromkeys(names)),
        scale=land.scale,
        land=land.data,
        route=_route(points),
        dots=Markup("").join(
            _DOT.format(stop.ink, stop.number, x=x, y=y)
            for stop, (x, y) in zip(stops, points, strict=True)
        ),
        names=Markup("").join(map(_name, labels(names, points, width, height))),
    )


def _shown(places: Sequence[Point], width: int, height: int, detail: float) -> tuple[View, Outline]:
    """The view of the places, and its land: so much that there is a coast, where one is near."""
    for across in SMALLEST_KM:
        view = fitted(places, width, height, across)
        land = outline(view, detail)
        if land.has_coast:
            break
    return view, land


def unrolled(places: Sequence[Point]) -> list[Point]:
    """The same places, in the world where each is on the shorter way from the one before.

    Where that would take them around the world, they are left where they are.
    """
    found: list[Point] = []
    for x, y in places:
        found.append((x + math.floor(found[-1][0] - x + 0.5) if found else x, y))
    columns = [x for x, _ in found]
    return found if max(columns) - min(columns) <= 1 else list(places)


def _route(points: Sequence[Point]) -> Markup:
    """A curve from each point to the next, as path data; nothing for one point."""
    if len(points) < 2:
        return Markup("")
    curves = []
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        dx, dy = bx - ax, by - ay
        middle = dx / 2 + BEND * dy, dy / 2 - BEND * dx
        curves.append(f"q{middle[0]:.1f} {middle[1]:.1f} {dx:.1f} {dy:.1f}")
    (x, y), *_ = points
    return _ROUTE.format(f"M{x:.1f} {y:.1f}{''.join(curves)}")


def _name(label: Label) -> Markup:
    classes = label.side if label.size == NARROW else f"{label.side} wide"
    return _NAME.format(classes, *label.at, label.name)
