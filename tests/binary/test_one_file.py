"""The program as one file: on its own, with what it needs in it, whoever is killed or replaced."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import servers
from tests.carnet import program
from tests.carnet.program import PLENTY, Lines, ended, run, serving
from tests.faults.production import alive, children
from tests.support import SAMPLES, TRIP
from tests.test_readme import ROOT, section
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.debian

CALENDAR = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//example.org//test\r
BEGIN:VEVENT\r
UID:1@example.org\r
DTSTAMP:20270101T000000Z\r
DTSTART;TZID=Tokyo Standard Time:20270402T190000\r
RRULE:FREQ=DAILY;COUNT=3\r
SUMMARY:Bath\r
LOCATION:Kyoto\r
END:VEVENT\r
END:VCALENDAR\r
"""


@pytest.fixture
def file(made, tmp_path, monkeypatch):
    """A copy of the file, which is what `program` starts, with nothing else in the environment."""
    copy = tmp_path / "bin" / "carnet"
    copy.parent.mkdir()
    shutil.copy(made / "carnet", copy)
    unpacked = tmp_path / "tmp"
    unpacked.mkdir()
    monkeypatch.setattr(program, "CARNET", copy)
    monkeypatch.setattr(
        program, "environment", lambda variables: {"TMPDIR": str(unpacked)} | variables
    )
    return copy


@pytest.fixture
def folder(tmp_path):
    """An empty folder to start it in."""
    empty = tmp_path / "empty"
    empty.mkdir()
    return empty


def unpacked(file: Path) -> set[str]:
    """The folders that are there of processes of the file."""
    return {path.name for path in (file.parent.parent / "tmp").glob("_MEI*")}


def folder_of(pid: int) -> str:
    """The unpacked folder that a process has its libraries from."""
    (folder,) = set(re.findall(r"/(_MEI\w+)/", Path(f"/proc/{pid}/maps").read_text("ascii")))
    return str(folder)


def python_of(launcher: int) -> int:
    """The process that a launcher has started."""
    (pid,) = children(launcher)
    return pid


def servers_of(launcher: int) -> list[int]:
    """The server processes of a program of several, without their launchers."""
    return [python_of(each) for each in children(python_of(launcher)) if children(each)]


async def refused(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return True
    writer.close()
    return False


def ping(file: Path, settings: dict[str, str]) -> str:
    """What `carnet mcp` answers to a ping."""
    done = subprocess.run(
        [file, "mcp"],
        input='{"jsonrpc":"2.0","id":1,"method":"ping"}\n',
        env=program.environment(settings),
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def is_of(pid: int, file: Path) -> bool:
    """Whether a process was started from a file as it is now."""
    return Path(f"/proc/{pid}/exe").samefile(file)


def replace(file: Path, content: bytes) -> None:
    """Puts another file in the place of one that runs, as an installer does it."""
    new = file.with_suffix(".new")
    new.write_bytes(content)
    new.chmod(0o755)
    new.rename(file)


class Several(NamedTuple):
    """Two server processes on a Postgres that is set up, and a Valkey."""

    settings: dict[str, str]
    key: str


@pytest.fixture
def several(file, folder, postgres_url):
    asyncio.run(servers.run_sql(postgres_url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public"))
    with servers.redis() as url:
        settings = {"CARNET_STORAGE__URL": postgres_url, "CARNET_QUEUE__URL": url, **PLENTY}
        key = run(folder, "init", "--json", **settings).json["apiKey"]
        yield Several({**settings, "CARNET_HTTP__PROCESSES": "2"}, key)


async def test_the_readme_s_tour_in_an_empty_folder(file, folder):
    async with serving(folder, **PLENTY) as server:
        blocks = re.findall(r"```sh\n(.*?)```", section("A tour in five minutes"), re.DOTALL)
        tour = "set -euo pipefail\n" + "".join(blocks[:-1])
        tour = tour.replace("http://127.0.0.1:8080", server.client.base)
        tour = tour.replace("osk_paste_the_key_here", server.key)
        tour = re.sub("^curl -s ", "curl -sS --fail ", tour, flags=re.MULTILINE)
        (folder / "operations").symlink_to(ROOT / "operations")
        done = await asyncio.create_subprocess_exec("bash", "-c", tour, cwd=folder)
        assert await done.wait() == 0

        trip = (await server.client.get("/trips")).json["items"][-1]["_id"]
        pins = [{**SAMPLES["mapPin"], "clientRef": f"pin-{n}"} for n in range(3000)]
        sync = await server.client.post(f"/trips/{trip}/sync", {"mapPins": pins})
        assert (sync.status, sync.json["mapPins"]["created"]) == (200, 3000)
        for path in ("/sign-in", "/docs", "/docs/guide", "/static/app.css", "/api/v1/openapi.json"):
            page = await server.client.get(f"{server.client.base}{path}")
            assert page.status == 200, path
        token = (await server.client.post(f"/trips/{trip}/share-token")).json["token"]
        shared = await server.client.get(f"{server.client.base}/t/{token}")
        assert (shared.status, b"<svg" in shared.raw) == (200, True)

        there = {"CARNET_URL": server.client.base, "CARNET_API_KEY": server.key}
        assert run(folder, "export", trip, "-o", "trip.gpx", **there).code == 0
        imported = run(folder, "import", "trip.gpx", "--new-trip", "Again", **there)
        assert imported.code == 0, imported.err
        assert '"result":{}' in ping(file, there)
        assert await server.stop() == 0
        assert not server.events("process_ended")
    assert run(folder, "--version").out == run(ROOT, "--version").out != ""
    assert not unpacked(file)


async def test_a_file_that_was_replaced_is_what_new_processes_are_of(file, folder, several):
    good = file.read_bytes()
    async with serving(folder, **several.settings) as server:
        launcher = server.process.pid
        before = servers_of(launcher)
        assert len({folder_of(pid) for pid in (python_of(launcher), *before)}) == 3
        replace(file, b"#!/bin/sh\nexit 1\n")
        # What is imported only now is still of the file that was started.
        client = server.client.with_key(several.key)
        trip = {"groupId": (await client.get("/me")).json["defaultGroupId"], **TRIP}
        path = f"/trips/{(await client.post('/trips', trip)).json['_id']}/import?dryRun=true"
        for _ in range(8):
            read = await client.send("POST", path, data=CALENDAR)
            assert read.status == 200, read.raw

        replace(file, good)
        server.process.send_signal(signal.SIGHUP)
        await until(lambda: len(server.events("started")) == 4)
        await until(lambda: len(servers_of(launcher)) == 2)
        for pid in servers_of(launcher):
            assert is_of(pid, file)
            assert pid not in before
        await until(lambda: len(unpacked(file)) == 3)
        assert await server.stop() == 0
        assert not server.events("process_ended")
    assert not unpacked(file)


@pytest.mark.parametrize("victim", ["launcher", "parent"])
async def test_who_kills_it_leaves_nothing_that_runs(file, folder, several, victim):
    port = servers.free_port()
    async with serving(folder, CARNET_HTTP__PORT=str(port), **several.settings) as server:
        launcher = server.process.pid
        pids = [
            launcher,
            python_of(launcher),
            *servers_of(launcher),
            *children(python_of(launcher)),
        ]
        assert len(pids) == 6
        os.kill(launcher if victim == "launcher" else python_of(launcher), signal.SIGKILL)
        await until(lambda: not any(map(alive, pids)))
        assert await refused(port)
        await server.err.end()
        assert len(server.events("stopped")) == 2, "its processes finish"
    assert len(unpacked(file)) == (1 if victim == "launcher" else 0)
    assert run(folder, "--version").code == 0
    assert not unpacked(file), "what a launcher left is removed at the next start"


def test_a_folder_whose_files_may_not_run_is_told_of_with_what_to_do():
    """The launcher's own error says nothing of it, and comes before anything of ours."""
    production = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")
    (line,) = (line for line in production.splitlines() if "noexec" in line)
    assert "error while loading shared libraries" in line
    # The folder that it is unpacked in, as in all of these tests.
    assert "`TMPDIR=" in line


async def test_a_signal_to_the_whole_group_comes_once(file, folder):
    """Ctrl-C: a second one would not wait for what is under way."""
    process = await asyncio.create_subprocess_exec(
        *(file, "serve"),
        cwd=folder,
        env=program.environment({"CARNET_HTTP__PORT": "0"}),
        stdout=PIPE,
        stderr=PIPE,
        process_group=0,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = Lines(process.stdout), Lines(process.stderr)
    try:
        await out.first("^Set-up code")
        assert os.getpgid(python_of(process.pid)) != process.pid
        os.killpg(process.pid, signal.SIGINT)
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == 0
        await err.first('"stopped"')
    finally:
        await ended(process, out, err)
