"""Maps of trips, drawn as SVG: no script, no request to another host."""

from server.pages.map.drawing import draw
from server.pages.map.stops import Stop, stops_of

__all__ = ["Stop", "draw", "stops_of"]
