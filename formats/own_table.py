"""Tables in Carnet's own words: the columns are members of the API, of one list or of all."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from domain.resources import RESOURCES
from domain.shape import members_of
from formats.found import Document, Found, Position, Reading, Reject
from formats.own import NO_ROWS, OwnRows, about
from formats.records import Record

_REQUIRED: Final = {
    resource.snapshot: {
        member.name for member in members_of(resource.struct).by_name.values() if member.required
    }
    for resource in RESOURCES
    # A table of pins is read as any table of places; stays have less to tell them by.
    if resource.snapshot not in ("mapPins", "stays")
}

_WANTED: Final = {
    resource.snapshot: {
        member.name: member.shape.wanted for member in members_of(resource.struct).by_name.values()
    }
    for resource in RESOURCES
}

_FORMULA: Final = re.compile(r"''*[=+\-@\t\n]")
"""A text that an export has put an apostrophe before, so that sheets do not run it. What was a
carriage return is a line feed here."""


def list_of(headings: list[str], fields: list[str]) -> str | None:
    """The list that all rows are of; "" where a column says it, None for no such table."""
    if {"list", "kind"} & {*headings} and {"_id", "clientRef"} & {*headings}:
        return ""
    for name, required in _REQUIRED.items():
        if required <= {*fields}:
            return name
    return None


def own_rows(
    records: Iterator[Record], names: list[str], name: str, file: str, reading: Reading
) -> Iterator[Found]:
    """A row for each record, typed as the API has it."""
    own = OwnRows(reading)
    for record in records:
        at = Position(file=file, line=record.line)
        cells = dict(zip(names, record.fields, strict=False))
        kind = name or cells.pop("list", "") or cells.pop("kind", "")
        if kind in NO_ROWS:
            if kind == "trip":
                yield from about(_document(cells, {}), file)
            continue
        if reason := record.wrong or _surplus(record, names):
            yield Reject(reason=reason, row=record.fields, at=at)
            continue
        try:
            document = _document(cells, _WANTED.get(kind, {}))
        except ValueError as error:
            yield Reject(reason=str(error), row=cells, at=at)
            continue
        yield from own.take(kind, document, at)


def _surplus(record: Record, names: list[str]) -> str:
    if len(record.fields) <= len(names):
        return ""
    return f"{len(record.fields)} fields where the heading has {len(names)}: is one not in quotes?"


def _document(cells: dict[str, str], wanted: Mapping[str, str]) -> Document:
    return {
        name: _value(name, cell, wanted.get(name, "string"))
        for name, cell in cells.items()
        if name and cell
    }


def _value(name: str, cell: str, wanted: str) -> Any:
    if wanted == "string":
        return cell[1:] if _FORMULA.match(cell) else cell
    if wanted == "number":
        cell = cell.replace(",", ".")
    elif wanted == "boolean":
        cell = cell.lower()  # sheets write TRUE
    try:
        return msgspec.json.decode(cell)
    except (msgspec.DecodeError, RecursionError):
        expected = {"number": "a number", "boolean": "true or false"}.get(wanted, "JSON")
        raise ValueError(f"{name} {cell[:40]!r} is not {expected}") from None
