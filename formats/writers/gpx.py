"""GPX 1.1: a waypoint for each map pin."""

from collections.abc import Iterator

from formats.degrees import digits
from formats.found import Document
from formats.writers.xml_text import description, element

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<gpx version="1.1" creator="Carnet" xmlns="http://www.topografix.com/GPX/1/1">\n'
)


def write_gpx(export: Document) -> Iterator[bytes]:
    """The trip's title, and its pins."""
    yield f"{_HEAD}<metadata>{element('name', export['trip']['title'])}</metadata>\n".encode()
    for pin in export["mapPins"]:
        yield _waypoint(pin).encode()
    yield b"</gpx>\n"


def _waypoint(pin: Document) -> str:
    # The schema's longitudes end before 180, which is the same meridian as -180.
    lng = -180 if pin["lng"] == 180 else pin["lng"]
    # The schema has an order for what a waypoint holds: name, desc, type.
    inner = element("name", pin["name"])
    if "notes" in pin:
        inner += description("desc", pin["notes"])
    if "category" in pin:
        inner += element("type", pin["category"])
    return f'<wpt lat="{digits(pin["lat"])}" lon="{digits(lng)}">{inner}</wpt>\n'
