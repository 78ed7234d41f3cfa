"""Results of tools, each within a size that assistants take whole.

A result is told twice: as `structuredContent`, and as a text for clients that show a model nothing
else. So the text has the ids and names of what is listed, and little more.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from domain import details
from domain.errors import Detail, ErrorInfo, ItemError
from domain.merge import Document
from domain.resource import SERVER_MEMBERS
from server.mcp.wording import in_tools

MAX_BYTES: Final = 32_000
_ROOM_FOR_THE_REST: Final = 1_000
"""Of the envelope, the cursor and what says how much is left."""
_LARGEST_ENTRY: Final = 20_000
_SHORTENED_CHARACTERS: Final = 500
_SHORTENED_NAMES: Final = 20
_MESSAGE_CHARACTERS: Final = 5_000
_DETAILS: Final = (1_000, 20, 5, 1, 0)
"""How many details of an error are told: as many of these as there is room for."""
_FACTS: Final = 6
_FACT_CHARACTERS: Final = 60
_NAMES: Final = ("title", "name", "text", "content")
"""Members that say what a row is called."""
_NOT_SHOWN: Final = SERVER_MEMBERS - {"_id", "authorId", "completedAt", "createdBy"}


class Entry(NamedTuple):
    """One of the things that a result lists: as data, and as a line of the text."""

    data: Document
    line: str


class Answer(msgspec.Struct, kw_only=True):
    """What a tool has to say."""

    text: str
    """The first line."""
    head: Document = msgspec.field(default_factory=dict)
    """What is told beside the list."""
    entries: Sequence[Entry] | None = None
    """None where nothing is listed, as against an empty list."""
    listed: str = "items"
    """What the list is called."""
    next_cursor: str | None = None
    left: int = 0
    """How many more there are."""
    rest: str = "call again with the cursor"
    """How to come by them."""
    failed: bool = False

    @property
    def room(self) -> int:
        """Bytes for the entries."""
        return MAX_BYTES - _ROOM_FOR_THE_REST - _size(self.head) - _size(self.text)

    def fitting(self, entries: Sequence[Entry]) -> int:
        """How many of these entries there is room for: one at least, if there are any."""
        room, count = self.room, 0
        for entry in entries:
            room -= _size(entry.data) + _size(entry.line) + 2
            if room < 0 and count:
                break
            count += 1
        return count

    def result(self) -> dict[str, Any]:
        """The result of the call."""
        lines = [self.text, *(entry.line for entry in self.entries or ())]
        structured = dict(self.head)
        if self.entries is not None:
            structured[self.listed] = [entry.data for entry in self.entries]
        if self.left:
            structured |= {"left": self.left, "nextCursor": self.next_cursor}
            lines.append(f"{self.left} more: {self.rest}")
            if self.next_cursor:
                lines.append(f"cursor: {self.next_cursor}")
        content = [{"type": "text", "text": "\n".join(lines)}]
        told: dict[str, Any] = {"content": content, "structuredContent": structured}
        return told | {"isError": True} if self.failed else told


def cut(answer: Answer, entries: Sequence[Entry]) -> Answer:
    """The answer with as many of these entries as there is room for; the rest is left."""
    count = answer.fitting(entries)
    return msgspec.structs.replace(answer, entries=entries[:count], left=len(entries) - count)


def failure(error: ErrorInfo) -> dict[str, Any]:
    """The result of a call that was refused: the error of the API, in words of the tools."""
    message = _clipped(in_tools(error.message), _MESSAGE_CHARACTERS)
    found = [_in_tools(each) for each in error.details or ()]
    # What is wrong with single fields is in the message already, as far as there are few of them.
    lines = [f"{each.path or 'arguments'}: {each.message}" for each in found if found[5:]]
    for most in _DETAILS:
        info = ErrorInfo(error.code, message, error.request_id, found[:most] or msgspec.UNSET)
        told: dict[str, Any] = {
            "content": [{"type": "text", "text": "\n".join([message, *lines[:most]])}],
            "structuredContent": {"error": msgspec.to_builtins(info)},
            "isError": True,
        }
        if _size(told) <= MAX_BYTES:
            break
    return told


class Brevity(NamedTuple):
    """How much is told of one item of many."""

    details: int
    """Of what is wrong with it."""
    message: int
    """Characters."""
    value: int
    """Bytes of a value that changes; 0: only which fields do."""
    name: int
    """Characters."""


BREVITIES: Final = (
    Brevity(3, 600, 300, 200),
    Brevity(1, 300, 60, 100),
    Brevity(0, 150, 0, 40),
)


def outcome(what: str, result: Document, brevity: Brevity) -> Entry:
    """What became of an item, as in the results of a batch, an undo or a changeset."""
    told = dict(result)
    if isinstance(told.get("name"), str):
        told["name"] = _clipped(told["name"], brevity.name)
    if "changes" in told:
        told["changes"] = _changes(told["changes"], brevity.value)
    if "error" not in told:
        return Entry(told, f"{told['status']}: {line(what, told, but=('index', 'status'))}")
    info = msgspec.convert(told["error"], ItemError)
    found = [_in_tools(each) for each in info.details or ()][: brevity.details]
    message = _clipped(in_tools(info.message), brevity.message)
    told["error"] = msgspec.to_builtins(ItemError(info.code, message, found or msgspec.UNSET))
    which = f"item {told['index']}" if "index" in told else f"({told.get('_id', '')})"
    return Entry(told, f"error: {what} {which}: {message}")


def _changes(changes: Mapping[str, Mapping[str, Any]], most: int) -> Any:
    if not most:
        return [*changes]
    return {
        field: {side: _within(value, most) for side, value in sides.items()}
        for field, sides in changes.items()
    }


def _within(value: Any, most: int) -> Any:
    text = msgspec.json.encode(value)
    return value if len(text) <= most else f"{text[:most].decode(errors='ignore')}…"


def tell_all(answer: Answer, outcomes: Sequence[tuple[str, Document]]) -> Answer:
    """The answer with what became of each item, as briefly as it takes."""
    for brevity in BREVITIES:
        entries = [outcome(what, result, brevity) for what, result in outcomes]
        if answer.fitting(entries) == len(entries):
            break
    return cut(answer, entries)


def _in_tools(detail: Detail) -> Detail:
    return Detail(detail.path, detail.reason, in_tools(detail.message))


def shown(document: Document) -> Document:
    """A row without what is of no use to an assistant, and not larger than a result takes.

    Of what is too large for that, texts are shortened, and the rest left out; both are named.
    """
    kept = {name: value for name, value in document.items() if name not in _NOT_SHOWN}
    sizes = {name: _size(name) + _size(value) + 2 for name, value in kept.items()}
    total, shortened = sum(sizes.values()), []
    for name in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if total <= _LARGEST_ENTRY:
            break
        value = kept.pop(name)
        total -= sizes[name]
        shortened.append(details.clipped(name))
        if isinstance(value, str):
            kept[name] = _clipped(value, _SHORTENED_CHARACTERS)
            total += _size(kept[name])
    if shortened:
        kept["shortened"] = shortened[:_SHORTENED_NAMES]
    return kept


def name_of(document: Any) -> str | None:
    """What a row is called; None of what has no name."""
    if not isinstance(document, dict):
        return None
    named = (document[member] for member in _NAMES if isinstance(document.get(member), str))
    name = next(named, None)
    return None if name is None else _clipped(name, 200)


def line(what: str, document: Document, *, but: Sequence[str] = ()) -> str:
    """A row in a line: what it is, its name and id, and what is short enough to be told."""
    name = name_of(document)
    quoted = f" {quote(name)}" if name is not None else ""
    row_id = f" ({document['_id']})" if "_id" in document else ""
    facts = [
        told
        for member, value in document.items()
        if member not in _SAID and member not in but and (told := _fact(member, value))
    ]
    rest = f": {', '.join(facts[:_FACTS])}" if facts else ""
    return f"{what}{quoted}{row_id}{rest}"


_SAID: Final = {*_NAMES, *_NOT_SHOWN, "_id", "clientRef", "shortened", "what", "kind"}


def _fact(member: str, value: Any) -> str:
    if isinstance(value, dict):
        name = name_of(value)
        return "" if name is None else f"{details.clipped(member)} {quote(name)}"
    if isinstance(value, str):
        return f"{details.clipped(member)} {quote(value)}" if len(value) < _FACT_CHARACTERS else ""
    if isinstance(value, int | float):
        return f"{details.clipped(member)} {msgspec.json.encode(value).decode()}"
    return ""


def quote(text: str) -> str:
    """A text of a member's within ours: on one line, in quotes, and not too long."""
    return msgspec.json.encode(_clipped(text, _FACT_CHARACTERS)).decode()


def _clipped(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _size(value: Any) -> int:
    return len(msgspec.json.encode(value))
