"""The lists that an export holds."""

from collections.abc import Iterator

from formats.found import Document


def rows_of(export: Document) -> Iterator[tuple[str, Document]]:
    """The trip, then every row of every list, each with the name it has in the export."""
    for name, value in export.items():
        if isinstance(value, dict):
            yield name, value
        elif isinstance(value, list):
            for row in value:
                yield name, row
