"""What the import of a file came to, in words."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from domain.resources import RESOURCES
from server.pages.words import Words

_NAMED: Final = 20
"""Of the rows of a kind that are new, or changed, so many are called by their names."""
_REJECTS: Final = 100


class Change(NamedTuple):
    """Rows of one kind that had the same done to them."""

    told: str
    """Such as `2 new`."""
    names: list[str]
    """Of the first ones; of those that are unchanged, none."""
    more: int
    """How many others there are that have a name."""


class Listed(NamedTuple):
    """What became of the rows of one kind."""

    kind: str
    changes: list[Change]


class Reject(NamedTuple):
    """What could not be imported."""

    where: str
    name: str
    reason: str
    """In English, as readers and rules tell it."""


class Outcome(NamedTuple):
    """What an import came to, or would."""

    is_preview: bool
    filename: str
    lists: list[Listed]
    rejects: list[Reject]
    more_rejects: int
    left: list[str]
    """What has no place in a trip, such as `2 tracks`."""
    notices: list[str]

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was found."""
        return not (self.lists or self.rejects or self.left)


def outcome_of(words: Words, answer: dict[str, Any], filename: str) -> Outcome:
    """The answer to an import of a file (`operations.file_imports.response`) in words."""
    rejects = [*_rejects(words, answer, filename)]
    more = answer.get("moreRejects", 0) + max(0, len(rejects) - _REJECTS)
    return Outcome(
        answer["dryRun"],
        filename,
        [*_lists(words, answer)],
        rejects[:_REJECTS],
        more,
        [words(f"import.left_{what}", n=n) for what, n in answer["notImported"].items()],
        answer["notices"],
    )


def _lists(words: Words, answer: dict[str, Any]) -> Iterator[Listed]:
    for name in _names(answer):
        listed = answer[name]
        changes = [
            _change(words, outcome, listed)
            for outcome in ("created", "updated", "unchanged")
            if listed[outcome]
        ]
        if changes:
            yield Listed(words(f"import.kind_{name}"), changes)


def _change(words: Words, outcome: str, listed: dict[str, Any]) -> Change:
    items = (each for each in listed["items"] if each["status"] == outcome)
    names = [each["name"] for each in items if "name" in each]
    count = words(f"import.count_{outcome}", n=listed[outcome])
    return Change(count, names[:_NAMED], max(0, len(names) - _NAMED))


def _names(answer: dict[str, Any]) -> list[str]:
    """The lists that an answer has, in their order."""
    return [each.snapshot for each in RESOURCES if each.snapshot in answer]


def _rejects(words: Words, answer: dict[str, Any], filename: str) -> Iterator[Reject]:
    for each in answer["rejects"]:
        yield Reject(_where(words, each, filename), each.get("name", ""), each["reason"])
    for name in _names(answer):
        for item in answer[name]["items"]:
            if item["status"] == "error":
                kind = words(f"import.kind_{name}")
                yield Reject(kind, item["name"], item["error"]["message"])


def _where(words: Words, reject: dict[str, Any], filename: str) -> str:
    """Where in the file it stands, and in which one of an archive."""
    file = reject.get("file", "")
    where = [] if file == filename else [file]
    if "line" in reject:
        where.append(words("import.line", line=reject["line"]))
    elif "index" in reject:
        where.append(words("import.entry", number=reject["index"] + 1))
    return ", ".join(where)
