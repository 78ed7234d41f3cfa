"""One table of all rows (RFC 4180), in UTF-8.

A column is a member of the API, empty where a row does not have it; objects and lists are JSON.
What a program for sheets would run as a formula has an apostrophe before it, as there: a note may
come from anyone's file. Numbers are left as they are, negative ones too.
"""

import csv
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from formats.found import Document
from formats.writers.lists import rows_of

_FIRST: Final = ("list", "name", "lat", "lng", "category", "notes", "clientRef")
"""The columns of map pins; the others follow as they come up."""

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r\n]")
"""Also behind apostrophes, so that the one which is put before it can be told from the text's."""


def write_csv(export: Document) -> Iterator[bytes]:
    """A line of names, then a line for each row."""
    # The writer gives back what this gives back.
    lines = csv.writer(_Echo(), lineterminator="\r\n")
    names = list(dict.fromkeys((*_FIRST, *(n for _, row in rows_of(export) for n in row))))
    yield lines.writerow(names).encode()
    for name, row in rows_of(export):
        cells = {"list": name, **row}
        yield lines.writerow([_cell(cells[n]) if n in cells else "" for n in names]).encode()


class _Echo:
    def write(self, text: str) -> str:
        return text


def _cell(value: Any) -> str:
    if not isinstance(value, str):
        return msgspec.json.encode(value).decode()
    return f"'{value}" if _FORMULA.match(value) else value
