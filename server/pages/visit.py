"""What a handler of pages is given of a request, and what it gives back."""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal, NamedTuple, TypeVar

from domain.actor import Actor
from server.body_budget import BodyAccount
from server.pages.words import Words
from server.route import Call
from storage.store import Tx

T = TypeVar("T")

Theme = Literal["", "light", "dark"]
"""What the reader has chosen; empty: as their system has it."""

Access = Literal["anyone", "session", "link"]
"""Who may see a page.

`anyone`: who may be signed in; `session`: whoever is signed in, others sign in first; `link`:
whoever has the link, and who that is is not looked at. The limit counts the client's address, or
the session.
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Document:
    """A page, made from a template."""

    template: str
    context: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Drawing:
    """A page that is made in a thread, and kept by the state that it shows."""

    document: Callable[[], Document]
    state: str
    """Names what it is made from, besides language and theme: its entity tag tells that."""


@dataclasses.dataclass(frozen=True)
class Redirect:
    """Leads on to another page, by GET (303, RFC 9110 section 15.4.4)."""

    to: str
    """Below the path of the public URL; or an address of another server, with its scheme."""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


Answer = Document | Drawing | Redirect
Handler = Callable[["Visit"], Awaitable[Answer]]


@dataclasses.dataclass(frozen=True)
class PageRoute:
    """One page, or what a form on one does."""

    method: Literal["GET", "POST"]
    path: str
    """The template below the path of the public URL."""
    handler: Handler
    access: Access = "session"
    takes_file: bool = False
    """Whether its form has a file, of as many bytes as a body may have."""


class File(NamedTuple):
    """What a form sent as a file."""

    name: str
    """As its sender calls it; empty where none was chosen."""
    content: bytes


@dataclasses.dataclass
class Visit:
    """A request for a page, on its way to its handler."""

    call: Call
    route: PageRoute
    words: Words
    theme: Theme
    account: BodyAccount
    """What the request's body takes of the budget."""
    form: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """What a form sent: the last value of each field."""
    fields: Mapping[str, list[str]] = dataclasses.field(default_factory=dict)
    """All values of each field, for check boxes of one name."""
    file: File | None = None

    @property
    def signed_in(self) -> bool:
        """Whether somebody is signed in."""
        return self.call.caller is not None

    @property
    def actor(self) -> Actor:
        """Who is signed in."""
        return self.call.actor

    @property
    def may_write(self) -> bool:
        """Whether the actor may change the trip of the page."""
        caller = self.call.caller
        return bool(caller and caller.trip and caller.trip.role and caller.trip.role.may_write)

    @property
    def here(self) -> str:
        """Where to come back to, below the path of the public URL: this page, or the start."""
        if self.route.method == "POST":
            return "/"
        path = self.call.request.rel_url.raw_path_qs
        return path.removeprefix(self.call.services.prefix) or "/"

    @property
    def query(self) -> Mapping[str, str]:
        """The query's parameters."""
        return self.call.request.query

    def typed(self, field: str) -> str:
        """What was typed into a field, to the letter: white space belongs to a password."""
        return self.fields.get(field, [""])[-1]

    async def read(self, operation: Callable[[Tx], Awaitable[T]]) -> T:
        """What an operation reads."""
        return await self.call.services.store.read(operation)

    async def write(self, operation: Callable[[Tx], Awaitable[T]]) -> T:
        """What an operation gives that writes, in a transaction."""
        return await self.call.services.store.write(operation)


LARGEST_FORM: Final = 256 * 1024
"""Bytes."""
