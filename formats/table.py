"""Tables (CSV, TSV): whatever separates their columns and in whatever language they are headed.

What is taken for what is told before the first row, so that a person can say otherwise.
"""

import itertools
import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from formats import google
from formats.coordinates import Wrong, in_degrees, pair
from formats.found import Found, Notice, Position, Reading, Reject
from formats.layout import HEADING_WITHIN, Layout, layout_of, told
from formats.own_table import own_rows
from formats.pins import own_ref, pin
from formats.records import Record, records_of
from formats.text import encoding_of, lines_of, pieces_of

_FIELDS: Final = ("name", "lat", "lng", "position", "category", "notes", "url", "id", "clientRef")


def read(file: BinaryIO, name: str, reading: Reading) -> Iterator[Found]:
    """A notice of what the columns were taken for, then a row for each record."""
    encoding = encoding_of(file)
    lines = lines_of(pieces_of(file, encoding))
    beginning = list(itertools.islice(lines, HEADING_WITHIN))
    layout = layout_of(beginning, reading.columns)
    if layout.by_link:
        # Google's lists are what one sorts places by; only their file's name tells which it is.
        layout = layout._replace(category=_stem(name))
    yield Notice(text=f"{told(layout)}, text in {encoding}", at=Position(file=name))
    after = itertools.chain(beginning[layout.skipped + 1 :], lines)
    records = records_of(after, layout.delimiter, layout.skipped + 2)
    filled = (record for record in records if any(cell.strip() for cell in record.fields))
    if layout.own is not None:
        yield from own_rows(filled, layout.fields, layout.own, name, reading)
        return
    columns = {field: layout.columns(field) for field in _FIELDS}
    for record in filled:
        yield _pin(record, layout, columns, name)


def _pin(record: Record, layout: Layout, columns: dict[str, list[int]], file: str) -> Found:
    at = Position(file=file, line=record.line)
    cells = google.rejoined([cell.strip() for cell in record.fields])
    texts = {
        field: [cells[n] for n in numbers if n < len(cells) and cells[n]]
        for field, numbers in columns.items()
    }
    one = {field: values[0] if values else "" for field, values in texts.items()}
    name = one["name"]

    def row() -> dict[str, str]:
        return _as_told(layout.headings, cells)

    if record.wrong:
        return Reject(reason=record.wrong, row=record.fields[0], at=at)
    if any(cells[len(layout.headings) :]):
        reason = f"{len(cells)} fields where the heading has {len(layout.headings)}"
        return Reject(reason=f"{reason}: is one not in quotes?", row=row(), name=name, at=at)
    try:
        lat, lng = _position(one, texts["url"])
    except Wrong as error:
        return Reject(reason=str(error), row=row(), name=name, at=at)
    notes = [text for field in ("notes", "url") for text in texts[field]]
    ref = one["clientRef"] or google.ref_in(one["url"])
    if not ref and one["id"]:
        ref = own_ref("table", one["id"], file)
    return pin(
        name,
        lat,
        lng,
        at=at,
        row=row,
        category=one["category"] or layout.category,
        notes="\n".join(dict.fromkeys(notes)),
        ref=ref,
    )


def _position(one: dict[str, str], urls: list[str]) -> tuple[float, float]:
    """Where a record says it is; `Wrong` with the reason for none."""
    if one["lat"] and one["lng"]:
        return in_degrees(one["lat"], "latitude"), in_degrees(one["lng"], "longitude")
    if one["position"]:
        return pair(one["position"])
    for url in urls:
        if (found := google.position_in(url)) is not None:
            return found
    if one["lat"] or one["lng"]:
        if re.search(r"\d\D+\d.*\d\D+\d", text := one["lat"] or one["lng"]):
            return pair(text)
        raise Wrong(f"no {'longitude' if one['lat'] else 'latitude'}")
    if urls and (address := google.address_in(urls[0])):
        raise Wrong(f"no coordinates; address: {address}")
    raise Wrong("no coordinates in the link" if urls else "no coordinates")


def _as_told(headings: list[str], cells: list[str]) -> dict[str, str]:
    """The record as it stands in the file."""
    names = [heading or f"column {n}" for n, heading in enumerate(headings, 1)]
    names += [f"column {n}" for n in range(len(headings) + 1, len(cells) + 1)]
    return {name: cell for name, cell in zip(names, cells, strict=False) if cell}


def _stem(name: str) -> str:
    stem, dot, suffix = name.rpartition("/")[2].rpartition(".")
    return stem if dot and suffix.lower() == "csv" else ""
