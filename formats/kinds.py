"""The table of formats. Adding one: a module with `read`, and its line in `KINDS`.

`read(file, name, reading)` yields what it finds, lazily and in the file's order, in bounded memory;
`Unreadable` for what cannot be read at all, or no further. The file is seekable and stands at its
beginning; `name` goes into the `Position` of all that is found.

A format is recognised by one or more of:

- `text`: the beginning of a text, without a byte order mark and blanks before it;
- `members`: the names in a ZIP archive, with `/` between folders;
- `top`: the top level of a JSON document, as `json_text.top` gives it: an object's members, or the
  first elements of a list, each `msgspec.Raw`. What is large or beyond the first megabytes stands
  there as an empty list or object;
- `line`: the same of the first value, where a file is one JSON value after another.

Of several that recognise a file, those of its suffix come first, then the first of the table.
"""

import dataclasses
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, TypeAlias

from formats import carnet_json, geojson, gpx, ics, kml, mail, passes, planners, table
from formats.found import Found, Reading
from formats.json_text import Top

Reader: TypeAlias = Callable[[BinaryIO, str, Reading], Iterator[Found]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """A format."""

    name: str
    read: Reader
    suffixes: tuple[str, ...] = ()
    text: Callable[[str], bool] | None = None
    members: Callable[[frozenset[str]], bool] | None = None
    top: Callable[[Top], bool] | None = None
    line: Callable[[Top], bool] | None = None


KINDS: Final = (
    Kind(
        name="Carnet JSON",
        read=carnet_json.read,
        suffixes=("json",),
        top=carnet_json.is_document,
    ),
    Kind(
        name="Carnet NDJSON",
        read=carnet_json.read_lines,
        suffixes=("ndjson", "jsonl"),
        line=carnet_json.is_line,
    ),
    Kind(
        name="GeoJSON",
        read=geojson.read,
        suffixes=("geojson",),
        top=geojson.is_document,
    ),
    Kind(
        name="GeoJSON sequence",
        read=geojson.read_sequence,
        suffixes=("geojsons", "geojsonl", "geojsonseq"),
        line=geojson.is_line,
    ),
    Kind(
        name="trip planner",
        read=planners.read,
        suffixes=("json",),
        top=planners.is_document,
    ),
    Kind(
        name="archive of a trip planner",
        read=planners.read_archive,
        suffixes=("zip",),
        members=planners.is_archive,
    ),
    Kind(
        name="archive in base64",
        read=planners.read_base64,
        text=planners.is_base64,
    ),
    Kind(name="KML", read=kml.read, suffixes=("kml",), text=kml.is_text),
    Kind(name="KMZ", read=kml.read_archive, suffixes=("kmz",), members=kml.is_archive),
    Kind(name="calendar", read=ics.read, suffixes=("ics", "ical"), text=ics.is_text),
    Kind(name="mail", read=mail.read, suffixes=("eml", "mbox"), text=mail.is_text),
    Kind(name="pass", read=passes.read, suffixes=("pkpass",), members=passes.is_archive),
    Kind(name="GPX", read=gpx.read, suffixes=("gpx",), text=gpx.is_text),
    # Any text may be a table, so it comes last.
    Kind(
        name="table",
        read=table.read,
        suffixes=("csv", "tsv"),
        text=lambda text: not text.startswith("<"),
    ),
)
