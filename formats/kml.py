"""KML 2.2 and its archives (KMZ): Google's My Maps and Earth, Organic Maps, OsmAnd.

Placemarks with points become pins; the folder, or the document, they lie in is their category.
Links to other files are followed within their archive, and nowhere else.
"""

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final
from urllib.parse import unquote

from formats import archives
from formats.archives import Archive
from formats.coordinates import Wrong, in_degrees
from formats.found import About, Found, NotImported, Position, Reading, Reject, Unreadable
from formats.pins import pin
from formats.plain_text import from_html
from formats.xml_elements import Element, Shape, elements_of, root_of

_SHAPE: Final = Shape(
    whole="Placemark NetworkLink GroundOverlay PhotoOverlay ScreenOverlay",
    groups="Folder Document",
    hollow="LineString LinearRing Polygon Track MultiTrack Model Style StyleMap Schema",
)
_GEOMETRIES: Final = {
    "LineString": "tracks",
    "LinearRing": "tracks",
    "Polygon": "areas",
    "Track": "tracks",
    "MultiTrack": "tracks",
    "Model": "other",
}
_AROUND_COMMA: Final = re.compile(r"\s*,\s*")


def is_text(text: str) -> bool:
    """Whether the root is KML's."""
    return root_of(text) == "kml"


def is_archive(names: frozenset[str]) -> bool:
    """Whether an archive is nothing but KML and what it shows."""
    return "doc.kml" in names or (
        any(_is_kml(name) for name in names)
        and all(_is_kml(name) or name.lower().endswith(_SHOWN) for name in names)
    )


_SHOWN: Final = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".dae", ".html", ".css")


def _is_kml(name: str) -> bool:
    return name.lower().endswith(".kml")


def read(file: BinaryIO, name: str, reading: Reading) -> Iterator[Found]:
    """The placemarks of one document; no link is followed."""
    yield from _document(file, name, lambda _: False)


def read_archive(file: BinaryIO, name: str, reading: Reading) -> Iterator[Found]:
    """The documents of an archive: the first and what it links to, then what nothing links to."""
    with archives.opened(file) as archive:
        documents = [each for each in archive.names if _is_kml(each)]
        documents.sort(key=lambda each: (each != "doc.kml", each.count("/")))
        linked: list[str] = []
        seen: set[str] = set()
        while todo := [each for each in (*linked, *documents) if each not in seen][:1]:
            (member,) = todo
            seen.add(member)
            yield from _member(archive, member, name, linked)
        for member in archive.names:
            if member not in seen and not member.lower().endswith(_SHOWN):
                yield NotImported(what="other", name=member, at=Position(file=f"{name}/{member}"))


def _member(archive: Archive, member: str, name: str, linked: list[str]) -> Iterator[Found]:
    """One document of an archive; those in it that it links to are added to `linked`."""
    by_name = {each.lower(): each for each in archive.names}

    def follow(link: str) -> bool:
        path = posixpath.join(
            posixpath.dirname(member), unquote(link.partition("#")[0]).replace("\\", "/")
        )
        inside = by_name.get(posixpath.normpath(path).lower())
        if inside is not None and inside not in linked:
            linked.append(inside)
        return inside is not None

    place = f"{name}/{member}"
    try:
        with archive.open(member) as file:
            yield from _document(file, place, follow)
    except Unreadable as error:
        yield Reject(reason=str(error), row=None, name=member, at=Position(file=place))


def _document(file: BinaryIO, name: str, follow: Callable[[str], bool]) -> Iterator[Found]:
    index = 0
    for found in elements_of(file, _SHAPE):
        element = found.element
        at = Position(file=name, index=index)
        if element.name == "Placemark":
            index += 1
            if found.cut:
                reason = "a placemark of more parts or text than are read"
                yield Reject(reason=reason, row=None, name=element.said("name"), at=at)
            else:
                yield from _placemark(element, _category(found.groups), at)
        elif element.name == "NetworkLink":
            address = next((a for link in element.children if (a := link.said("href"))), "")
            if not follow(address):
                shown = f"{element.said('name')} {address}".strip()
                yield NotImported(what="links", name=shown, at=Position(file=name))
        elif element.name.endswith("Overlay"):
            yield NotImported(what="other", name=element.said("name"), at=Position(file=name))
        elif not found.groups and (title := _category([element])):
            yield About(title=title, at=Position(file=name))


def _category(groups: list[Element]) -> str:
    """The name of the innermost folder that has one, else the document's."""
    named = next((group.text for group in reversed(groups) if group.text), "")
    return re.sub(r"\.km[lz]$", "", named, flags=re.IGNORECASE)


def _placemark(element: Element, category: str, at: Position) -> Iterator[Found]:
    name = element.said("name")

    def row() -> dict[str, str]:
        return _as_told(element)

    geometries = element.all("Point", *_GEOMETRIES)
    if not geometries:
        address = " ".join(element.said("address").split())
        reason = f"address only: {address}" if address else "no coordinates"
        yield Reject(reason=reason, row=row(), name=name, at=at)
    for geometry in geometries:
        if what := _GEOMETRIES.get(geometry.name):
            yield NotImported(what=what, name=name, at=at)  # type: ignore[arg-type]
            continue
        try:
            lat, lng = _coordinates(geometry.said("coordinates"))
        except Wrong as error:
            yield Reject(reason=str(error), row=row(), name=name, at=at)
            continue
        yield pin(
            name,
            lat,
            lng,
            at=at,
            row=row,
            category=category,
            notes=_notes(element),
            unnamed="Placemark",
        )


def _coordinates(text: str) -> tuple[float, float]:
    """Latitude and longitude of a point; the file has longitude first, and perhaps a height."""
    numbers = _AROUND_COMMA.sub(",", text.strip()).split(",")
    if numbers == [""]:
        raise Wrong("no coordinates")
    if len(numbers) == 1:
        numbers = text.split()  # some have blanks in place of commas
    if not 2 <= len(numbers) <= 3:
        looks = ": are there commas for decimal points?" if len(numbers) > 3 else ""
        raise Wrong(f"{text.strip()[:60]!r} is not longitude,latitude{looks}")
    return in_degrees(numbers[1], "latitude"), in_degrees(numbers[0], "longitude")


def _notes(element: Element) -> str:
    """The description, then the data that it does not repeat, then the address."""
    notes = from_html(element.said("description") or element.said("Snippet"))
    data = dict(_data(element))
    for name in (name for name, value in data.items() if not value):
        # My Maps repeats the names of empty columns.
        notes = re.sub(rf"(?m)^{re.escape(name)}:[ \t]*$\n?", "", notes).rstrip()
    pictures = data.pop("gx_media_links", "").split()
    more = [(f"{name}: ", from_html(value)) for name, value in data.items()]
    more += [("", each) for each in (*pictures, *map(element.said, ("address", "phoneNumber")))]
    lines = [label + text for label, text in more if text and text not in notes]
    return "\n".join(filter(None, (notes, *dict.fromkeys(lines))))


def _data(element: Element) -> Iterator[tuple[str, str]]:
    """Pairs of `Data` and of `SimpleData`, by name."""
    extended = element.first("ExtendedData")
    for data in extended.all("Data") if extended else ():
        yield data.attributes.get("name", ""), data.said("value")
    for data in extended.all("SimpleData") if extended else ():
        yield data.attributes.get("name", ""), data.text.strip()


def _as_told(element: Element) -> dict[str, str]:
    """The placemark as it stands in the file."""
    point = next(iter(element.all("Point")), None)
    told = {name: element.said(name) for name in ("name", "address", "description")}
    told["coordinates"] = point.said("coordinates") if point else ""
    return {name: text for name, text in (told | dict(_data(element))).items() if text}
