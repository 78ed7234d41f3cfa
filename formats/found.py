"""What a reader finds in a file, one thing after another and in the file's order."""

from typing import Any, Literal, TypeAlias

import msgspec

Document: TypeAlias = dict[str, Any]


class Position(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where in a file something stands."""

    file: str = ""
    """The name of the file, of one in an archive `archive.zip/folder/file.csv`."""
    line: int | None = None
    """Counted from 1, of a text with a row a line."""
    index: int | None = None
    """Counted from 0, of anything else."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row for a sync, with a clientRef that is the same each time the file is read."""

    list: str
    """The list of a sync that it is for, such as `mapPins`."""
    document: Document
    """As the API takes it. A stay may name no leg, and a leg have no order: dates tell then."""
    at: Position = Position()


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A flight or a rental car, which is a member of a leg and has to be placed in one."""

    member: Literal["flights", "rentalCar"]
    document: Document
    at: Position = Position()


class Reject(msgspec.Struct, frozen=True, kw_only=True):
    """What cannot be a row; the reading goes on."""

    reason: str
    """One line for a person: what is missing, or what it looks like."""
    row: Any
    """What stands in the file, as JSON can tell it."""
    name: str = ""
    at: Position = Position()


class NotImported(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen and has no place in Carnet, or is not wanted there: no error."""

    what: Literal["tracks", "routes", "areas", "links", "cancelled", "duplicates", "other"]
    count: int = 1
    name: str = ""
    """What a person would know it by, such as a cancelled flight's number and date."""
    at: Position = Position()


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence that a person is to read before anything is sent, such as a table's mapping."""

    text: str
    at: Position = Position()


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says of the trip as a whole: of a new one only is it asked."""

    title: str
    start: str = ""
    end: str = ""
    """Days, where they are dates."""
    at: Position = Position()


Found: TypeAlias = Row | Part | Reject | NotImported | Notice | About


class Unreadable(Exception):
    """The file cannot be read at all, or no further; its text is one clear line."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What the one who reads a file wants."""

    trip_id: str = ""
    """The trip that the rows are for; its own export keeps its ids there."""
    columns: dict[str, str] = {}
    """For tables: fields of the API by column."""
    routes: bool = False
    """Whether the points of routes become pins."""


def named(document: Document) -> str:
    """What a person knows a row by."""
    for member in ("title", "name", "text", "clientRef", "_id"):
        if document.get(member):
            return str(document[member])[:100]
    return "?"
