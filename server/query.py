"""The query parameters there are, and what their values may be."""

import dataclasses
import re
from collections.abc import Callable
from typing import Any, Final

from domain import details
from domain.errors import Detail
from domain.near import Names


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A query parameter: its name, how it is described, and what is wrong with a value."""

    name: str
    description: str
    schema: dict[str, Any]
    """JSON Schema."""
    check: Callable[[str], Detail | None] = lambda _text: None
    also: tuple[str, ...] = ()
    """What else callers call it."""


def whole_number(name: str, least: int) -> Callable[[str], Detail | None]:
    """A check that a value, of the parameter or header of this name, is one, and large enough."""

    def check(text: str) -> Detail | None:
        if re.fullmatch(r"[+-]?\d{1,1000}", text, re.ASCII) is None:
            return details.malformed(name, "a whole number", text)
        if int(text) < least:
            return details.out_of_range(name, f"{least} or more", text)
        return None

    return check


def _true_or_false(name: str) -> Callable[[str], Detail | None]:
    def check(text: str) -> Detail | None:
        if text in ("true", "false"):
            return None
        return details.not_allowed(name, ("true", "false"), text)

    return check


LIMIT: Final = Parameter(
    "limit",
    "Rows of a page; a number above the maximum is cut to it.",
    {"type": "integer", "minimum": 1},
    whole_number("limit", 1),
    ("perPage", "pageSize", "size", "count", "max", "maxResults", "first"),
)

CURSOR: Final = Parameter(
    "cursor",
    "`nextCursor` of the page before; no other list's is taken.",
    {"type": "string", "pattern": "^([A-Za-z0-9_-]{16,})?$"},
    also=("nextCursor", "after", "startingAfter", "pageToken", "nextPageToken"),
)

DRY_RUN: Final = Parameter(
    "dryRun",
    "With `true` the reply tells what would change, and nothing is written.",
    {"type": "boolean", "default": False},
    _true_or_false("dryRun"),
    ("preview", "simulate", "test"),
)

FORCE: Final = Parameter(
    "force",
    "With `true`, what later changesets have changed again is taken back too.",
    {"type": "boolean", "default": False},
    _true_or_false("force"),
    ("overwrite", "override"),
)

SINCE: Final = Parameter(
    "since",
    "The `rev` of the export, or of the last page of changes, that is known; 0, or not given: all"
    " there is.",
    {"type": "integer", "minimum": 0, "default": 0},
    whole_number("since", 0),
    ("sinceRev", "fromRev", "rev", "from", "updatedSince", "modifiedSince", "lastEventId"),
)

FILENAME: Final = Parameter(
    "filename",
    "The file's name, which rejects tell; its suffix decides only where the content could be either"
    " of two formats.",
    {"type": "string", "default": ""},
    also=("file", "name", "fileName"),
)

PARAMETERS: Final = {each.name: each for each in (LIMIT, CURSOR, DRY_RUN, FILENAME, FORCE, SINCE)}
"""All of them, by name."""

NAMES: Final = Names({each.name: each.also for each in PARAMETERS.values()})
"""Finds them by what callers call them."""
