"""JSON as the API gives it, and the same with a row a line."""

from collections.abc import Iterator

import msgspec

from formats.found import Document
from formats.writers.lists import rows_of


def write_json(export: Document) -> Iterator[bytes]:
    """The export as it came, indented."""
    yield msgspec.json.format(msgspec.json.encode(export), indent=2)
    yield b"\n"


def write_ndjson(export: Document) -> Iterator[bytes]:
    """Each row with its list's name, the trip first; the export's `rev` has no row to stand in."""
    for name, row in rows_of(export):
        yield msgspec.json.encode({"list": name, **row}) + b"\n"
