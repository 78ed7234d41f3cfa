"""What a server keeps to answer faster is never older than a write that was acknowledged.

Two servers in processes of their own share a database. Whichever takes a write, whichever is
asked next, with an ETag from either: the answer is what a model says. That holds too where both
read from a standby of Postgres, which is behind whenever an example wants it.
"""

import asyncio
import contextlib
import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.local_server import LocalServer
from tests.conftest import BACKENDS
from tests.properties.conftest import ModuleRequest
from tests.servers import database_url, new_database, own_postgres, run_sql, standby_of
from tests.support import PLENTY, SAMPLES
from tests.waiting import PATIENCE

PIN = SAMPLES["mapPin"]
READS = ("", "/export", "/map-pins")


class Servers:
    """Two servers, and the trip of one example."""

    def __init__(
        self, connections: list[http.client.HTTPConnection], key: str, standby: str | None
    ) -> None:
        self._connections = connections
        self._key = key
        self._standby = standby
        self.group_id = self.call(0, "GET", "/me").body["groups"][0]["_id"]

    def call(
        self, server: int, method: str, path: str, body: Any = None, etag: str = ""
    ) -> "Answer":
        """One request to one of the servers."""
        connection = self._connections[server]
        headers = {"Authorization": f"Bearer {self._key}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if etag:
            headers["If-None-Match"] = etag
        data = None if body is None else msgspec.json.encode(body)
        connection.request(method, f"/api/v1{path}", body=data, headers=headers)
        reply = connection.getresponse()
        raw = reply.read()
        return Answer(reply.status, reply.headers.get("ETag", ""), raw)

    def tell_standby(self, statement: str) -> None:
        """Runs a statement on the standby, where there is one."""
        if self._standby is not None:
            asyncio.run(run_sql(self._standby, statement))


class Answer:
    """A response."""

    def __init__(self, status: int, etag: str, raw: bytes) -> None:
        self.status = status
        self.etag = etag
        self.raw = raw

    @property
    def body(self) -> Any:
        return msgspec.json.decode(self.raw)


@contextlib.contextmanager
def with_standby() -> Iterator[tuple[str, str]]:
    """The URL of a database, and that of its copy on a standby."""
    with (
        own_postgres() as primary,
        standby_of(primary) as standby,
        new_database(primary.dsn) as url,
    ):
        yield url, database_url(standby.dsn, url.rpartition("/")[2])


@pytest.fixture(scope="module", params=[*BACKENDS, "standby"])
def two(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Servers]:
    with contextlib.ExitStack() as stack:
        standby = None
        if request.param == "standby":
            url, standby = stack.enter_context(with_standby())
        else:
            wanted = cast(pytest.FixtureRequest, ModuleRequest(request, tmp_path_factory))
            url = stack.enter_context(BACKENDS[request.param](wanted))
        settings = {"STORAGE__URL": url} | ({"STORAGE__READ_URL": standby} if standby else {})
        folder: Path = tmp_path_factory.mktemp("servers")
        # A file of SQLite has one server, which is asked by two connections.
        number_of_servers = 1 if url.startswith("sqlite:") else 2
        servers = [LocalServer(folder, **settings) for _ in range(number_of_servers)]
        servers[0].carnet("migrate")
        servers[0].set_up()
        key = servers[0].create_key(requests_per_minute=PLENTY)
        connections = []
        for server in servers:
            server.start()
            stack.callback(server.stop)
        for server in (servers[0], servers[-1]):
            connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=PATIENCE)
            stack.callback(connection.close)
            connections.append(connection)
        yield Servers(connections, key, standby)


server = st.integers(0, 1)
number = st.integers(0, 3)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("read"), server, st.sampled_from(READS), st.booleans()),
        st.tuples(st.just("title"), server, number),
        st.tuples(st.just("put"), server, number, number),
        st.tuples(st.just("delete"), server, number),
        st.tuples(st.just("replay"), st.booleans()),
        st.tuples(st.just("sync"), server, st.dictionaries(number, number, min_size=1)),
    ),
    min_size=5,
    max_size=25,
)


class Model:
    """What a trip holds, and what was read of it when."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        made = servers.call(0, "POST", "/trips", {"groupId": servers.group_id, **trip(0)})
        assert made.status == 201
        self._trip = f"/trips/{made.body['_id']}"
        self._title = 0
        self._pins: dict[int, int] = {}
        self._ids: dict[int, str] = {}
        self._seen: dict[tuple[str, str], Any] = {}
        """What an ETag of a path stood for."""

    def title(self, at: int, title: int) -> None:
        changed = self._servers.call(at, "PATCH", self._trip, trip(title))
        assert changed.status == 200
        self._title = title

    def put(self, at: int, pin: int, name: int) -> None:
        body = {**PIN, "clientRef": f"p{pin}", "name": f"Name {name}"}
        made = self._servers.call(at, "POST", f"{self._trip}/map-pins", body)
        assert made.status == (200 if pin in self._pins else 201)
        self._pins[pin], self._ids[pin] = name, made.body["_id"]

    def delete(self, at: int, pin: int) -> None:
        if pin in self._pins:
            gone = self._servers.call(at, "DELETE", f"{self._trip}/map-pins/{self._ids[pin]}")
            assert gone.status == 204
            del self._pins[pin]

    def sync(self, at: int, pins: dict[int, int]) -> None:
        items = [{**PIN, "clientRef": f"p{pin}", "name": f"Name {pins[pin]}"} for pin in pins]
        done = self._servers.call(at, "POST", f"{self._trip}/sync", {"mapPins": items})
        assert done.status == 200
        for pin, result in zip(pins, done.body["mapPins"]["items"], strict=True):
            self._pins[pin], self._ids[pin] = pins[pin], result["_id"]

    def replay(self, goes_on: bool) -> None:
        """Has the standby follow, or stay as it is."""
        verb = "resume" if goes_on else "pause"
        self._servers.tell_standby(f"SELECT pg_wal_replay_{verb}()")

    def read(self, at: int, path: str, conditional: bool) -> None:
        etags = [etag for where, etag in self._seen if where == path]
        etag = etags[-1] if conditional and etags else ""
        answer = self._servers.call(at, "GET", self._trip + path, etag=etag)
        present = self._present(path)
        if answer.status == 304:
            assert self._seen[path, etag] == present, "it has changed since"
            return
        assert answer.status == 200
        assert told(path, answer.body) == present
        assert self._seen.setdefault((path, answer.etag), present) == present, (
            "one ETag, two states"
        )

    def _present(self, path: str) -> Any:
        pins = {f"p{pin}": f"Name {name}" for pin, name in self._pins.items()}
        title = f"Title {self._title}"
        return {"": title, "/export": (title, pins), "/map-pins": pins}[path]


def trip(title: int) -> dict[str, Any]:
    return {"title": f"Title {title}", "startDate": "2027-01-01", "endDate": "2027-01-09"}


def told(path: str, body: Any) -> Any:
    """What a read says of a trip's title and pins."""
    if path == "":
        return body["title"]
    rows = body["mapPins"] if path == "/export" else body["items"]
    pins = {row["clientRef"]: row["name"] for row in rows}
    return (body["trip"]["title"], pins) if path == "/export" else pins


@settings(max_examples=30)
@given(steps=steps)
def test_no_answer_is_older_than_the_last_write(two, steps):
    model = Model(two)
    for step, *arguments in steps:
        getattr(model, step)(*arguments)
    for path in READS:
        for at in (0, 1):
            model.read(at, path, conditional=True)
            model.read(at, path, conditional=False)
