"""The methods of the Python client, from the route table."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from server.query import PARAMETERS
from server.route import JSON, Route, Stream

_HEAD: Final = '''"""The operations of the API as methods; written by `make generate`."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Unpack

from carnet.client.calls import Call, Document, Page
from carnet.client.methods import Methods
from carnet.client.options import CreateOptions, JobOptions, Options, ReadOptions, WriteOptions
'''

_SHARED: Final = "/shared/trips/{token}"
_TYPES: Final = {"integer": "int", "boolean": "bool", "string": "str"}


def client_methods(routes: Sequence[Route]) -> str:
    """A module of two classes, for keys and for share tokens."""
    calls = [route for route in routes if not isinstance(route, Stream)]
    keyed = [route for route in calls if not route.path.startswith(_SHARED)]
    shared = [route for route in calls if route.path.startswith(_SHARED)]
    return "".join(
        [
            _HEAD,
            '\n\nclass Operations(Methods):\n    """What one can do with a key."""\n',
            *(line for route in keyed for line in _methods(route, ())),
            '\n\nclass SharedOperations(Methods):\n    """What one can do with a share token."""\n',
            *(line for route in shared for line in _methods(route, ("token",))),
        ]
    )


def _methods(route: Route, known: Sequence[str]) -> Iterator[str]:
    """The method of an operation, and of a list the one that goes through all its pages."""
    ids = [name for name in re.findall(r"\{(\w+)\}", route.path) if name not in known]
    of_ids = [f"{snake(name)}: {'int' if name == 'rev' else 'str'}" for name in ids]
    body = ""
    if route.body is not None:
        body = "body"
        of_ids.append("body: bytes" if route.body.media_type != JSON else "body: Mapping[str, Any]")
    query = {name: snake(name) for name in route.query}
    asked = [
        f"{arg}: {_TYPES[PARAMETERS[name].schema['type']]} | None = None"
        for name, arg in query.items()
    ]
    sent = f"{{{', '.join(f'{chr(34)}{name}{chr(34)}: {arg}' for name, arg in query.items())}}}"
    path = f'"{route.path}"'
    own = f"({', '.join(snake(name) for name in ids)}{',' if len(ids) == 1 else ''})"
    call = [f'"{route.method}"', path, own, body or "None", sent, "options"]
    signature = [*of_ids, *(["*", *asked] if asked else [])]
    options = f"**options: Unpack[{_options(route)}]"
    yield _method(
        snake(route.name), [*signature, options], f"Call[{_reply(route)}]", route.summary,
        "self._call", call,
    )  # fmt: skip
    if "cursor" in route.query:
        name = "iterate_" + re.sub(r"^(list|get)_", "", snake(route.name))
        summary = f"{route.summary}: the rows of all pages"
        yield _method(
            name, [*signature, "**options: Unpack[Options]"], "AsyncGenerator[Document]", summary,
            "self._rows", [path, own, sent, "options"],
        )  # fmt: skip


def _method(
    name: str, arguments: list[str], gives: str, summary: str, call: str, given: list[str]
) -> str:
    """A method in the house's style, which breaks a line where it would be too long."""
    lines = ["", *_broken(f"    def {name}(", ["self", *arguments], f") -> {gives}:")]
    lines.append(f'        """{summary}."""')
    lines += _broken(f"        return {call}(", given, ")")
    return "".join(f"{line}\n" for line in lines)


def _broken(begin: str, parts: list[str], end: str) -> list[str]:
    if len(line := f"{begin}{', '.join(parts)}{end}") <= 100:
        return [line]
    indent = " " * (len(begin) - len(begin.lstrip()))
    if len(line := f"{indent}    {', '.join(parts)}") <= 100:
        return [begin, line, indent + end]
    return [begin, *(f"{indent}    {part}," for part in parts), indent + end]


def _options(route: Route) -> str:
    if not route.writes:
        return "ReadOptions"
    if 202 in route.statuses:
        return "JobOptions"
    return "CreateOptions" if getattr(route, "creates_row", False) else "WriteOptions"


def _reply(route: Route) -> str:
    if route.reply is None:
        return "None"
    if route.media_type != JSON:
        return "str"
    return "Page" if route.name.startswith("list") and "since" not in route.query else "Document"


def snake(name: str) -> str:
    """A name as Python writes it: `mapPins` is `map_pins`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
