"""What tests are written with: a running server, people with keys, a client."""

import asyncio
import contextlib
import dataclasses
import datetime
import socket
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from domain.clock import timestamp
from domain.scopes import BASE_SCOPES, Role
from runtime.settings import Settings
from runtime.signals import LocalSignals
from server.app import build_app
from server.events import EventHub
from server.health import Health, schema_check, storage_check
from server.last_use import LastUse
from server.listener import Listener
from server.ratelimit import Allowance, LocalRateLimiter, RateLimiter, used
from server.route import API
from server.services import Services
from storage import accounts, credentials, groups, keys, server_state, sessions, users
from storage.store import Store
from workers.loops import WorkerLoops

PLENTY = 1_000_000
LARGEST_EVENT = 4 * 1024 * 1024
"""Bytes; a client reads one at a time."""

TRIP = {"title": "Cotswolds", "startDate": "2026-07-15", "endDate": "2026-07-22"}

SAMPLES: dict[str, dict[str, Any]] = {
    "leg": {
        "order": 0,
        "title": "Tokyo",
        "destination": "Tokyo",
        "startDate": "2026-07-15",
        "endDate": "2026-07-20",
        "timezone": "Asia/Tokyo",
    },
    "stay": {"name": "Ryokan Sawanoya"},
    "mapPin": {"name": "Sensoji", "lat": 35.7148, "lng": 139.7967},
    "actionItem": {"text": "Book the train", "urgency": "now"},
    "commitment": {"title": "Dinner", "startDate": "2026-07-16", "category": "dinner"},
}
"""The smallest valid body of each resource."""

PASSWORD = "a ferry at six in the morning"
"""The owner's."""
HASHED = (
    "$argon2id$v=19$m=19456,t=2,p=1$Xi2QkAdceMiNzLSgcbIvCw$"
    "5EuTyAeCCagfgAAO4w7vzCAoiATBgrvqVqChcB6T56s"
)
"""The same, as it is stored."""

WEBHOOK = {"url": "https://hooks.example.org", "events": ["trip.changed"]}


def now() -> str:
    return timestamp(datetime.datetime.now(datetime.UTC))


@dataclasses.dataclass(frozen=True)
class Response:
    """A whole response; `json` is None where there is no body."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.raw) if self.raw else None

    @property
    def code(self) -> str:
        """The error's code; "" when it is not an error."""
        return self.json["error"]["code"] if self.status >= 400 else ""

    @property
    def details(self) -> list[tuple[str, str]]:
        """The error's details as `(path, reason)`."""
        return told(self.json["error"])


def told(error: dict[str, Any]) -> list[tuple[str, str]]:
    """An error's details as `(path, reason)`; each has a message too."""
    details = error.get("details", [])
    assert all(detail["message"] for detail in details), details
    return [(detail["path"], detail["reason"]) for detail in details]


class Client:
    """Speaks to the API with one key (or none)."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base: str,
        key: str | None,
        always: Mapping[str, str] | None = None,
    ) -> None:
        self._session = session
        self.base = base
        self.key = key
        self._always = always or {}
        """Headers of every request."""

    def with_key(self, key: str | None) -> "Client":
        return Client(self._session, self.base, key)

    def with_session(self, token: str) -> "Client":
        """Somebody who is signed in, by a browser on a page of this server."""
        sent = {"Cookie": f"__Host-carnet={token}", "Sec-Fetch-Site": "same-origin"}
        return Client(self._session, self.base, None, sent)

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Response:
        """`path` is below the API's base path, or starts with `http`; `data` is sent as it is."""
        given = {**self._always, **(headers or {})}
        if self.key is not None:
            given.setdefault("Authorization", f"Bearer {self.key}")
        if body is not None:
            data = msgspec.json.encode(body)
        if data is not None:
            given.setdefault("Content-Type", "application/json")
        url = URL(path if path.startswith("http") else f"{self.base}{API}{path}", encoded=True)
        async with self._session.request(method, url, data=data, headers=given) as response:
            return Response(response.status, response.headers, await response.read())

    @contextlib.asynccontextmanager
    async def open(
        self, path: str, *, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A response whose body is read while it comes, however long that takes."""
        given = {**self._always, **(headers or {})}
        if self.key is not None:
            given.setdefault("Authorization", f"Bearer {self.key}")
        url = URL(f"{self.base}{API}{path}", encoded=True)
        forever = aiohttp.ClientTimeout(total=None)
        async with self._session.get(
            url, headers=given, timeout=forever, read_bufsize=LARGEST_EVENT
        ) as response:
            yield response

    async def get(self, path: str, **options: Any) -> Response:
        return await self.send("GET", path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> Response:
        return await self.send("POST", path, body, **options)

    async def patch(self, path: str, body: Any = None, **options: Any) -> Response:
        return await self.send("PATCH", path, body, **options)

    async def delete(self, path: str, **options: Any) -> Response:
        return await self.send("DELETE", path, **options)

    async def pages(self, path: str, limit: int) -> list[list[Any]]:
        """Every page of a list, followed by its cursors."""
        found, cursor = [], ""
        while True:
            page = (await self.get(f"{path}?limit={limit}{cursor}")).json
            found.append(page["items"])
            if page["nextCursor"] is None:
                return found
            cursor = f"&cursor={page['nextCursor']}"


@dataclasses.dataclass(frozen=True)
class Person:
    """A user with a key of all scopes."""

    user_id: str
    email: str
    key: str


async def add_person(
    store: Store, name: str, group_id: str | None, role: Role = Role.EDITOR
) -> Person:
    """A new user, in a group if one is named."""
    email = f"{name}@example.org"

    async def add(tx):
        user_id = await users.create(tx, email=email, name=name, now=now())
        if group_id is not None:
            await groups.add_member(tx, group_id=group_id, user_id=user_id, role=role, now=now())
        _, key = await keys.create(tx, user_id=user_id, name=name, now=now())
        return Person(user_id, email, key)

    return await store.write(add)


async def add_key(store: Store, user_id: str, *scopes: str, **options: Any) -> str:
    """A key of a user, of all base scopes if none is named."""

    async def add(tx):
        _, key = await keys.create(
            tx, user_id=user_id, name="extra", now=now(), scopes=scopes or BASE_SCOPES, **options
        )
        return key

    return await store.write(add)


async def add_session(store: Store, user_id: str) -> str:
    """The token of a new session of a user."""
    _, token = await store.write(
        lambda tx: sessions.create(tx, user_id=user_id, used_from="a test", now=now())
    )
    return token


async def set_up(world: "World") -> None:
    """What the first run asks for is done: the owner has a password, though nobody knows it."""
    await world.store.write(
        lambda tx: tx.execute("UPDATE users SET password = 'x' WHERE id = $1", world.owner.user_id)
    )


@dataclasses.dataclass(frozen=True)
class Running:
    """A server on a free port, with its worker."""

    base: str
    services: Services
    worker: WorkerLoops


async def no_name(_name: str) -> list[str]:
    """A look-up that finds nothing: no test asks a name server."""
    raise OSError("no such name")


@contextlib.asynccontextmanager
async def run_server(
    store: Store, settings: Settings, signals: LocalSignals | None = None
) -> AsyncIterator[Running]:
    """Serves a migrated store the way `carnet serve` does; `signals` are such as have begun."""
    signals = signals or LocalSignals()
    store.on_commit = signals.trip_changed
    listening = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    services = Services(
        settings=settings,
        store=store,
        signals=signals,
        limiter=LocalRateLimiter(),
        events=EventHub(store, signals, settings),
        last_use=LastUse(store),
        signing_secret=await store.write(server_state.signing_secret),
        epoch=await store.write(server_state.epoch),
        public_url=base,
        look_up=no_name,
    )
    health = Health({"storage": storage_check(store), "schema": schema_check(store)})
    listener = Listener(build_app(services, health))
    await listener.start_on(listening)
    worker = WorkerLoops(store, signals, settings, look_up=no_name)
    worker.start()
    try:
        yield Running(base, services, worker)
    finally:
        await services.events.stop()
        await listener.stop()
        await services.last_use.stop()
        await services.mail.stop()
        await health.stop()
        await worker.stop()


@dataclasses.dataclass
class World:
    """A server with a group of four people's parts, and one trip."""

    running: Running
    store: Store
    client: Client
    """The owner's."""
    group_id: str
    owner: Person
    trip_id: str

    @property
    def trip(self) -> str:
        """The trip's path."""
        return f"/trips/{self.trip_id}"

    @property
    def settings(self) -> Settings:
        return self.running.services.settings

    async def person(self, name: str, role: Role | None) -> Person:
        """A further user, outside of the group when `role` is None."""
        return await add_person(
            self.store, name, self.group_id if role else None, role or Role.EDITOR
        )

    def as_(self, key: str | None) -> Client:
        """A client with another key."""
        return self.client.with_key(key)

    async def new_trip(self) -> str:
        """A further trip's id."""
        made = await self.client.post("/trips", {"groupId": self.group_id, **TRIP})
        return str(made.json["_id"])

    async def make(self, kind_path: str, body: Any) -> dict[str, Any]:
        """A row made by POST below the trip; its document."""
        made = await self.client.post(f"{self.trip}{kind_path}", body)
        assert made.status in (200, 201), made.raw
        document: dict[str, Any] = made.json
        return document


@contextlib.asynccontextmanager
async def new_world(store: Store, settings: Settings) -> AsyncIterator[World]:
    """A world on a migrated store."""

    async def set_up(tx):
        first = await accounts.set_up(
            tx, email="owner@example.org", name="Olga", group="Family", now=now()
        )
        await credentials.set_password(tx, first.user_id, HASHED)
        return first

    first = await store.write(set_up)
    owner = Person(first.user_id, "owner@example.org", first.api_key)
    async with (
        run_server(store, settings) as running,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        client = Client(session, running.base, first.api_key)
        made = await client.post("/trips", {"groupId": first.group_id, **TRIP})
        yield World(running, store, client, first.group_id, owner, made.json["_id"])


async def take(limiter: RateLimiter, who: str, limit: int) -> Allowance:
    """What one more request of somebody leaves of a limit."""
    return (await used(limiter.count(who))).of(limit)


async def gather(*awaitables: Any) -> list[Any]:
    return list(await asyncio.gather(*awaitables))
