"""Tables (CSV, TSV): whatever separates their columns and in whatever language they are headed.

What is taken for what is told before the first row, so that a person can say otherwise.
"""

import csv
import itertools
import re
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from formats import google
from formats.coordinates import Wrong, in_degrees, pair
from formats.found import Found, Notice, Position, Reading, Reject, Unreadable
from formats.headings import field_of, plain
from formats.own_table import list_of, own_rows
from formats.pins import own_ref, pin
from formats.records import Record, records_of
from formats.text import encoding_of, lines_of, pieces_of

_DELIMITERS: Final = ",;\t|"
_SEP: Final = re.compile(r"sep=(.)\s*", re.IGNORECASE)
_HEADING_WITHIN: Final = 20
"""Lines, of which the first ones may describe the table."""

_ALIASES: Final = {"latitude": "lat", "longitude": "lng", "lon": "lng", "title": "name"}
_FIELDS: Final = ("name", "lat", "lng", "position", "category", "notes", "url", "id", "clientRef")


class Layout(NamedTuple):
    """How a table is to be read."""

    delimiter: str
    skipped: int
    """Lines before the heading."""
    headings: list[str]
    fields: list[str]
    """What each column is; "" for what is left out."""

    def columns(self, field: str) -> list[int]:
        """The columns that are this field."""
        return [number for number, each in enumerate(self.fields) if each == field]


def read(file: BinaryIO, name: str, reading: Reading) -> Iterator[Found]:
    """A notice of what the columns were taken for, then a row for each record."""
    encoding = encoding_of(file)
    lines = lines_of(pieces_of(file, encoding))
    beginning = list(itertools.islice(lines, _HEADING_WITHIN))
    layout = _layout(beginning, reading.columns)
    yield Notice(text=_told(layout, encoding), at=Position(file=name))
    after = itertools.chain(beginning[layout.skipped + 1 :], lines)
    records = records_of(after, layout.delimiter, layout.skipped + 2)
    filled = (record for record in records if any(cell.strip() for cell in record.fields))
    if (own := list_of(layout.headings, layout.fields)) is not None:
        yield from own_rows(filled, layout.fields, own, name, reading)
        return
    for record in filled:
        yield _pin(record, layout, name)


def _layout(lines: list[str], mapped: dict[str, str]) -> Layout:
    """The best reading of any of the first lines as a heading."""
    first = _SEP.fullmatch(lines[0].strip("\ufeff\n")) if lines else None
    wanted = {plain(column): _ALIASES.get(field, field) for column, field in mapped.items()}
    best, most = None, 0
    for skipped, line in enumerate(lines):
        for delimiter in first[1] if first else _DELIMITERS:
            layout = _read_as_heading(line, skipped, delimiter, wanted)
            score = _score(layout, lines)
            if score > most:
                best, most = layout, score
    if best is None:
        raise Unreadable(_no_heading(lines))
    if missing := [c for c in mapped if plain(c) not in {plain(h) for h in best.headings}]:
        there = ", ".join(best.headings)
        raise Unreadable(f"no column {missing[0]!r}; the columns are {there[:500]}")
    return best


def _read_as_heading(line: str, skipped: int, delimiter: str, wanted: dict[str, str]) -> Layout:
    try:
        headings = next(csv.reader([line.lstrip("\ufeff")], delimiter=delimiter), [])
    except csv.Error:
        headings = []
    headings = [heading.strip() for heading in headings]
    fields: list[str] = []
    for heading in headings:
        field = wanted.get(plain(heading)) or field_of(heading) or ""
        # The first of two columns with the same meaning is it; of text both are kept.
        again = field in fields and field not in ("notes", "url")
        fields.append("" if again and plain(heading) not in wanted else field)
    layout = Layout(delimiter, skipped, headings, fields)
    own = list_of(headings, [wanted.get(plain(each), each) for each in headings])
    if own is None:
        return layout
    return layout._replace(fields=[wanted.get(plain(each), each) for each in headings])


def _score(layout: Layout, lines: list[str]) -> int:
    """How many columns are known; 0 for what is no heading of places."""
    known = {*layout.fields} - {""}
    if list_of(layout.headings, layout.fields) is not None:
        return len(known) + len(layout.fields)
    if known >= {"lat", "lng"} or "position" in known:
        return len(known) + 1
    if "url" in known and len(layout.fields) >= 2 and google.in_lines(lines[layout.skipped + 1 :]):
        return len(known) + 1
    return 0


def _no_heading(lines: list[str]) -> str:
    beginning = next((line.strip() for line in lines if line.strip()), "")[:60]
    return (
        "no table of places: no line heads columns such as name, lat, lng"
        f" (it begins {beginning!r}); say which column is what with --map COLUMN=FIELD"
    )


def _told(layout: Layout, encoding: str) -> str:
    """The mapping, as a sentence."""
    pairs = zip(layout.headings, layout.fields, strict=True)
    used = [f"{heading or '(no heading)'} → {field}" for heading, field in pairs if field]
    left = [h for h, field in zip(layout.headings, layout.fields, strict=True) if h and not field]
    delimiter = {"\t": "tab"}.get(layout.delimiter, layout.delimiter)
    told = f"columns: {', '.join(used)}"
    if left:
        told += f"; left out: {', '.join(left)} (--map COLUMN=notes keeps one)"
    return f"{told}; separated by {delimiter}, text in {encoding}"


def _pin(record: Record, layout: Layout, file: str) -> Found:
    at = Position(file=file, line=record.line)
    cells = [cell.strip() for cell in record.fields]
    row = _as_told(layout.headings, cells)
    texts = {
        field: [cells[n] for n in layout.columns(field) if n < len(cells) and cells[n]]
        for field in _FIELDS
    }
    one = {field: values[0] if values else "" for field, values in texts.items()}
    name = one["name"]
    if record.wrong:
        return Reject(reason=record.wrong, row=record.fields[0], at=at)
    if any(cells[len(layout.headings) :]):
        reason = f"{len(cells)} fields where the heading has {len(layout.headings)}"
        return Reject(reason=f"{reason}: is one not in quotes?", row=row, name=name, at=at)
    try:
        lat, lng = _position(one, texts["url"])
    except Wrong as error:
        return Reject(reason=str(error), row=row, name=name, at=at)
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
        category=one["category"],
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
