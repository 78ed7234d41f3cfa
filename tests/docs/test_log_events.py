"""docs/logs.md names each event of the log, with its level and its fields, and no other."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from runtime.logs import Line
from server.request_line import RequestLine
from tests.test_layers import PACKAGES

ROOT = Path(__file__).parent.parent.parent
LOGGERS = ("log", "_log")
LEVELS = {"exception": "error"} | {each: each for each in ("debug", "info", "warning", "error")}


class Logged(NamedTuple):
    """An event as a place in the code logs it."""

    event: str
    level: str
    fields: frozenset[str]
    bound: frozenset[str]
    """The fields that loggers of the same module may have beside."""
    more: bool
    """Whether it has fields by `**` too."""


def names(call: ast.Call) -> frozenset[str]:
    return frozenset(keyword.arg for keyword in call.keywords if keyword.arg)


def calls_of_loggers(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if (
                name in LOGGERS
            ):
                yield method, node


def logged() -> Iterator[Logged]:
    """What the program logs, wherever it does."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            calls = list(calls_of_loggers(ast.parse(path.read_text(encoding="utf-8"))))
            bound = frozenset().union(*(names(call) for how, call in calls if how == "bind"))
            for method, call in calls:
                if method in LEVELS and call.args:
                    match call.args[0]:
                        case ast.Constant(value=str(event)):
                            more = any(keyword.arg is None for keyword in call.keywords)
                            yield Logged(event, LEVELS[method], names(call), bound, more)
                        case _:
                            # `runtime.logs` passes on what libraries say.
                            raise AssertionError(f"{path}: an event is a text, as it stands")
    tag = RequestLine.__struct_config__.tag
    assert isinstance(tag, str)
    fields = set(RequestLine.__struct_fields__) - set(Line.__struct_fields__)
    yield Logged(tag, "info", frozenset(fields), frozenset(), more=False)


def documented() -> dict[str, tuple[set[str], set[str]]]:
    """The levels and the fields of each event, as the tables have them."""
    found = {}
    text = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
    for row in re.findall(r"^\| `\w+`.*", text, re.MULTILINE):
        event, level, fields, meaning = (cell.strip() for cell in row.strip("|").split("|"))
        assert event not in found, f"{event} is there twice"
        assert meaning, event
        found[event.strip("`")] = (
            {each.strip() for each in level.split(",")},
            set(re.findall(r"`(\w+)`", fields)),
        )
    return found


def test_each_event_is_documented_and_no_other():
    assert {each.event for each in logged()} == documented().keys()


def test_the_levels_are_those_of_the_code():
    levels: dict[str, set[str]] = defaultdict(set)
    for each in logged():
        levels[each.event].add(each.level)
    assert {event: told[0] for event, told in documented().items()} == levels


def test_the_fields_are_those_of_the_code():
    fields: dict[str, set[str]] = defaultdict(set)
    bound: dict[str, set[str]] = defaultdict(set)
    for each in logged():
        fields[each.event] |= each.fields - {"exc_info"}
        bound[each.event] |= each.bound
    more = {each.event for each in logged() if each.more}
    for event, (_, told) in documented().items():
        assert fields[event] <= told, event
        assert event in more or told <= fields[event] | bound[event], event
