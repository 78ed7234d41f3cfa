"""Records of a text with delimiters (RFC 4180), also of one whose quotes are broken."""

import csv
from collections.abc import Iterator
from typing import Final, NamedTuple

LOOK_AHEAD: Final = 200
"""Lines that a quoted field may go over."""

PATIENCE: Final = 100_000
"""Lines of a file that are read twice, because a quote before them never closed."""


class Record(NamedTuple):
    """Fields, or what is wrong with a line."""

    line: int
    """Of its first line, from 1."""
    fields: list[str]
    wrong: str = ""


class _Unclosed(Exception):
    pass


class _Lines:
    """Lines that can be put back."""

    def __init__(self, lines: Iterator[str], line: int) -> None:
        self._lines = lines
        self._again: list[str] = []
        self.taken: list[str] = []
        """Since the last record."""
        self.next_line = line
        self.patience = PATIENCE

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if len(self.taken) > (LOOK_AHEAD if self.patience > 0 else 0):
            raise _Unclosed
        line = self._again.pop() if self._again else next(self._lines)
        self.taken.append(line)
        return line

    def keep(self, count: int) -> list[str]:
        """The first of the lines taken; the others come again."""
        kept, again = self.taken[:count], self.taken[count:]
        self.patience -= len(again)
        self._again += reversed(again)
        self.taken = []
        self.next_line += count
        return kept


def records_of(lines: Iterator[str], delimiter: str, line: int = 1) -> Iterator[Record]:
    """Records, the first of which begins at `line`. A quote that never closes costs its line."""
    source = _Lines(lines, line)
    while True:
        reader = csv.reader(source, delimiter=delimiter, strict=True)
        try:
            for fields in reader:
                yield Record(source.next_line, fields)
                source.keep(len(source.taken))
        except (csv.Error, _Unclosed):
            start = source.next_line
            (first,) = source.keep(1)
            yield _alone(first, delimiter, start)
        else:
            return


def _alone(line: str, delimiter: str, number: int) -> Record:
    """A line that strict reading does not take; one with a word behind a quoted field does read."""
    closed = csv.reader([line, "\n"], delimiter=delimiter)
    try:
        found = list(closed)
    except csv.Error:
        return Record(number, [line.rstrip("\n")], "a field is too long")
    if len(found) == 2:
        return Record(number, found[0])
    return Record(number, [line.rstrip("\n")], "a quote is opened and never closed")
