"""`carnet serve` and its children: what is said when, and how all of it ends."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import textwrap
from asyncio.subprocess import Process
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from carnet.messages import parse
from carnet.supervisor import START_ATTEMPTS
from tests import servers
from tests.carnet.program import CARNET, PLENTY, SECONDS, ended, run, serving, start
from tests.carnet.scraping import scrape
from tests.faults.production import alive, children
from tests.servers import free_port
from tests.streams import streaming
from tests.support import SAMPLES, TRIP
from tests.test_contributing import OF_NO_USE, ROOT
from tests.waiting import until

CLOSE = {"Connection": "close"}


def sabotage(folder: Path, statements: str) -> dict[str, str]:
    """An environment in which every child of the program begins with some statements."""
    site = folder / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        f"import os, sys\nif '_run' in sys.orig_argv:\n{textwrap.indent(statements, '    ')}\n"
    )
    return {"PYTHONPATH": str(site)}


@pytest.fixture
def several(tmp_path):
    """An environment with two server processes, and a database that is set up."""
    run(tmp_path, "init")
    with servers.redis() as url:
        yield {"CARNET_QUEUE__URL": url, "CARNET_HTTP__PROCESSES": "2"}


async def answers(port: int) -> bool:
    """Whether a server refuses a request without a key."""
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/api/v1/me") as answer,
        ):
            return answer.status == 401
    except aiohttp.ClientConnectionError:
        return False


async def test_nothing_is_said_before_the_worker_is_ready(tmp_path):
    port = free_port()
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    variables = sabotage(tmp_path, f"open({str(gate)!r}).close()")
    process, out, err = await start(tmp_path, **variables, CARNET_HTTP__PORT=str(port))
    try:
        await until(lambda: answers(port))
        assert out.all == []
        # Opened in the child, which goes on when it is opened here too.
        await asyncio.to_thread(gate.write_text, "")
        assert (await out.first("^Carnet listens on ")).endswith(f":{port}")
        assert err.all
    finally:
        await ended(process, out, err)


async def test_nothing_is_said_before_every_server_process_is_ready(tmp_path, several):
    """Of two, one gets through the gate first."""
    port = free_port()
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    first = tmp_path / "first"
    pass_one = (
        f"try:\n    os.mkdir({str(first)!r})\nexcept OSError:\n    open({str(gate)!r}).close()"
    )
    variables = several | sabotage(tmp_path, pass_one)
    process, out, err = await start(tmp_path, **variables, CARNET_HTTP__PORT=str(port))
    try:
        await until(lambda: answers(port))
        assert out.all == []
        await asyncio.to_thread(gate.write_text, "")
        await out.first("^Carnet listens on ")
        await until(lambda: len([line for line in err.all if '"started"' in line]) == 2)
    finally:
        await ended(process, out, err)


@pytest.mark.parametrize("processes", ["one", "two"])
async def test_children_that_keep_dying_end_the_program(tmp_path, processes, request):
    variables = request.getfixturevalue("several") if processes == "two" else {}
    name = "server" if processes == "two" else "worker"
    variables |= sabotage(tmp_path, "os._exit(7)")
    process, out, err = await start(tmp_path, **variables)
    try:
        async with asyncio.timeout(SECONDS):
            assert await process.wait() == 1
        await err.end()
        assert out.all == [], "no key is shown of a server that does not serve"
        assert [line for line in err.all if line.startswith("carnet: ")] == [
            f"carnet: the {name} process ended {START_ATTEMPTS} times in a row,"
            " the last time with code 7"
        ]
    finally:
        await ended(process, out, err)


async def test_a_start_that_failed_takes_no_key_away(tmp_path):
    """The first user is made when all is ready: the key is not lost with what was not said."""
    process, out, err = await start(tmp_path, **sabotage(tmp_path, "os._exit(7)"))
    async with asyncio.timeout(SECONDS):
        await process.wait()
    await ended(process, out, err)
    process, out, err = await start(tmp_path)
    try:
        await out.first(r"^ +osk_\w+$")
    finally:
        await ended(process, out, err)


async def test_a_signal_while_children_start_ends_it(tmp_path):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    port = free_port()
    variables = sabotage(tmp_path, f"open({str(gate)!r}).close()")
    process, out, err = await start(tmp_path, **variables, CARNET_HTTP__PORT=str(port))
    try:
        await until(lambda: answers(port))
        process.send_signal(signal.SIGTERM)
        await err.first('"stopped"')
        await asyncio.to_thread(gate.write_text, "")
        async with asyncio.timeout(SECONDS):
            assert await process.wait() == 0
        assert out.all == []
    finally:
        await ended(process, out, err)


async def test_a_reload_to_a_build_that_does_not_fit_the_database_leaves_the_old_one_serving(
    tmp_path, several
):
    """The files are replaced while the server runs, by some whose migrations were not applied."""
    build = tmp_path / "build"
    shutil.copytree(ROOT, build, ignore=OF_NO_USE)
    more = sorted((build / "storage" / "migrations" / "sqlite").iterdir())[-1]
    more = more.with_name(f"{int(more.name[:4]) + 1:04}_more.sql")
    async with serving(tmp_path, **several, PYTHONPATH=str(build)) as server:
        before = children(server.process.pid)
        more.write_text("CREATE TABLE more (id TEXT PRIMARY KEY);\n", encoding="utf-8")
        server.process.send_signal(signal.SIGHUP)
        await server.err.first('"reload_refused"')
        (refused,) = server.events("reload_refused")
        assert refused["reason"] == (
            "the database is not on the current schema: run `carnet migrate`"
        )
        assert children(server.process.pid) == before
        assert (await server.client.get("/me")).status == 401
        more.unlink()
        server.process.send_signal(signal.SIGHUP)
        await until(lambda: not any(alive(pid) for pid in before))
        assert len(children(server.process.pid)) == 2
        assert (await server.client.get("/me")).status == 401
        assert await server.stop() == 0


@contextlib.contextmanager
def stuck(pids: list[int]) -> Iterator[None]:
    """Processes that do not move, and would be waited for."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in filter(alive, pids):
            os.kill(pid, signal.SIGKILL)


async def test_a_new_process_that_dies_while_the_one_before_finishes_is_followed_at_once(
    tmp_path, several
):
    metrics = free_port()
    async with serving(tmp_path, **several, CARNET_METRICS__PORT=str(metrics)) as server:
        before = children(server.process.pid)
        # None of them answers, or finishes.
        with stuck(before):
            server.process.send_signal(signal.SIGHUP)
            assert (await server.client.get("/me", headers=CLOSE)).status == 401
            # What it has counted is asked for once it has taken the place.
            await until(lambda: responses_told(metrics))
            (successor,) = set(children(server.process.pid)) - set(before)
            os.kill(successor, signal.SIGKILL)
            assert (await server.client.get("/me", headers=CLOSE)).status == 401
            assert server.events("process_stuck") == [], "the one before was not waited for"
            told = await scrape(metrics)
            assert told.total("carnet_child_process_restarts_total", process="server") == 1
        await until(lambda: not any(alive(pid) for pid in before))
        assert (await server.client.get("/me")).status == 401
        assert await server.stop() == 0


async def responses_told(port: int) -> float:
    """How many responses the metrics tell of."""
    return (await scrape(port)).total("carnet_http_responses_total")


@pytest.mark.parametrize("processes", ["one", "two"])
async def test_a_second_signal_ends_it_at_once(tmp_path, processes, request):
    variables = request.getfixturevalue("several") if processes == "two" else {}
    async with serving(tmp_path, **variables) as server:
        pids = children(server.process.pid)
        assert len(pids) == (2 if processes == "two" else 1)
        with stuck(pids):
            await until(lambda: signalled(server.process))
            assert await server.stop() == -signal.SIGTERM
            await until(lambda: not any(alive(pid) for pid in pids))


def signalled(process: Process) -> bool:
    """Whether a process has ended; one that has not is sent another SIGTERM."""
    if process.returncode is None:
        # Not by `terminate`, which may collect the exit code that the loop waits for.
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
    return process.returncode is not None


async def test_a_worker_that_was_killed_is_followed_by_another(tmp_path):
    async with serving(tmp_path, **PLENTY) as server:
        (worker,) = children(server.process.pid)
        os.kill(worker, signal.SIGKILL)
        me = (await server.client.get("/me")).json
        made = await server.client.post("/trips", {"groupId": me["defaultGroupId"], **TRIP})
        pins = [{**SAMPLES["mapPin"], "clientRef": f"pin-{n}"} for n in range(300)]
        done = await server.client.post(f"/trips/{made.json['_id']}/sync", {"mapPins": pins})
        assert (done.status, done.json["mapPins"]["created"]) == (200, 300)
        assert await server.stop() == 0
        (event,) = server.events("process_ended")
        assert (event["process"], event["code"]) == ("worker", -signal.SIGKILL)


async def test_what_a_worker_did_is_told_on_event_streams_also_by_the_next_worker(tmp_path):
    pins = [{**SAMPLES["mapPin"], "clientRef": f"pin-{n}"} for n in range(300)]
    async with serving(tmp_path, **PLENTY) as server:
        me = (await server.client.get("/me")).json
        made = await server.client.post("/trips", {"groupId": me["defaultGroupId"], **TRIP})
        trip = f"/trips/{made.json['_id']}"
        async with streaming(server.client, trip) as stream:
            await stream.next()
            for killed in (False, True):
                if killed:
                    (worker,) = children(server.process.pid)
                    os.kill(worker, signal.SIGKILL)
                body = {"mapPins": [{**pin, "notes": f"{killed}"} for pin in pins]}
                assert (await server.client.post(f"{trip}/sync", body)).status == 200
                (change,) = await stream.take(1)
                assert (change.id, change.data["more"]) == (3 if killed else 2, True)


@pytest.mark.parametrize("arguments", [("server", "0"), ("worker",)])
def test_a_child_without_a_parent_leaves(tmp_path, arguments):
    done = run(tmp_path, "_run", *arguments)
    assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.parametrize("arguments", [("server", "0"), ("worker",)])
def test_a_child_that_cannot_do_its_work_tells_its_parent_why(tmp_path, arguments):
    done = subprocess.run(
        [CARNET, "_run", *arguments],
        check=False,
        cwd=tmp_path,
        input=b'{"http": {"port": "of another release"}}\n',
        capture_output=True,
        timeout=SECONDS,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert "not those of this release" in parse(done.stdout).reason
