"""Web Mercator (EPSG:3857), in a world of size 1 whose origin is its north-western corner."""

import math
from typing import Final

LIMIT: Final = 85.0511287798066
"""The latitude at which that world is a square."""
EQUATOR_KM: Final = 40075.017


def projected(lat: float, lng: float) -> tuple[float, float]:
    """Where a place in degrees is; the poles are taken for the edges."""
    sine = math.sin(math.radians(max(-LIMIT, min(LIMIT, lat))))
    return lng / 360 + 0.5, 0.5 - math.atanh(sine) / math.tau


def length_of(km: float, y: float) -> float:
    """How long so many kilometres are at that height of the world."""
    return km * math.cosh((0.5 - y) * math.tau) / EQUATOR_KM
