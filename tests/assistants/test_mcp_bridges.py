"""From stdio to `/mcp`, by `carnet mcp` and the npm program, also when all is not well."""

import asyncio
import contextlib
import itertools
import json
import socket

import pytest
from aiohttp import web

from server.app import build_app
from server.health import Health
from server.listener import Listener
from tests.assistants.bridges import BRIDGES, PACKAGE, bridge, environment
from tests.assistants.speaking import META
from tests.servers import free_port
from tests.support import SAMPLES, run_server

WHOAMI = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "whoami"}}
NOTED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


@pytest.fixture(params=BRIDGES)
def way(request):
    """Both programs in turn."""
    return request.param


def variables(world, url=""):
    return {"URL": url or world.running.base, "API_KEY": world.owner.key}


@pytest.mark.parametrize("path", ["", "/", "/api/v1", "/api/v1/", "/mcp"])
async def test_any_form_of_the_address_will_do(world, way, path):
    async with bridge(way, **variables(world, world.running.base + path)) as program:
        answer = await program.ask(WHOAMI)
        assert answer["result"]["structuredContent"]["user"]["name"] == "Olga"


async def test_the_end_of_input_ends_it_when_all_is_answered(world, way):
    async with bridge(way, **variables(world)) as program:
        program.say(*({**WHOAMI, "id": n} for n in range(20)), NOTED, b"", b"  ")
        told, wrong = await program.end()
        answers = [json.loads(line) for line in told.splitlines()]
        assert sorted(each["id"] for each in answers) == list(range(20))
        assert (program.process.returncode, wrong) == (0, b"")


@pytest.fixture
def file_of_calls(tmp_path):
    path = tmp_path / "calls"
    path.write_bytes(b"".join(json.dumps({**WHOAMI, "id": n}).encode() + b"\n" for n in range(2)))
    with path.open("rb") as calls:
        yield calls


async def test_a_file_will_do_as_input(world, way, file_of_calls):
    for given, ids in ((file_of_calls, [0, 1]), (asyncio.subprocess.DEVNULL, [])):
        process = await asyncio.create_subprocess_exec(
            *BRIDGES[way],
            env=environment(**variables(world)),
            stdin=given,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        told, wrong = await process.communicate()
        assert sorted(json.loads(line)["id"] for line in told.splitlines()) == ids
        assert (process.returncode, wrong) == (0, b"")


async def test_requests_do_not_wait_for_each_other(world, way):
    """One whose answer never comes holds up none."""
    held = asyncio.Event()

    async def handle(request):
        body = await request.json()
        if body["id"] == 1:
            await held.wait()
        return web.json_response({"jsonrpc": "2.0", "id": body["id"], "result": {}})

    server = web.Server(handle)
    runner = web.ServerRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with bridge(way, **variables(world, url)) as program:
        program.say({**WHOAMI, "id": 1})
        assert (await program.ask({**WHOAMI, "id": 2}))["id"] == 2
        held.set()
        assert (await program.hear())["id"] == 1
    await runner.cleanup()


async def test_what_is_no_message_is_for_the_server_to_tell(world, way):
    async with bridge(way, **variables(world)) as program:
        for line, code in ((b"{", -32700), (b"[]", -32600), (b'{"id":3}', -32600)):
            program.say(line)
            answer = await program.hear()
            assert answer["error"]["code"] == code


async def test_texts_pass_as_they_are(world, way):
    pin = {**SAMPLES["mapPin"], "name": "Sensō-ji 浅草寺 🗼", "notes": "a\nb\u2028c " + "é" * 9_000}
    params = {"name": "upsert_pins", "arguments": {"trip": "Cotswolds", "items": [pin]}}
    async with bridge(way, **variables(world)) as program:
        answer = await program.ask({**WHOAMI, "params": params})
        assert answer["result"]["structuredContent"]["results"][0]["name"] == pin["name"]
        params = {"name": "list_items", "arguments": {"trip": "Cotswolds", "kind": "mapPin"}}
        answer = await program.ask({**WHOAMI, "params": params})
        assert answer["result"]["structuredContent"]["items"][0]["notes"] == pin["notes"]


async def test_what_is_told_in_headers_is_told_for_the_client(world, way):
    uri = "carnet://trips/Zürich"
    async with bridge(way, **variables(world)) as program:
        for method, params, code in (
            ("server/discover", {}, None),
            ("tools/call", {"name": "whoami"}, None),
            ("resources/read", {"uri": uri}, -32602),
            ("nothing", {}, -32601),
        ):
            asked = {**params, "_meta": META}
            answer = await program.ask(
                {"jsonrpc": "2.0", "id": 1, "method": method, "params": asked}
            )
            assert answer.get("error", {}).get("code") == code


async def test_a_key_that_is_refused(world, way):
    async with bridge(way, URL=world.running.base, API_KEY="osk_" + "x" * 40) as program:
        program.say(NOTED)
        answer = await program.ask(WHOAMI)
        assert answer["id"] == 1
        assert "unknown, revoked or expired" in answer["error"]["message"]
        assert "CARNET_API_KEY" in answer["error"]["message"]


async def test_a_server_that_is_not_there(world, way):
    url = f"http://127.0.0.1:{free_port()}"
    async with bridge(way, **variables(world, url)) as program:
        program.say(NOTED)
        answer = await program.ask(WHOAMI)
        assert answer["id"] == 1
        assert f"Cannot reach Carnet at {url}/mcp" in answer["error"]["message"]
        assert "CARNET_URL" in answer["error"]["message"]


async def test_an_address_of_something_else(world, way):
    async with bridge(way, **variables(world, f"{world.running.base}/api")) as program:
        answer = await program.ask(WHOAMI)
        assert "HTTP 404" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"URL": "http://127.0.0.1:1"}, "CARNET_API_KEY"),
        ({"URL": "http://127.0.0.1:1", "API_KEY": "osk_ä"}, "CARNET_API_KEY"),
        ({"URL": "ftp://x", "API_KEY": "osk_x"}, "is not an address"),
        ({"URL": "carnet.example.org", "API_KEY": "osk_x"}, "is not an address"),
        ({"URL": "http://x/?q=1", "API_KEY": "osk_x"}, "is not an address"),
    ],
)
async def test_what_is_set_wrongly_is_one_line(way, given, named):
    async with bridge(way, **given) as program:
        told, wrong = await program.end()
        assert (program.process.returncode, told) == (2, b"")
        assert wrong.count(b"\n") == 1
        assert named in wrong.decode()


async def test_settings_of_the_server_are_not_looked_at(world, way):
    async with bridge(way, **variables(world), STORAGE__URL="nonsense") as program:
        assert "result" in await program.ask(WHOAMI)


async def test_a_server_that_is_replaced_between_two_calls(world, way):
    """The next call waits while connections are refused, and finds the new server."""
    services = world.running.services
    port = free_port()
    first = Listener(build_app(services, Health({})))
    await first.start_on(socket.create_server(("127.0.0.1", port)))
    async with bridge(way, **variables(world, f"http://127.0.0.1:{port}")) as program:
        assert "result" in await program.ask(WHOAMI)
        await first.stop()
        program.say(WHOAMI)
        second = Listener(build_app(services, Health({})))
        await second.start_on(socket.create_server(("127.0.0.1", port)))
        assert "result" in await program.hear()
        await second.stop()


async def test_calls_that_alternate_between_two_servers(world, store, settings, way):
    """Behind one port, each connection leads to the other of two servers: neither knows more."""
    async with run_server(store, settings) as other:
        ports = [base.rpartition(":")[2] for base in (world.running.base, other.base)]
        turns = itertools.cycle(map(int, ports))
        served: list[int] = []
        passing: set[asyncio.Task[None]] = set()

        async def copy(source, sink):
            with contextlib.suppress(ConnectionError):
                while data := await source.read(65_536):
                    sink.write(data)
                    await sink.drain()
            sink.close()

        async def accept(reader, writer):
            port = next(turns)
            served.append(port)
            there, back = await asyncio.open_connection("127.0.0.1", port)
            for source, sink in ((reader, back), (there, writer)):
                passing.add(asyncio.create_task(copy(source, sink)))

        async with await asyncio.start_server(accept, "127.0.0.1", 0) as front:
            url = f"http://127.0.0.1:{front.sockets[0].getsockname()[1]}"
            async with bridge(way, **variables(world, url)) as program:
                asked = {"protocolVersion": "2025-11-25"}
                await program.ask({**WHOAMI, "method": "initialize", "params": asked})
                for n in range(4):
                    pin = {**SAMPLES["mapPin"], "name": f"Pin {n}"}
                    arguments = {"trip": "Cotswolds", "items": [pin]}
                    params = {"name": "upsert_pins", "arguments": arguments}
                    answer = await program.ask({**WHOAMI, "params": params})
                    assert answer["result"]["structuredContent"]["created"] == 1
        await asyncio.gather(*passing)
    assert {served.count(int(port)) for port in ports} == {2, 3}
    pins = (await world.client.get(f"{world.trip}/map-pins")).json["items"]
    assert len(pins) == 4


def test_the_package_needs_nothing():
    package = json.loads((PACKAGE / "package.json").read_text())
    assert not {"dependencies", "peerDependencies", "optionalDependencies"} & package.keys()
    assert package["name"] == "@carnet/mcp-server"
    assert package["engines"] == {"node": ">=20.19"}
    (program,) = package["bin"].values()
    assert (PACKAGE / program).read_text().startswith("#!/usr/bin/env node\n")
    assert {program, "README.md"} >= {*package["files"]}
