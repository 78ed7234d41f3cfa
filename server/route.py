"""What a row of the route table says, and what its handler is given and gives back.

A route is of one of three kinds. A `Transaction` reads or writes with an actor and a transaction, a
`View` needs neither, a `Stream` writes its reply piece by piece and holds no transaction.
"""

import dataclasses
import functools
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import msgspec
from aiohttp import web

from domain.actor import Actor, Caller
from domain.changes import Cause, Via
from domain.errors import ValidationFailed
from domain.imports import ImportRequest
from domain.precondition import Precondition
from domain.resource import Resource
from domain.scopes import BaseScope
from domain.session import used_since
from runtime import clock
from runtime.ids import is_id
from server.ratelimit import Allowance
from server.services import Services
from storage.idempotency import Protection
from storage.store import Tx

API: Final = "/api/v1"

JSON: Final = "application/json"
ANY: Final = "*/*"

_TOKEN = re.compile(r"[A-Za-z0-9]{1,64}", re.ASCII)
_REV = re.compile(r"[1-9]\d{0,15}", re.ASCII)

Access = Literal["key", "session", "visitor", "sign-in", "address", "none"]
"""Who may ask, and what the rate limit counts.

`key`: whoever has an API key or a session; `session`: whoever is signed in, and no key. The limit
counts the key, or the session.

`visitor`: anyone, who may be signed in; `sign-in`: the same, but a write must come from a page of
this server whether there is a session or not, since it makes one. `address`: anyone; who it is is
not looked at. The limit counts the client's address, that of `address` beside the others.

`none`: anyone, and nothing is counted.
"""

OPEN: Final[frozenset[Access]] = frozenset({"visitor", "sign-in", "address", "none"})
"""Those that need neither a key nor a session."""

Shows = Literal["changes", "content", "members", "messages", "trip"]
"""What of a trip a read shows; its entity tag tells the revision of that."""


class Reply(msgspec.Struct, frozen=True):
    """A whole response: a status, a body (empty for none), and headers of its own."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    rev: int | None = None
    """The revision that its entity tag tells, of a row or a trip."""
    once: bool = False
    """Whether it shows a secret, so that an Idempotency-Key must not give it again."""


class Queued(msgspec.Struct, frozen=True):
    """The reply is a job's: it is waited for once the transaction is committed."""

    job_id: str
    wait_seconds: float
    accepted: Reply | None = None
    """The reply already, where the request does not want to wait."""


class Rendering(msgspec.Struct, frozen=True):
    """The reply has a body that takes long to make: in a thread, once the transaction is over."""

    render: Callable[[], bytes]
    state: str
    """Names what it is made from: its entity tag tells that, where no trip's revision does."""


class Upload(msgspec.Struct, frozen=True):
    """A body of many items."""

    total: int = 0
    packed: bytes | None = None
    """The body as the payload of a job, where it becomes one; else the call has it decoded."""
    refusal: ValidationFailed | None = None
    """Why it is no such body; for the operation to raise, after what comes before validation."""


class Call(msgspec.Struct):
    """One request on its way through the guards, and then for its handler."""

    services: Services
    routes: "Sequence[Route]"
    """The table that the request's route is from."""
    request: web.BaseRequest
    request_id: str
    unix_ns: int
    """When it came, in nanoseconds since 1970."""
    route: "Route | None" = None
    params: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Of the path."""
    trip_id: str = ""
    """The trip of the path; "", which no trip has, for what cannot be an id of ours."""
    caller: Caller | None = None
    allowance: Allowance | None = None
    precondition: Precondition = Precondition.NONE
    raw: bytes = b""
    body: Any = None
    """Decoded JSON, or a plain item, or the items of an import by resource; None where the
    operation takes none, or it is a job's payload."""
    upload: Upload | None = None
    prepared: Any = None
    """What the route's `prepare` gave."""
    protection: Protection | None = None
    """The Idempotency-Key, in this run of the operation."""
    job_id: str | None = None

    @property
    def now(self) -> str:
        """When it came, as documents carry it."""
        return clock.text(self.unix_ns)

    @property
    def unix_seconds(self) -> float:
        """When it came, in seconds since 1970."""
        return self.unix_ns / 10**9

    @property
    def sessions_since(self) -> str:
        """Sessions that were not used after this are over, as documents carry moments."""
        return used_since(self.now, self.services.settings.retention.sessions_days)

    @property
    def actor(self) -> Actor:
        """The request's actor, in an operation that needs one."""
        assert self.caller is not None
        return self.caller.actor

    @property
    def cause(self) -> Cause:
        """What the journal tells of a change that this request makes."""
        assert self.caller is not None
        actor = self.caller.actor
        via: Via = "web" if actor.session_id else "api"
        return Cause(actor, self.now, via, request_id=self.request_id)

    def path(self, name: str) -> str:
        """An id in the path; "", which no row has, for what cannot be an id of ours."""
        text = self.params[name]
        return text if is_id(text) else ""

    @property
    def rev(self) -> int:
        """The revision in the path; 0, which no changeset has, for what cannot be one."""
        text = self.params["rev"]
        return int(text) if _REV.fullmatch(text) else 0

    def may_read_messages(self) -> bool:
        """Whether the actor may read the messages of the request's trip too."""
        return self.actor.scopes.covers("messages:read", self.trip_id)

    @property
    def token(self) -> str:
        """The share token in the path; "", which none is, for what cannot be one."""
        text = self.params["token"]
        return text if _TOKEN.fullmatch(text) else ""


Handler = Callable[[Tx, Call], Awaitable[Reply | Queued | Rendering]]
"""What runs in a transaction, and awaits nothing but that."""


class PageSize(NamedTuple):
    """How many rows a page of a list has."""

    default: int
    most: int
    """What is above is cut to it."""


PAGE: Final = PageSize(100, 200)
"""Of lists that say nothing else."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Body:
    """What a route takes as a body."""

    type: Any
    """Its struct, for the description; `bytes` for a file."""
    largest: int | None = None
    """Bytes; None: the settings' `http.max_body_bytes`."""
    imports: ImportRequest | None = None
    """How it takes many items, where it does; then it may become a job."""
    optional: bool = False
    """Whether a request may come without it, which is as if it were an empty object."""
    media_type: str = JSON
    """What it may be; `ANY` for a file, which is not decoded as JSON."""
    creates: Resource | None = None
    """What an item makes a row of, where it may be plain."""
    secret: bool = False
    """Whether it has a password."""


@dataclasses.dataclass(frozen=True, eq=False)
class Route:
    """One operation of the API, and everything there is to know of it."""

    method: str
    path: str
    """The template below the API's base path."""
    name: str
    """What clients call it: the description's operationId, a method of the SDKs."""
    handler: Callable[..., Any]
    """The function that runs."""
    summary: str
    tag: str
    reply: Any
    """The type of the reply's body; None for no body."""
    _: dataclasses.KW_ONLY
    scope: BaseScope | None = None
    """The scope an actor needs; None where any will do."""
    unlimited: bool = False
    """Whether it needs that for all trips: what it is about is in none, or in any."""
    access: Access = "key"
    body: Body | None = None
    query: tuple[str, ...] = ()
    """Names of query parameters, described in `server.query`."""
    page: PageSize = PAGE
    """Of a list."""
    statuses: tuple[int, ...] = (200,)
    """The statuses of success."""
    media_type: str = JSON
    description: str = ""
    """What is to be said of it beside the summary."""

    @functools.cached_property
    def template(self) -> str:
        """The whole template, as logs and metrics tell it."""
        return API + self.path

    @functools.cached_property
    def writes(self) -> bool:
        """Whether the operation changes anything."""
        return self.method != "GET"

    @functools.cached_property
    def keeps_answers(self) -> bool:
        """Whether an Idempotency-Key gives the first answer again.

        Not of what makes a session: there is nobody yet whose keys it could be among. Nor where a
        password is sent: what tells the same request again would be stored, and tell of that.
        """
        secret = self.body is not None and self.body.secret
        return self.writes and self.access not in OPEN and not secret

    @functools.cached_property
    def on_trip(self) -> bool:
        """Whether the path names a trip the actor must have access to."""
        return "{tripId}" in self.path

    @functools.cached_property
    def names_trip_only(self) -> bool:
        """Whether the path names a trip and nothing in it, which might not be there."""
        return self.on_trip and self.path.count("{") == 1


@dataclasses.dataclass(frozen=True, eq=False)
class Transaction(Route):
    """A read or a write in a transaction."""

    handler: Handler
    _: dataclasses.KW_ONLY
    shows: Shows | None = None
    """What of the trip a read shows, so that its tag is known before it is run."""
    cached: bool = False
    """Whether replies are cached by that tag: they depend on nothing but trip and query, the
    handler has no actor to look at, and a reply is a 200 with no headers of its own."""
    creates_row: bool = False
    """Whether a create may find a row to merge into."""
    conflicts: bool = False
    """Whether what is there may stand in the way of a write (409 `CONFLICT`)."""
    prepare: Callable[[Call], Awaitable[Any]] | None = None
    """What a write awaits before its transaction; refuses nothing, since that comes later."""


@dataclasses.dataclass(frozen=True, eq=False)
class View(Route):
    """A reply that needs no transaction."""

    handler: Callable[[Call], Awaitable[Reply]]


@dataclasses.dataclass(frozen=True, eq=False)
class Stream(Route):
    """A reply of status 200 whose pieces come one after another.

    What the handler raises before its first piece is an error like that of any other route.
    """

    handler: Callable[[Call], AsyncGenerator[bytes]]
    _: dataclasses.KW_ONLY
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Of its reply."""


def json_reply(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None, rev: int | None = None
) -> Reply:
    """A reply with a value encoded as JSON."""
    return Reply(status, msgspec.json.encode(value), headers or {}, rev)
