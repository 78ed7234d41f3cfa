"""`/metrics` of a running program: all its processes at once, and no counter ever falls."""

import asyncio
import contextlib
import os
import platform
import signal
import sqlite3

import aiohttp
import pytest

from carnet.exposition import TEXT
from runtime.release import release
from tests import servers
from tests.carnet.program import PLENTY, environment, run, serving
from tests.carnet.scraping import Scrape, scrape
from tests.faults.production import Program, children
from tests.servers import free_port
from tests.support import SAMPLES, TRIP, Response
from tests.waiting import until

REQUESTS = "carnet_http_request_duration_seconds_count"
RESPONSES = "carnet_http_responses_total"
BACKUP = "carnet_last_backup_timestamp_seconds"
PINS = [{**SAMPLES["mapPin"], "clientRef": f"pin-{n}"} for n in range(300)]
"""So many that a sync of them is a job."""


async def make_trip(client):
    me = (await client.get("/me")).json
    made = await client.post("/trips", {"groupId": me["defaultGroupId"], **TRIP})
    return made.json["_id"]


async def test_one_scrape_shows_the_server_and_its_worker(tmp_path):
    port = free_port()
    variables = PLENTY | {"CARNET_METRICS__PORT": str(port)}
    async with serving(tmp_path, **variables) as server:
        client = server.client
        trip = await make_trip(client)
        for _ in range(2):
            again = {"Idempotency-Key": "planted-key"}
            done = await client.post(f"/trips/{trip}/sync", {"mapPins": PINS}, headers=again)
            assert done.status == 200
        conflict = await client.post(f"/trips/{trip}/sync", {}, headers=again)
        assert conflict.status == 409
        unknown = {"Authorization": f"Bearer osk_{'planted' * 6}"}
        assert (await client.get("/me", headers=unknown)).status == 401
        assert (await client.get("/planted/path")).status == 404
        for path, accept in (("/t/plantedtoken", "text/html"), ("/static/app.css", "*/*")):
            answer = await client.get(client.base + path, headers={"Accept": accept})
            assert answer.status == (404 if path.startswith("/t/") else 200)

        async def told() -> Scrape | None:
            found = await scrape(port)
            return found if found.total("carnet_jobs_ended_total") else None

        found = await until(told)
        assert found.total(REQUESTS, method="GET", route="/api/v1/me") == 2
        assert found.total(REQUESTS, method="POST", route="/api/v1/trips/{tripId}/sync") == 3
        assert found.total(REQUESTS, route="/t") == 1
        assert found.total(REQUESTS, route="assets") == 1
        assert found.total(REQUESTS, route="none") == 1
        assert found.total(RESPONSES, **{"class": "2xx"}) == 5
        assert found.total(RESPONSES, **{"class": "4xx"}) == 4
        assert found.total("carnet_auth_failures_total", reason="unknown_key") == 1
        assert found.total("carnet_idempotency_total", outcome="replayed") == 1
        assert found.total("carnet_idempotency_total", outcome="conflict") == 1
        # What the worker did, which is another process.
        assert found.total("carnet_jobs_ended_total", kind="sync", outcome="succeeded") == 1
        assert found.total("carnet_job_attempts_total", kind="sync") == 1
        assert found.total("carnet_job_duration_seconds_count", kind="sync") == 1
        assert found.total("carnet_import_items_total", kind="mapPin", outcome="created") == 300
        assert found.total("carnet_schedule_last_success_timestamp_seconds") > 0
        assert found.total("carnet_child_processes_ready", process="worker") == 1
        # Of both.
        assert found.total("carnet_storage_operation_duration_seconds_count", operation="write") > 9
        assert found.total("carnet_sqlite_commit_operations_sum") > 9
        assert found.total("carnet_sqlite_file_size_bytes", file="database") > 0
        assert found.total("carnet_http_connections_open") >= 1
        assert found.total("carnet_http_requests_in_flight") == 0
        assert found.total("process_resident_memory_bytes") > 50_000_000
        # Of the database.
        assert found.total("carnet_storage_up") == 1
        assert found.total("carnet_schema_version") > 0
        assert found.total("carnet_jobs_unfinished") == 0
        assert found.has("carnet_jobs_oldest_due_seconds")
        for secret in ("planted", server.key, trip, "127.0.0.1", "osk_"):
            assert secret not in found.text
        assert 'route="other"' not in found.text
        assert 'kind="other"' not in found.text


async def test_what_is_open_and_what_waits(tmp_path):
    port = free_port()
    async with serving(tmp_path, **PLENTY, CARNET_METRICS__PORT=str(port)) as server:
        trip = f"/trips/{await make_trip(server.client)}"
        with contextlib.closing(sqlite3.connect(tmp_path / "data" / "carnet.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            async with server.client.open(f"{trip}/events"), asyncio.TaskGroup() as group:

                def write() -> asyncio.Task[Response]:
                    pin = SAMPLES["mapPin"]
                    return group.create_task(server.client.post(f"{trip}/map-pins", pin))

                async def told(name: str, number: int) -> Scrape | None:
                    found = await scrape(port)
                    return found if found.total(name) >= number else None

                # One of them waits for the other process, the rest for its turn.
                writes = [write()]
                await until(lambda: told("carnet_http_requests_in_flight", 2))
                writes += [write() for _ in range(3)]
                found = await until(lambda: told("carnet_sqlite_writes_waiting", 3))
                other.execute("ROLLBACK")
            assert [write.result().status for write in writes] == [201] * 4
        assert found.total("carnet_event_streams_open") == 1
        assert found.total("carnet_http_requests_in_flight") == 5
        assert found.total("carnet_http_connections_open") >= 5
        assert found.total("carnet_sqlite_file_size_bytes", file="wal") > 0


async def test_what_it_is_and_when_it_was_backed_up(tmp_path):
    port = free_port()
    async with serving(tmp_path, CARNET_METRICS__PORT=str(port)):
        made = run(tmp_path, "backup", "copy.db", "--json").json

        async def told() -> Scrape | None:
            found = await scrape(port)
            looked = found.total("carnet_event_loop_lag_seconds_count") > 0
            return found if looked and found.has(BACKUP) else None

        found = await until(told)
        assert found.total(BACKUP) > found.total("process_start_time_seconds") - 1
        assert found.total("carnet_last_backup_size_bytes") == made["bytes"]
        built = {
            "version": release(),
            "schema": str(made["schema"]),
            "python": platform.python_version(),
        }
        assert found.total("carnet_build_info", **built) == 1
        assert found.total("process_max_fds") > found.total("process_open_fds") > 10
        assert found.total("process_cpu_seconds_total") > 0


@pytest.fixture
def several(tmp_path):
    """An environment with two server processes, and a database that is set up."""
    key = run(tmp_path, "init", "--json").json["apiKey"]
    with servers.redis() as url:
        yield PLENTY | {
            "CARNET_QUEUE__URL": url,
            "CARNET_HTTP__PROCESSES": "2",
            "CARNET_METRICS__PORT": str(free_port()),
            "KEY": key,
        }


async def ask(server, key, times):
    """Sends requests, each by a connection of its own: every process gets some."""
    headers = {"Authorization": f"Bearer {key}", "Connection": "close"}
    for _ in range(times):
        assert (await server.client.get("/me", headers=headers)).status == 200


async def counted(port, requests):
    """A scrape in which all these requests are: on a busy machine an answer may be late."""

    async def told() -> Scrape | None:
        found = await scrape(port)
        return found if found.total(REQUESTS, route="/api/v1/me") == requests else None

    return await until(told)


async def with_one_silent(port: int) -> Scrape | None:
    """A scrape that tells of one process which hangs; on a busy machine others may be late."""
    found = await scrape(port)
    return found if found.total("carnet_child_processes_silent") == 1 else None


async def test_no_counter_falls_whatever_becomes_of_processes(tmp_path, several):
    key, port = several.pop("KEY"), int(several["CARNET_METRICS__PORT"])
    async with serving(tmp_path, **several) as server:
        await ask(server, key, 30)
        first = await counted(port, 30)
        assert first.total("carnet_redis_away") == 0

        before = children(server.process.pid)
        os.kill(before[0], signal.SIGSTOP)
        stuck = await until(lambda: with_one_silent(port))
        os.kill(before[0], signal.SIGCONT)
        assert stuck.fallen_since(first) == []
        assert f'"pid":{before[0]}' in await server.err.first('"process_silent"')

        server.process.send_signal(signal.SIGHUP)
        await until(lambda: len(server.events("stopped")) == 2)
        await until(lambda: len(children(server.process.pid)) == 2)
        replaced = await scrape(port)
        assert replaced.fallen_since(stuck) == []
        await ask(server, key, 30)
        third = await counted(port, 60)
        assert third.total("carnet_child_process_restarts_total") == 0
        assert third.total("carnet_child_processes_silent") == 0

        os.kill(children(server.process.pid)[0], signal.SIGKILL)
        await server.err.first('"process_ended"')
        killed = await counted(port, 60)
        assert killed.fallen_since(third) == []
        assert killed.total("carnet_child_process_restarts_total", process="server") == 1


async def test_a_worker_has_a_port_of_its_own(tmp_path, several):
    port = int(several["CARNET_METRICS__PORT"])
    del several["KEY"]
    worker = Program(tmp_path, "worker", environment(several))
    worker.start()

    async def told() -> Scrape | None:
        with contextlib.suppress(aiohttp.ClientConnectionError):
            found = await scrape(port)
            if found.has("carnet_schedule_last_success_timestamp_seconds"):
                return found
        return None

    try:
        found = await until(told)
        assert found.total("carnet_storage_up") == 1
        assert found.total("carnet_storage_operation_duration_seconds_count") > 0
        assert found.total("carnet_job_attempts_total") == 0
        # The port is taken, so no other can have it; nor does it say that it has started.
        refused = run(tmp_path, "worker", **several)
        assert refused.code == 1
        assert refused.line == f"cannot listen on 127.0.0.1:{port}: Address already in use"
    finally:
        worker.kill()


async def test_the_port_has_metrics_and_nothing_else(tmp_path):
    port = free_port()
    async with (
        serving(tmp_path, CARNET_METRICS__PORT=str(port)) as server,
        aiohttp.ClientSession() as session,
    ):
        base = f"http://127.0.0.1:{port}"
        async with session.head(f"{base}/metrics?x=1") as answer:
            assert (answer.status, answer.headers["Content-Type"]) == (200, TEXT)
            assert int(answer.headers["Content-Length"]) > 1_000
            assert await answer.read() == b""
        async with session.post(f"{base}/metrics") as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
        for path in ("/", "/metrics/", "/api/v1/me", "/sign-in"):
            async with session.get(base + path) as answer:
                assert (answer.status, await answer.text()) == (
                    404,
                    "There is nothing here but /metrics\n",
                )
        assert (await server.client.get("/metrics")).status == 404
        async with session.get(f"{server.client.base}/metrics") as answer:
            assert answer.status == 404
        # The port is taken, so no other can have it.
        other = tmp_path / "other"
        other.mkdir()
        refused = run(other, "serve", CARNET_HTTP__PORT="0", CARNET_METRICS__PORT=str(port))
        assert refused.code == 1
        assert refused.line.startswith(f"cannot listen on 127.0.0.1:{port}: Address already in use")
