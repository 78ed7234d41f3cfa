"""KML 2.2: a placemark for each map pin, in a folder for each category."""

from collections.abc import Iterator

from formats.degrees import digits
from formats.found import Document
from formats.writers.xml_text import description, element

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
)


def write_kml(export: Document) -> Iterator[bytes]:
    """The trip's title, pins without a category, then the folders in the order they come up."""
    yield f"{_HEAD}{element('name', export['trip']['title'])}\n".encode()
    folders: dict[str, list[Document]] = {"": []}
    for pin in export["mapPins"]:
        folders.setdefault(pin.get("category", ""), []).append(pin)
    for category, pins in folders.items():
        if category:
            yield f"<Folder>{element('name', category)}\n".encode()
        for pin in pins:
            yield _placemark(pin).encode()
        if category:
            yield b"</Folder>\n"
    yield b"</Document></kml>\n"


def _placemark(pin: Document) -> str:
    inner = element("name", pin["name"])
    if "notes" in pin:
        inner += description("description", pin["notes"])
    point = element("coordinates", f"{digits(pin['lng'])},{digits(pin['lat'])}")
    return f"<Placemark>{inner}<Point>{point}</Point></Placemark>\n"
