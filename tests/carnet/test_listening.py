"""Where the real program listens: on the path of a unix socket, or on what systemd hands over."""

import asyncio
import contextlib
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import msgspec
import pytest

from carnet.failure import Failure
from carnet.listening import listening
from runtime.settings import Http, Settings
from tests import servers
from tests.carnet.program import CARNET, Lines, ended, environment, run, start
from tests.servers import free_port
from tests.support import Client, Response

HEALTHY = "ok\n"


@pytest.fixture
def place() -> Iterator[Path]:
    """A path for a socket; those of pytest are longer than one may be."""
    with tempfile.TemporaryDirectory(prefix="carnet-") as folder:
        yield Path(folder) / "carnet.sock"


async def ask(place: Path, path: str, **headers: str) -> Response:
    """A request to a unix socket, without a key."""
    connector = aiohttp.UnixConnector(str(place))
    async with aiohttp.ClientSession(connector=connector) as session:
        return await Client(session, "http://localhost", None).get(
            f"http://localhost{path}", headers=headers
        )


@contextlib.asynccontextmanager
async def serving_on(
    folder: Path, place: Path, **variables: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, Lines, Lines]]:
    """A server on a unix socket, that says so."""
    parts = await start(folder, CARNET_HTTP__SOCKET=str(place), **variables)
    try:
        assert await parts[1].first("^Carnet listens on ") == f"Carnet listens on unix:{place}"
        yield parts
    finally:
        await ended(*parts)


async def test_a_unix_socket_is_for_its_group_and_goes_with_the_server(tmp_path, place):
    async with serving_on(tmp_path, place) as (process, out, err):
        assert place.stat().st_mode & 0o777 == 0o660
        assert (await ask(place, "/readyz")).status == 200
        line = await out.first("^ *curl ")
        shell = await asyncio.create_subprocess_exec("sh", "-c", f"{line} -sf", stdout=PIPE)
        assert b'"owner@localhost"' in (await shell.communicate())[0]
        variables = {"CARNET_HTTP__SOCKET": str(place)}
        told = await asyncio.to_thread(run, tmp_path, "healthcheck", **variables)
        assert (told.code, told.out, told.err) == (0, HEALTHY, "")
        started = msgspec.json.decode(await err.first('"started"'))
        assert started["socket"] == str(place)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        assert not place.exists()
        told = await asyncio.to_thread(run, tmp_path, "healthcheck", **variables)
        assert told.code == 1
        assert "there is no answer" in told.line


def test_a_start_that_fails_leaves_no_socket_behind(place):
    def start() -> None:
        with listening(Settings(http=Http(socket=str(place)))):
            assert place.is_socket()
            raise Failure("the disk is full")

    with pytest.raises(Failure, match="the disk is full"):
        start()
    assert not place.exists()


async def test_addresses_behind_a_unix_socket_are_those_the_proxy_tells(tmp_path, place):
    limits = {
        "CARNET_HTTP__TRUSTED_PROXIES": "1",
        "CARNET_LIMITS__SHARED_REQUESTS_PER_MINUTE": "1",
    }
    async with serving_on(tmp_path, place, **limits):
        statuses = [
            (await ask(place, "/api/v1/openapi.json", **{"X-Forwarded-For": address})).status
            for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2")
        ]
        assert statuses == [200, 429, 200]


async def test_the_file_of_a_dead_server_is_replaced_and_that_of_a_live_one_is_not(tmp_path, place):
    async with serving_on(tmp_path, place) as (process, _, _):
        process.kill()
        await process.wait()
        assert place.exists()
    async with serving_on(tmp_path, place):
        other = tmp_path / "other"
        other.mkdir()
        refused = await asyncio.to_thread(run, other, "serve", CARNET_HTTP__SOCKET=str(place))
        assert refused.code == 1
        assert refused.line == (
            f"cannot listen on the socket {place}: another server listens there"
        )
        assert (await ask(place, "/healthz")).status == 200


def test_what_is_no_socket_stays(tmp_path, place):
    place.write_text("a diary")
    refused = run(tmp_path, "serve", CARNET_HTTP__SOCKET=str(place))
    assert refused.code == 1
    assert refused.line == (
        f"cannot listen on the socket {place}: there is something else in its place"
    )
    assert place.read_text() == "a diary"


def test_a_folder_that_is_not_there_is_one_line(tmp_path):
    refused = run(tmp_path, "serve", CARNET_HTTP__SOCKET="nowhere/carnet.sock")
    assert (refused.code, refused.line) == (
        1,
        "cannot listen on the socket nowhere/carnet.sock: No such file or directory",
    )


SYSTEMD = """
import os, sys
handed = int(sys.argv[1])
os.dup2(handed, 3)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": sys.argv[2]}
os.execv(sys.argv[3], sys.argv[3:])
"""
"""What systemd does of a service that has a socket."""


async def activated(
    folder: Path, handed: socket.socket, count: int = 1, **variables: str
) -> tuple[asyncio.subprocess.Process, Lines, Lines]:
    """A server that is handed a listening socket."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SYSTEMD, str(handed.fileno()), str(count), CARNET, "serve"),
        cwd=folder,
        env=environment(variables),
        pass_fds=[handed.fileno()],
        stdout=PIPE,
        stderr=PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    return process, Lines(process.stdout), Lines(process.stderr)


@pytest.fixture(params=["tcp", "unix"])
def handed(request, place) -> Iterator[tuple[socket.socket, str]]:
    """A listening socket, and what the program calls it."""
    if request.param == "tcp":
        with socket.create_server(("127.0.0.1", 0)) as made:
            yield made, f"http://127.0.0.1:{made.getsockname()[1]}"
    else:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(place))
            made.listen()
            yield made, f"unix:{place}"


def first_line(handed: socket.socket, request: bytes) -> bytes:
    """The first line of the response on a connection that may wait to be taken."""
    with socket.socket(handed.family) as client:
        client.connect(handed.getsockname())
        client.sendall(request)
        return client.makefile("rb").readline()


@pytest.mark.parametrize("processes", ["1", "2"])
async def test_a_socket_from_systemd_outlives_the_server(tmp_path, handed, place, processes):
    sock, name = handed
    request = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with contextlib.ExitStack() as stack:
        # What the settings say of an address is not looked at.
        variables = {"CARNET_HTTP__PROCESSES": processes, "CARNET_HTTP__PORT": "1"}
        if processes == "2":
            run(tmp_path, "init")
            variables["CARNET_QUEUE__URL"] = stack.enter_context(servers.redis())
        for _ in range(2):
            # It comes before there is a server that could take it.
            asked = asyncio.create_task(asyncio.to_thread(first_line, sock, request))
            process, out, err = await activated(tmp_path, sock, **variables)
            try:
                assert (await out.first("^Carnet listens on ")).endswith(name)
                assert (await asked).startswith(b"HTTP/1.1 ")
                process.send_signal(signal.SIGTERM)
                assert await process.wait() == 0
            finally:
                await ended(process, out, err)
        assert place.exists() == name.startswith("unix:")


@pytest.mark.parametrize(
    ("count", "listens", "told"), [(2, True, "hands over 2"), (1, False, "ListenStream=")]
)
async def test_a_socket_that_cannot_be_served_on_is_one_line(tmp_path, count, listens, told):
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        if listens:
            made.listen()
        process, out, err = await activated(tmp_path, made, count)
        assert await process.wait() == 2
        await ended(process, out, err)
    assert len(err.all) == 1
    assert told in err.all[0]


async def test_variables_for_another_process_are_not_heeded(tmp_path):
    port = free_port()
    variables = {"LISTEN_PID": "1", "LISTEN_FDS": "1", "CARNET_HTTP__PORT": str(port)}
    process, out, err = await start(tmp_path, **variables)
    try:
        assert (await out.first("^Carnet listens on ")).endswith(f":{port}")
    finally:
        await ended(process, out, err)
