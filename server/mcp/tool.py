"""What a tool is, and what it is given."""

import dataclasses
import functools
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from domain import cursor
from domain.cursor import Position
from domain.imports import ImportRequest, ItemLists
from domain.resource import Resource
from domain.scopes import BaseScope, Scopes
from domain.shape import members_of
from server.mcp import schemas
from server.mcp.arguments import Arguments, Body, without
from server.mcp.results import Answer, Entry
from server.route import Call, Queued
from storage.page import Page
from storage.store import Tx

PAGE: Final = 200
"""Rows that are read at once; of most, fewer have room."""


class Use(msgspec.Struct):
    """One call of a tool."""

    tool: "Tool"
    call: Call
    """The request; `trip_id` and `caller` are of the trip that the arguments name."""
    arguments: Arguments
    prepared: Any = None
    """What the tool's `prepare` gave."""

    @property
    def trip_id(self) -> str:
        """The id of the trip that is named."""
        return self.call.trip_id

    def get(self, name: str, default: Any = None) -> Any:
        """One of the tool's own arguments."""
        return self.arguments.own.get(name, default)

    @property
    def body(self) -> dict[str, Any]:
        """The fields of a row, from the arguments."""
        return self.arguments.body

    @property
    def items(self) -> ItemLists:
        """The items in the arguments."""
        return self.arguments.items

    @property
    def _listing(self) -> str:
        """Names what is listed: the same arguments lead to the same list."""
        others = without(self.arguments.own, "trip", "cursor") | self.arguments.body
        told = msgspec.json.encode(others, order="sorted").decode()
        return f"mcp/{self.tool.name}/{self.call.actor.user}/{self.trip_id}/{told}"

    @property
    def after(self) -> Position | None:
        """Where the last page ended."""
        sealed = self.get("cursor")
        if not sealed:
            return None
        return cursor.decode(self.call.services.cursor_secret, self._listing, sealed)

    def cursor(self, position: Position | None) -> str | None:
        """The cursor for what follows a place."""
        if position is None:
            return None
        return cursor.encode(self.call.services.cursor_secret, self._listing, position)

    def page(self, answer: Answer, entries: list[Entry]) -> Answer:
        """The answer with a page of entries that are all at hand."""
        start = self.after[1] if self.after else 0
        ahead = entries[start:]
        count = answer.fitting(ahead)
        left = len(ahead) - count
        following = self.cursor(("", start + count, "")) if left else None
        return msgspec.structs.replace(
            answer, entries=ahead[:count], left=left, next_cursor=following
        )

    async def read_page(
        self,
        answer: Answer,
        fetch: Callable[[Position | None, int], Awaitable[Page]],
        count: Callable[[Position], Awaitable[int]],
        entry: Callable[[str], Entry],
    ) -> Answer:
        """The answer with a page of a stored list, of as many documents as there is room for."""
        page = await fetch(self.after, PAGE)
        entries = [entry(document) for document in page.documents]
        fitting = answer.fitting(entries)
        if fitting < len(entries):
            page = await fetch(self.after, fitting)
        left = await count(page.next) if page.next else 0
        following = self.cursor(page.next)
        return msgspec.structs.replace(
            answer, entries=entries[:fitting], left=left, next_cursor=following
        )


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Tool:
    """One tool, and everything there is to know of it."""

    name: str
    title: str
    description: str
    """What it does and when to use it; nothing of what members wrote."""
    arguments: type[msgspec.Struct]
    run: Callable[[Tx, Use], Awaitable[Answer | Queued]]
    """Awaits nothing but its transaction."""
    scope: BaseScope | None = None
    """The scope a key needs; None where any will do."""
    body: Body | None = None
    """What arguments beside those of the struct are."""
    required: tuple[str, ...] = ()
    """Those of them that must be there."""
    writes: bool = False
    destructive: bool = False
    """Whether something may be gone or overwritten after it."""
    idempotent: bool = False
    """Whether the same call again changes nothing more."""
    prepare: Callable[[Use], Awaitable[Any]] | None = None
    """What is awaited before the transaction; refuses nothing."""
    finish: Callable[[Use, int, Any], Answer] | None = None
    """What is told of a job that the call became: from the status and the JSON of its end."""

    @functools.cached_property
    def on_trip(self) -> bool:
        """Whether it is about one trip, which the arguments name."""
        return "trip" in members_of(self.arguments).by_name

    @property
    def creates_trips(self) -> bool:
        """Whether what it writes is in no trip yet, which no limited scope covers."""
        return self.scope == "trips:write" and not self.on_trip

    def is_shown_to(self, scopes: Scopes) -> bool:
        """Whether a key of these scopes may call it at all."""
        if self.scope is None:
            return True
        return (
            scopes.has_unlimited(self.scope) if self.creates_trips else scopes.has_any(self.scope)
        )

    @functools.cached_property
    def described(self) -> msgspec.Raw:
        """What `tools/list` tells of it."""
        told = {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": self._schema(),
            "annotations": {
                "title": self.title,
                "readOnlyHint": not self.writes,
                "destructiveHint": self.destructive,
                "idempotentHint": self.idempotent or not self.writes,
                "openWorldHint": False,
            },
        }
        return msgspec.Raw(msgspec.json.encode(told))

    def _schema(self) -> schemas.Schema:
        schema = schemas.of_struct(self.arguments)
        if isinstance(self.body, Resource):
            fields = schemas.of_struct(self.body.struct)
            schema["properties"] |= fields["properties"]
        elif isinstance(self.body, ImportRequest):
            schema["properties"] |= schemas.of_items(self.body)
        if self.required:
            schema["required"] = [*schema.get("required", ()), *self.required]
        return schema
