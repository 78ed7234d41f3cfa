"""What a handler is given, and what it gives back."""

import dataclasses
import datetime
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal

import msgspec
from aiohttp import web

from domain.account import Caller
from domain.clock import timestamp
from domain.imports import ImportKind
from domain.row import Row
from domain.scopes import BaseScope
from runtime.settings import Settings
from runtime.signals import Signals
from server.kept import KeptBodies, KeyIds
from server.ratelimit import RateLimiter
from server.survey import LocalSurveyor, Survey, Surveyor
from storage.store import Store, Tx

API = "/api/v1"

_ID = re.compile(r"[a-z0-9]{1,32}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9]{1,64}", re.ASCII)


def is_id(text: str) -> bool:
    """Whether this could be an id of ours; a share token or a key could not."""
    return _ID.fullmatch(text) is not None


@dataclasses.dataclass(frozen=True)
class Reply:
    """A response: a status, a JSON body (empty for none), and headers of its own."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Queued:
    """The answer is a job's: it is waited for once the transaction is committed."""

    job_id: str
    wait_seconds: float
    accepted: Reply | None = None
    """The answer already, where the request does not want to wait."""


@dataclasses.dataclass(frozen=True)
class Services:
    """What the server stands on; one for each process."""

    settings: Settings
    store: Store
    signals: Signals
    limiter: RateLimiter
    signing_secret: bytes
    public_url: str
    """The base of links to this server, without a trailing slash."""
    kept_bodies: KeptBodies = dataclasses.field(default_factory=KeptBodies)
    key_ids: KeyIds = dataclasses.field(default_factory=KeyIds)
    surveyor: Surveyor = dataclasses.field(default_factory=LocalSurveyor)


SERVICES: Final = web.AppKey("services", Services)
REQUEST_ID: Final = web.RequestKey("request_id", str)
JOB_ID: Final = web.RequestKey("job_id", str)


@dataclasses.dataclass(frozen=True)
class Call:
    """One admitted request."""

    services: Services
    request: web.Request
    caller: Caller | None
    moment: datetime.datetime
    raw: bytes = b""
    body: Any = None
    """Decoded JSON; None where the operation takes none, or a survey says enough."""
    survey: Survey | None = None
    """What a body of many items comes to, in place of those."""
    packed: bytes = b""
    """Such a body as the payload of a job."""

    @property
    def now(self) -> str:
        """The time of the request, as documents carry it."""
        return timestamp(self.moment)

    @property
    def user(self) -> Caller:
        """The caller, in an operation that needs a key."""
        assert self.caller is not None
        return self.caller

    def path(self, name: str) -> str:
        """An id in the path; "", which no row has, for what cannot be an id of ours."""
        text = self.request.match_info[name]
        return text if is_id(text) else ""

    @property
    def token(self) -> str:
        """The share token in the path; "", which none is, for what cannot be one."""
        text = self.request.match_info["token"]
        return text if _TOKEN.fullmatch(text) else ""

    @property
    def trip_id(self) -> str:
        """The trip of the path."""
        return self.path("tripId")


Handler = Callable[[Tx, Call], Awaitable["Reply | Queued"]]
"""An operation: it awaits nothing but its transaction."""

Access = Literal["key", "address"]


@dataclasses.dataclass(frozen=True)
class Route:
    """One operation of the API, and everything there is to know of it."""

    method: str
    path: str
    """The template below the API's base path."""
    handler: Handler
    summary: str
    tag: str
    reply: Any
    """The type of the reply's body; None for no body."""
    new_row: Callable[[Call], Row | None] | None = None
    """The row of a create, where nothing stored is needed to make it; None for other requests."""
    scope: BaseScope | None = None
    """The scope a key needs; None where any valid key will do."""
    access: Access = "key"
    """Who is counted by the rate limit: the key, or the address of a caller without one."""
    body: Any = None
    """The type of the request's body; None where it takes none."""
    imports: ImportKind | None = None
    """How it takes many items, where it does; then it may become a job."""
    query: tuple[str, ...] = ()
    """Names of query parameters, described in `server.openapi`."""
    statuses: tuple[int, ...] = (200,)
    """The statuses of success."""

    @property
    def writes(self) -> bool:
        """Whether the operation changes anything."""
        return self.method != "GET"

    @property
    def creates_trips(self) -> bool:
        """Whether what it writes is in no trip yet, which no limited scope covers."""
        return self.writes and self.scope == "trips:write" and not self.on_trip

    @property
    def on_trip(self) -> bool:
        """Whether the path names a trip the caller must have access to."""
        return "{tripId}" in self.path


class Routed:
    """What a route's aiohttp handler is bound to."""

    def __init__(self, route: Route) -> None:
        self.route = route


def route_of(request: web.Request) -> Route | None:
    """The route a request is for; None where no route has its path and method."""
    bound = getattr(request.match_info.handler, "__self__", None)
    return bound.route if isinstance(bound, Routed) else None


def json_reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply with a value encoded as JSON."""
    return Reply(status, msgspec.json.encode(value), headers or {})
