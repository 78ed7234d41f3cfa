"""Which line heads a table, what separates its columns, and what each of them is."""

import contextlib
import csv
import re
from typing import Final, NamedTuple

from formats import google
from formats.coordinates import Wrong, pair
from formats.found import Unreadable
from formats.headings import field_of, plain
from formats.own_table import list_of

TAB: Final = "\t"
_DELIMITERS: Final = (",", ";", TAB, "|")
_SEP: Final = re.compile(r"sep=(.)\s*", re.IGNORECASE)

_TWO_DECIMALS: Final = re.compile(r"\d[.,]\d.*\d[.,]\d")

HEADING_WITHIN: Final = 20
"""Lines, of which the first ones may describe the table."""

_ALIASES: Final = {"latitude": "lat", "longitude": "lng", "lon": "lng", "title": "name"}


class Layout(NamedTuple):
    """How a table is to be read."""

    delimiter: str
    skipped: int
    """Lines before the heading."""
    headings: list[str]
    fields: list[str]
    """What each column is; "" for what is left out."""
    category: str = ""
    """Of rows that have none."""

    @property
    def own(self) -> str | None:
        """The list of Carnet's that all rows are of; "" where a column says it, None for pins."""
        return list_of(self.headings, self.fields)

    @property
    def by_link(self) -> bool:
        """Whether nothing but links tells positions, as in Google's lists."""
        return not {"lat", "position"} & {*self.fields}

    def columns(self, field: str) -> list[int]:
        """The columns that are this field."""
        return [number for number, each in enumerate(self.fields) if each == field]


def layout_of(lines: list[str], mapped: dict[str, str]) -> Layout:
    """The best reading of any of the first lines as a heading."""
    first = _SEP.fullmatch(lines[0].strip("\ufeff\n")) if lines else None
    delimiters = first[1] if first else _DELIMITERS
    wanted = {plain(column): _ALIASES.get(field, field) for column, field in mapped.items()}
    headings = [
        _read_as_heading(line, skipped, delimiter, wanted)
        for skipped, line in enumerate(lines)
        for delimiter in delimiters
    ]
    best = _best(headings, lines) or _best([_by_content(each, lines) for each in headings], lines)
    if best is None:
        raise Unreadable(_no_heading(lines))
    if best.own is None and best.by_link:
        best = _of_links(best)
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


def _best(layouts: list[Layout], lines: list[str]) -> Layout | None:
    """The first of those of which the most is known."""
    score, best = max(
        ((_score(layout, lines), layout) for layout in layouts),
        key=lambda each: each[0],
        default=(0, None),
    )
    return best if score else None


def _by_content(layout: Layout, lines: list[str]) -> Layout:
    """A column whose heading does not say it is the position if the first record has one there."""
    record = next((line for line in lines[layout.skipped + 1 :] if line.strip()), "")
    if not any(layout.fields):
        return layout
    try:
        cells = next(csv.reader([record], delimiter=layout.delimiter), [])
    except csv.Error:
        return layout
    for number, (field, cell) in enumerate(zip(layout.fields, cells, strict=False)):
        if not field and _TWO_DECIMALS.search(cell):
            with contextlib.suppress(Wrong):
                pair(cell)
                fields = [*layout.fields[:number], "position", *layout.fields[number + 1 :]]
                return layout._replace(fields=fields)
    return layout


def _score(layout: Layout, lines: list[str]) -> int:
    """How many columns are known; 0 for what is no heading of places."""
    known = {*layout.fields} - {""}
    if layout.own is not None:
        return len(known) + len(layout.fields)
    if known >= {"lat", "lng"} or "position" in known:
        return len(known) + 1
    if "url" in known and len(layout.fields) >= 2 and google.in_lines(lines[layout.skipped + 1 :]):
        return len(known)
    return 0


def _of_links(layout: Layout) -> Layout:
    """Google's columns by their order, in languages whose words are not known.

    A title, a note, the link, and what may be more.
    """
    fields = layout.fields.copy()
    for number, field in enumerate(fields):
        if not field:
            fields[number] = "notes" if "name" in fields else "name"
    return layout._replace(fields=fields)


def _no_heading(lines: list[str]) -> str:
    beginning = next((line.strip() for line in lines if line.strip()), "")[:60]
    return (
        "no table of places: no line heads columns such as name, lat, lng"
        f" (it begins {beginning!r}); say which column is what with --map COLUMN=FIELD"
    )


def told(layout: Layout) -> str:
    """The mapping, as a sentence."""
    pairs = zip(layout.headings, layout.fields, strict=True)
    used = [f"{heading or '(no heading)'} → {field}" for heading, field in pairs if field]
    left = [h for h, field in zip(layout.headings, layout.fields, strict=True) if h and not field]
    text = f"columns: {', '.join(used)}"
    if left:
        text += f"; left out: {', '.join(left)} (--map COLUMN=notes keeps one)"
    return f"{text}; separated by {'tab' if layout.delimiter == TAB else layout.delimiter}"
