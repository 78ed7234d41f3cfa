"""Writers: a whole trip, as its export gives it, to the bytes of a file, piece by piece.

JSON, NDJSON and CSV hold all there is. GPX and KML hold the map pins, GeoJSON the places to sleep
too; codes and contacts are in none of these three, since a map is passed on more readily.
"""

from collections.abc import Callable, Iterator
from typing import Final

from formats.found import Document
from formats.writers.geojson import write_geojson
from formats.writers.gpx import write_gpx
from formats.writers.kml import write_kml
from formats.writers.plain import write_json, write_ndjson
from formats.writers.table import write_csv

WRITERS: Final[dict[str, Callable[[Document], Iterator[bytes]]]] = {
    "json": write_json,
    "ndjson": write_ndjson,
    "csv": write_csv,
    "geojson": write_geojson,
    "gpx": write_gpx,
    "kml": write_kml,
}
"""By a file's suffix."""
