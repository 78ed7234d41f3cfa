"""What `/readyz` of the real program tells while its parts come and go."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Iterator

import aiohttp
import msgspec
import pytest
from aiohttp import web

from carnet import server_process
from carnet.address import bind
from carnet.program import health_of_worker
from carnet.server_process import Shared, running_server
from domain.errors import Unavailable
from runtime.heartbeat import Heartbeat
from runtime.redis_signals import GONE, end
from runtime.settings import Queue
from runtime.signals import LocalSignals
from server.ratelimit import LocalRateLimiter
from storage.migrate import migrations_in
from storage.sqlite_engine import DIALECT
from tests import servers
from tests.carnet.program import ended, run, serving, start
from tests.carnet.test_child_processes import sabotage
from tests.faults.production import production
from tests.server.test_listener import listening
from tests.servers import free_port
from tests.support import Client
from tests.waiting import until
from workers import arq_worker

WELL = dict.fromkeys(("storage", "schema", "queue", "worker", "disk"), "ok")


async def becomes(base: str, **words: str) -> None:
    """Waits until the checks of these names say these words, and all others are well."""
    wanted = WELL | words
    async with aiohttp.ClientSession() as session:

        async def is_so() -> bool:
            try:
                answer = await Client(session, base, None).get(f"{base}/readyz")
            except aiohttp.ClientConnectionError:
                return False
            told = "ok" if answer.status == 200 else "failing"
            assert answer.json["status"] == told
            return bool(answer.json["checks"] == wanted)

        await until(is_so, every=0.1)


async def test_a_server_is_ready_when_it_says_that_it_listens(tmp_path):
    async with serving(tmp_path) as server:
        answer = await server.client.with_key(None).get(f"{server.client.base}/readyz")
        assert (answer.status, answer.json) == (200, {"status": "ok", "checks": WELL})
        assert await server.stop() == 0
        assert server.events("request") == [], "a probe leaves no line"
        (started,) = server.events("started")
        assert started["version"]
        assert started["schema"] == len(migrations_in(DIALECT.migrations))


async def test_an_embedded_worker_that_is_not_there_is_named(tmp_path):
    gate, port = tmp_path / "gate", free_port()
    os.mkfifo(gate)
    variables = sabotage(tmp_path, f"open({str(gate)!r}).close()")
    process, out, err = await start(tmp_path, **variables, CARNET_HTTP__PORT=str(port))
    try:
        await becomes(f"http://127.0.0.1:{port}", worker="failing")
        await asyncio.to_thread(gate.write_text, "")
        await becomes(f"http://127.0.0.1:{port}")
    finally:
        await ended(process, out, err)


@pytest.fixture
def postgres() -> Iterator[servers.PostgresServer]:
    """A server that may be killed."""
    with servers.own_postgres() as made:
        yield made


async def test_each_part_of_a_production_set_up_is_named_while_it_is_away(tmp_path, postgres):
    with servers.own_valkey() as valkey:
        async with production(tmp_path, postgres.dsn, valkey.url) as made:
            await made.start_server()
            await becomes(made.base, worker="failing")
            port = str(free_port())
            worker = made.add_worker(CARNET_METRICS__PORT=port)
            of_worker = f"http://127.0.0.1:{port}"
            await becomes(made.base)
            await becomes(of_worker)
            (started,) = worker.events("started")
            assert {"version", "schema", "pid"} <= started.keys()
            postgres.kill()
            await becomes(made.base, storage="failing", schema="failing")
            await becomes(of_worker, storage="failing", schema="failing")
            told = await asyncio.to_thread(
                run, tmp_path, "healthcheck", CARNET_HTTP__PORT=str(made.port)
            )
            assert (told.code, told.line) == (
                1,
                "failing: storage is failing, schema is failing",
            )
            await asyncio.to_thread(postgres.restart)
            await becomes(made.base)
            await becomes(of_worker)
            asked = ("healthcheck", "--worker")
            told = await asyncio.to_thread(run, tmp_path, *asked, CARNET_METRICS__PORT=port)
            assert (told.code, told.out) == (0, "ok\n")
            worker.signal(signal.SIGSTOP)
            told = await asyncio.to_thread(run, tmp_path, *asked, CARNET_METRICS__PORT=port)
            worker.signal(signal.SIGCONT)
            assert told.code == 1
            assert "there is no answer" in told.line
            valkey.kill()
            await becomes(made.base, queue="away", worker="failing")
            await becomes(of_worker, queue="away")


async def test_a_health_check_tells_where_it_cannot_ask(tmp_path):
    told = run(tmp_path, "healthcheck", "--worker")
    assert (told.code, told.line.partition(":")[0]) == (2, "metrics.port")
    told = run(tmp_path, "healthcheck", CARNET_HTTP__PORT="0")
    assert (told.code, told.line.partition(":")[0]) == (2, "http.port")
    told = run(tmp_path, "healthcheck", CARNET_HTTP__PORT=str(free_port()))
    assert (told.code, "there is no answer" in told.line) == (1, True)


async def test_a_health_check_asks_below_the_path_and_gives_the_body(tmp_path):
    variables = {"CARNET_HTTP__PUBLIC_URL": "https://example.org/r\u00e9sa/trips"}
    async with serving(tmp_path, CARNET_HTTP__HOST="0.0.0.0", **variables) as server:  # noqa: S104
        variables["CARNET_HTTP__PORT"] = server.client.base.rpartition(":")[2]
        variables["CARNET_HTTP__HOST"] = "0.0.0.0"  # noqa: S104
        told = await asyncio.to_thread(run, tmp_path, "healthcheck", "--json", **variables)
        assert told.code == 0
        assert told.json == {"status": "ok", "checks": WELL}


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"status": "ok", "checks": []}', b'{"status": "\xff", "checks": {}}']
)
async def test_a_health_check_knows_what_is_not_carnet(tmp_path, body):
    async def other(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=body)

    async with listening(other) as (_, base):
        port = base.rpartition(":")[2]
        told = await asyncio.to_thread(run, tmp_path, "healthcheck", CARNET_HTTP__PORT=port)
    assert (told.code, told.line) == (1, "not healthy: what answers there is not Carnet")


async def test_wrong_credentials_of_redis_are_told_as_such(tmp_path):
    run(tmp_path, "init")
    with servers.own_valkey() as valkey:
        valkey.ask("CONFIG SET requirepass hush-hush")
        url = valkey.url.replace("//", "//:wrong@")
        async with serving(tmp_path, CARNET_QUEUE__URL=url) as server:
            await becomes(server.client.base, queue="wrong credentials", worker="failing")


async def test_a_worker_tells_what_is_wrong_with_its_queue_and_that_it_is_to_stop(store, settings):
    with servers.own_valkey() as valkey:
        valkey.ask("CONFIG SET requirepass hush-hush")
        queue = Queue(url=valkey.url.replace("//", "//:wrong@"))
        settings, stopping = msgspec.structs.replace(settings, queue=queue), asyncio.Event()
        async with health_of_worker(store, settings, stopping) as health:
            state = await health.state()
            assert (state["status"], state["checks"]["queue"]) == ("failing", "wrong credentials")
            stopping.set()
            await until(lambda: health.draining)
            assert (await health.state())["status"] == "draining"


@contextlib.asynccontextmanager
async def beating(store, url: str) -> AsyncIterator[Heartbeat]:
    """A worker's beats on a store."""
    heartbeat = Heartbeat(url)
    task = asyncio.create_task(arq_worker._beat(store, url))
    try:
        yield heartbeat
    finally:
        await end(task)
        await heartbeat.close()


async def says(heartbeat: Heartbeat, heard: bool) -> bool:
    """Whether Redis has answered, and this."""
    try:
        return await heartbeat.heard() == heard
    except GONE:
        return False


@pytest.mark.parametrize("reason", [Unavailable(), LookupError("the database was dropped")])
async def test_a_worker_without_its_database_is_not_there(monkeypatch, reason):
    class Away:
        """A store whose database comes back."""

        asked = 0
        there = False

        async def read(self, _operation):
            self.asked += 1
            if not self.there:
                raise reason

    monkeypatch.setattr(arq_worker, "BEAT_SECONDS", 0.01)
    store = Away()
    with servers.own_valkey() as valkey:
        async with beating(store, valkey.url) as heartbeat:
            await until(lambda: store.asked >= 3)
            await until(lambda: says(heartbeat, False))
            store.there = True
            await until(lambda: says(heartbeat, True))


async def test_a_server_that_was_told_to_stop_is_draining_for_whom_it_still_answers(
    store, settings, monkeypatch
):
    monkeypatch.setattr(server_process, "LINGER_SECONDS", 30.0)

    async def has_worker() -> str:
        return "ok"

    listening = bind("127.0.0.1", 0)
    address = listening.getsockname()
    shared = Shared(LocalSignals(), LocalRateLimiter(), has_worker)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(running_server(settings, store, shared, listening))
        reader, writer = await asyncio.open_connection(*address)
        stopping = asyncio.create_task(stack.aclose())
        await until(lambda: listening.fileno() == -1)
        with pytest.raises(ConnectionError):
            await asyncio.open_connection(*address)
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert msgspec.json.decode(body)["status"] == "draining"
        writer.close()
        await stopping
