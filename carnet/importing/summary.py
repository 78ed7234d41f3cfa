"""What became of an import: counted, told to a person, and in part written to a file."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final

import msgspec

from carnet.importing.chunks import Chunk, Sending
from domain.merge import Document
from formats.found import Found, Notice, NotImported, Position, Reject, named

SHOWN: Final = 50
"""Rows of a kind that are told one by one."""

_WHY: Final = {
    "tracks": " (Carnet has no tracks)",
    "areas": " (Carnet has no areas)",
    "routes": " (--routes makes pins of their points)",
    "links": " (nothing is fetched from elsewhere)",
}
"""Why what was seen is not imported."""


@dataclasses.dataclass
class Listed:
    """What became of the rows of one list."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    names: list[str] = dataclasses.field(default_factory=list)
    """Of the first ones created."""
    changes: list[tuple[str, Document]] = dataclasses.field(default_factory=list)
    """In a dry run, of the first ones updated: a name, and from and to by field."""


class Summary:
    """The counts of an import; rejects go to a file as they come."""

    def __init__(
        self, rejects: BinaryIO | None = None, tell: Callable[[str], None] = lambda _text: None
    ) -> None:
        """`tell` is given each notice at once: before the rows that it is about are sent."""
        self.lists: dict[str, Listed] = {}
        self.rejected = 0
        self.first_rejects: list[Reject] = []
        self.not_imported: Counter[str] = Counter()
        self.cancelled: list[NotImported] = []
        self.left_out: dict[str, list[str]] = {}
        """What the first ones of these are known by."""
        self.notices: list[str] = []
        self.still_there: list[str] = []
        """What a mail says is cancelled, and the trip has all the same."""
        self._file = rejects
        self._tell = tell

    @property
    def done(self) -> int:
        """Rows that are answered."""
        return sum(each.created + each.updated + each.unchanged for each in self.lists.values())

    @property
    def nothing_read(self) -> bool:
        """Whether there is nothing but files that cannot be read."""
        return (
            0 < self.rejected == len(self.first_rejects)
            and not (self.lists or self.not_imported)
            and all(
                each.row is None and each.at.line is None and each.at.index is None
                for each in self.first_rejects
            )
        )

    def hear(self, found: Found) -> None:
        """Counts what is no row."""
        if isinstance(found, Reject):
            self._reject(found)
        elif isinstance(found, NotImported):
            self.not_imported[found.what] += found.count
            if found.what == "cancelled":
                self.cancelled.append(found)
            names = self.left_out.setdefault(found.what, [])
            if found.name and len(names) < SHOWN:
                names.append(found.name)
        elif isinstance(found, Notice):
            self.notice(f"{found.at.file}: {found.text}" if found.at.file else found.text)

    def notice(self, text: str) -> None:
        """Tells something once."""
        if text not in self.notices:
            self.notices.append(text)
            self._tell(text)

    def would_create(self, chunk: Chunk) -> None:
        """Counts rows for a trip that is not there yet."""
        for name, rows in chunk.lists().items():
            for row in rows:
                self._count(self._list(name), row, {"status": "created"})

    def answered(self, chunk: Chunk, answer: Document) -> None:
        """Counts what the server says of a chunk; what it refused is rejected."""
        for name, rows in chunk.lists().items():
            listed = self._list(name)
            for item in answer[name]["items"]:
                row = rows[item["index"]]
                if item["status"] == "error":
                    document = row.document
                    reason = item["error"]["message"]
                    self._reject(
                        Reject(reason=reason, row=document, name=named(document), at=row.at)
                    )
                else:
                    self._count(listed, row, item)

    def _list(self, name: str) -> Listed:
        return self.lists.setdefault(name, Listed())

    def _count(self, listed: Listed, row: Sending, item: Document) -> None:
        status = item["status"]
        setattr(listed, status, getattr(listed, status) + 1)
        if status == "created" and len(listed.names) < SHOWN:
            listed.names.append(named(row.document))
        elif status == "updated" and "changes" in item and len(listed.changes) < SHOWN:
            listed.changes.append((named(row.document), item["changes"]))

    def _reject(self, reject: Reject) -> None:
        self.rejected += 1
        if self._file:
            self._file.write(msgspec.json.encode(record_of(reject)) + b"\n")
        if len(self.first_rejects) < SHOWN:
            self.first_rejects.append(reject)

    def json(self, trip_id: str | None, *, dry_run: bool) -> dict[str, Any]:
        """All of it, for programs."""
        told: dict[str, Any] = {"dryRun": dry_run}
        if trip_id:
            told["tripId"] = trip_id
        for name, listed in self.lists.items():
            counts = {each: getattr(listed, each) for each in ("created", "updated", "unchanged")}
            told[name] = counts
            if dry_run:
                told[name] |= {
                    "names": listed.names,
                    "changes": [
                        {"name": name, "changes": fields} for name, fields in listed.changes
                    ],
                }
        others = dict(self.not_imported)
        told["duplicates"] = others.pop("duplicates", 0)
        told["rejected"] = self.rejected
        told["rejects"] = [record_of(each) for each in self.first_rejects]
        told["notImported"] = others
        told["stillThere"] = self.still_there
        told["notices"] = self.notices
        return told

    def lines(self, *, dry_run: bool) -> Iterator[str]:
        """All of it, for a person."""
        would = "would be " if dry_run else ""
        for name, listed in self.lists.items():
            yield (
                f"{name}: {would}{listed.created:,} created, {listed.updated:,} updated,"
                f" {listed.unchanged:,} unchanged"
            )
            if dry_run:
                yield from _changes(listed)
        duplicates = self.not_imported.get("duplicates", 0)
        if duplicates:
            yield f"duplicates left out: {duplicates:,}"
        for what, count in sorted(self.not_imported.items()):
            if what != "duplicates":
                noun = what.removesuffix("s") if count == 1 else what
                yield f"not imported: {count:,} {noun}{_WHY.get(what, '')}"
                yield from (f"  {name}" for name in self.left_out[what])
        for text in self.still_there:
            yield f"still in the trip, though cancelled: {text}"
        if self.rejected:
            yield f"rejected: {self.rejected:,}"
            for reject in self.first_rejects:
                name = f" {reject.name}:" if reject.name else ""
                yield f"  {where(reject.at)}:{name} {reject.reason}"
            if self.rejected > len(self.first_rejects):
                yield f"  and {self.rejected - len(self.first_rejects):,} more"
        if not self.lists and not self.rejected:
            yield "nothing to import was found"


def _changes(listed: Listed) -> Iterator[str]:
    for name in listed.names:
        yield f"  + {name}"
    if listed.created > len(listed.names):
        yield f"  + and {listed.created - len(listed.names):,} more"
    for name, fields in listed.changes:
        yield f"  ~ {name}"
        for field, change in fields.items():
            yield f"      {field}: {_shown(change['from'])} → {_shown(change['to'])}"
    if listed.updated > len(listed.changes):
        yield f"  ~ and {listed.updated - len(listed.changes):,} more"


def _shown(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 200 else f"{text[:199]}…"


def where(at: Position) -> str:
    """A place in a file, for a person."""
    if at.line is not None:
        return f"{at.file}:{at.line}"
    return at.file if at.index is None else f"{at.file}[{at.index}]"


def record_of(reject: Reject) -> dict[str, Any]:
    """A reject as it is written to a file."""
    record: dict[str, Any] = {"file": reject.at.file}
    if reject.at.line is not None:
        record["line"] = reject.at.line
    elif reject.at.index is not None:
        record["index"] = reject.at.index
    if reject.name:
        record["name"] = reject.name
    return record | {"reason": reject.reason, "row": reject.row}
