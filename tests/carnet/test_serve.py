"""`carnet serve` as a process: start, stop, what it prints (contract sections 8 and 9)."""

import asyncio
import signal
import socket
import sqlite3
from contextlib import closing

import pytest

from tests.carnet.program import PLENTY, SECONDS, ended, run, serving, start
from tests.streams import streaming
from tests.support import SAMPLES, TRIP


def database(folder):
    return folder / "data" / "carnet.db"


async def new_trip(server):
    me = (await server.client.get("/me")).json
    made = await server.client.post("/trips", {"groupId": me["defaultGroupId"], **TRIP})
    assert made.status == 201
    return f"/trips/{made.json['_id']}"


async def refused(folder, *arguments, **variables):
    """The one line on stderr of a server that does not start, and its exit code."""
    process, out, err = await start(folder, *arguments, **variables)
    try:
        async with asyncio.timeout(SECONDS):
            code = await process.wait()
    finally:
        await ended(process, out, err)
    assert out.all == []
    assert len(err.all) == 1, err.all
    assert err.all[0].startswith("carnet: ")
    return err.all[0], code


# The first start, and later ones


async def test_the_first_start_prints_a_key_and_a_curl_line_that_works(tmp_path):
    async with serving(tmp_path) as server:
        (line,) = [text for text in server.out.all if text.strip().startswith("curl ")]
        shell = await asyncio.create_subprocess_exec(
            "sh", "-c", f"{line} --silent --fail", stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await shell.communicate()
        assert shell.returncode == 0
        assert b'"owner@localhost"' in printed
        me = (await server.client.get("/me")).json
        assert me["groups"][0]["role"] == "owner"
        assert me["key"]["scopes"] == [
            "trips:read",
            "trips:write",
            "messages:read",
            "messages:write",
        ]


async def test_a_later_start_prints_no_key(tmp_path):
    async with serving(tmp_path) as server:
        key = server.key
        trip = await new_trip(server)
        await server.stop()
    async with serving(tmp_path) as server:
        assert (await server.client.with_key(key).get(trip)).status == 200
        await server.stop()
        assert not any("osk_" in line for line in server.out.all)


async def test_every_start_prints_the_set_up_code_until_it_is_used(tmp_path):
    async with serving(tmp_path) as server:
        code = (await server.out.first("^Set-up code: ")).removeprefix("Set-up code: ")
        base = server.client.base.replace("127.0.0.1", "localhost")
        assert f"  {base}/setup?code={code}" in server.out.all
        await server.stop()
    async with serving(tmp_path) as server:
        assert await server.out.first("^Set-up code: ") == f"Set-up code: {code}"
        owner = {"email": "olga@example.org", "name": "Olga", "password": "a quiet ferry"}
        made = await server.client.post("/setup", {"code": code, **owner})
        assert made.status == 201
        await server.stop()
    async with serving(tmp_path) as server:
        await server.stop()
        assert [line.partition(" http")[0] for line in server.out.all] == ["Carnet listens on"]


async def test_after_an_init_the_first_start_prints_no_key(tmp_path):
    first = run(tmp_path, "init", "--json").json
    async with serving(tmp_path) as server:
        me = await server.client.with_key(first["apiKey"]).get("/me")
        assert me.json["defaultGroupId"] == first["groupId"]
        await server.stop()
        assert not any("osk_" in line for line in server.out.all)


async def test_the_link_that_init_prints_is_that_of_serve(tmp_path):
    told = run(tmp_path, "init").out.splitlines()
    code = told[-1].removeprefix("Set-up code: ")
    assert f"  http://localhost:8080/setup?code={code}" in told
    async with serving(tmp_path) as server:
        assert await server.out.first("^Set-up code: ") == told[-1]


async def test_the_key_is_on_standard_output_only(tmp_path):
    async with serving(tmp_path) as server:
        assert server.key
        await server.client.get("/me")
        await server.stop()
        assert "osk_" not in "\n".join(server.err.all)


async def test_the_data_is_for_its_owner_only(tmp_path):
    async with serving(tmp_path) as server:
        await new_trip(server)
        assert database(tmp_path).parent.stat().st_mode & 0o777 == 0o700
        files = list(database(tmp_path).parent.iterdir())
        assert database(tmp_path) in files
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


# Where it listens


async def test_port_0_is_a_free_port_that_is_told(tmp_path):
    async with serving(tmp_path, CARNET_HTTP__PORT="0") as server:
        host, _, port = server.client.base.rpartition(":")
        assert host == "http://127.0.0.1"
        await server.err.first("started")
        assert server.events("started")[0]["port"] == int(port) > 0
        assert (await server.client.get("/me")).status == 200


async def test_a_port_in_use_is_one_line(tmp_path):
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line, code = await refused(tmp_path, CARNET_HTTP__PORT=str(port))
    assert code == 1
    assert f"127.0.0.1:{port}" in line


async def test_two_servers_cannot_share_a_port(tmp_path):
    async with serving(tmp_path) as server:
        port = server.client.base.rpartition(":")[2]
        other = tmp_path / "other"
        other.mkdir()
        _, code = await refused(other, CARNET_HTTP__PORT=port)
        assert code == 1
        assert (await server.client.get("/me")).status == 200


@pytest.mark.parametrize("host", ["300.1.1.1", "no.such.host.invalid"])
async def test_a_host_that_is_none_is_one_line(tmp_path, host):
    line, code = await refused(tmp_path, CARNET_HTTP__HOST=host)
    assert code == 1
    assert host in line


async def test_links_lead_to_where_it_listens_or_to_the_public_url(tmp_path):
    async with serving(tmp_path) as server:
        trip = await new_trip(server)
        link = (await server.client.post(f"{trip}/share-token")).json["url"]
        assert link.startswith(f"{server.client.base}/api/v1/shared/trips/")
        assert (await server.client.with_key(None).get(link)).status == 200
        key = server.key
        await server.stop()
    async with serving(tmp_path, CARNET_HTTP__PUBLIC_URL="https://trips.example.org/") as server:
        again = (await server.client.with_key(key).post(f"{trip}/share-token")).json["url"]
        assert again == link.replace(link.partition("/api/")[0], "https://trips.example.org")


# The end


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_ends_it_with_success(tmp_path, how):
    async with serving(tmp_path) as server:
        trip = await new_trip(server)
        await server.client.post(f"{trip}/legs", SAMPLES["leg"])
        assert await server.stop(how) == 0
        assert [event["event"] for event in server.events()][-2:] == ["stopping", "stopped"]
    left = {path.name for path in database(tmp_path).parent.iterdir() if path.stat().st_size}
    assert left == {"carnet.db"}
    with closing(sqlite3.connect(database(tmp_path))) as opened:
        assert opened.execute("SELECT count(*) FROM legs").fetchone() == (1,)


async def test_a_running_request_is_finished(tmp_path):
    """A sync that is done by the worker while the request waits for it."""
    pins = [{**SAMPLES["mapPin"], "clientRef": f"pin-{n}"} for n in range(4000)]
    async with serving(tmp_path, **PLENTY) as server:
        trip = await new_trip(server)
        waiting = asyncio.create_task(server.client.post(f"{trip}/sync", {"mapPins": pins}))
        await until_there_is_a_job(tmp_path)
        stopping = asyncio.create_task(server.stop())
        answer = await waiting
        assert answer.status == 200
        assert answer.json["mapPins"]["created"] == 4000
        assert await stopping == 0
    with closing(sqlite3.connect(database(tmp_path))) as opened:
        assert opened.execute("SELECT count(*) FROM map_pins").fetchone() == (4000,)
        assert opened.execute("SELECT status FROM jobs").fetchall() == [("succeeded",)]
    assert not [path for path in database(tmp_path).parent.glob("*-wal") if path.stat().st_size]


async def test_event_streams_end_at_once_with_when_to_come_back(tmp_path):
    async with serving(tmp_path, **PLENTY) as server:
        trip = await new_trip(server)
        async with streaming(server.client, trip) as stream:
            assert (await stream.next()).name == "hello"
            stopping = asyncio.create_task(server.stop())
            assert await stream.rest() == []
            assert stream.retry == 1000
            assert await stopping == 0
        (line,) = [each for each in server.events("request") if each["route"].endswith("/events")]
        assert line["status"] == 200


async def until_there_is_a_job(folder):
    """Asks the database file, as anyone may while a server runs."""
    async with asyncio.timeout(SECONDS):
        while True:
            with closing(sqlite3.connect(database(folder))) as opened:
                if opened.execute("SELECT 1 FROM jobs").fetchone():
                    return
            await asyncio.sleep(0)


async def test_a_stopping_server_takes_no_new_connection(tmp_path):
    async with serving(tmp_path) as server:
        assert await server.stop() == 0
        with pytest.raises(OSError, match="Connect call failed"):
            await server.client.get("/me")


async def test_what_was_acknowledged_survives_a_kill(tmp_path):
    async with serving(tmp_path, **PLENTY) as server:
        key = server.key
        trip = await new_trip(server)
        for n in range(20):
            made = await server.client.post(f"{trip}/legs", {**SAMPLES["leg"], "order": n})
            assert made.status == 201
        assert await server.stop(signal.SIGKILL) == -signal.SIGKILL
    async with serving(tmp_path) as server:
        legs = (await server.client.with_key(key).get(f"{trip}/legs")).json["items"]
        assert [leg["order"] for leg in legs] == list(range(20))


# Other databases


async def test_it_serves_from_every_kind_of_database(tmp_path, storage_url):
    variables = {"CARNET_STORAGE__URL": storage_url}
    key = run(tmp_path, "init", "--json", **variables).json["apiKey"]
    assert run(tmp_path, "init", **variables).code == 2
    async with serving(tmp_path, **variables) as server:
        client = server.client.with_key(key)
        assert (await client.get("/me")).status == 200
        made = run(tmp_path, "key", "create", "--user", "owner@localhost", "--json", **variables)
        assert (await client.with_key(made.json["key"]).get("/me")).status == 200
        assert run(tmp_path, "key", "revoke", made.json["_id"], **variables).code == 0
        assert (await client.with_key(made.json["key"]).get("/me")).status == 401
        assert await server.stop() == 0


async def test_a_postgres_that_is_not_there_is_one_line_without_the_password(tmp_path):
    url = "postgresql://carnet:hush-hush@127.0.0.1:1/carnet"
    line, code = await refused(tmp_path, CARNET_STORAGE__URL=url)
    assert code == 1
    assert "storage.url" in line
    assert "hush-hush" not in line


# What keeps it from starting


async def test_a_locked_database_is_one_line_that_names_it(tmp_path):
    run(tmp_path, "init")
    with closing(sqlite3.connect(database(tmp_path), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        line, code = await refused(tmp_path)
    assert code == 1
    assert "data/carnet.db" in line


async def test_a_database_of_a_newer_program_is_one_line(tmp_path):
    run(tmp_path, "init")
    with closing(sqlite3.connect(database(tmp_path))) as opened, opened:
        opened.execute(
            "INSERT INTO schema_migrations (version, name, checksum, applied_at)"
            " VALUES (9999, '9999_future', 'x', '2030-01-01T00:00:00.000Z')"
        )
    line, code = await refused(tmp_path)
    assert code == 1
    assert "newer" in line


# Keys, while it runs


async def test_a_key_revoked_at_the_command_line_is_refused_at_once(tmp_path):
    async with serving(tmp_path, **PLENTY) as server:
        made = run(tmp_path, "key", "create", "--user", "owner@localhost", "--json").json
        client = server.client.with_key(made["key"])
        for _ in range(3):
            assert (await client.get("/me")).status == 200
        assert run(tmp_path, "key", "revoke", made["_id"]).code == 0
        refusal = await client.get("/me")
        assert (refusal.status, refusal.code) == (401, "UNAUTHORIZED")
        assert (await server.client.get("/me")).status == 200


async def test_a_user_added_at_the_command_line_is_there_at_once(tmp_path):
    async with serving(tmp_path) as server:
        group = (await server.client.get("/me")).json["defaultGroupId"]
        options = ("--name", "Ben", "--group", group, "--role", "viewer", "--json")
        added = run(tmp_path, "user", "add", "ben@example.org", *options).json
        trip = await new_trip(server)
        members = (await server.client.get(f"{trip}/members")).json["items"]
        assert {m["userId"]: m["role"] for m in members}[added["_id"]] == "viewer"
        made = run(
            tmp_path,
            "key",
            "create",
            "--user",
            "ben@example.org",
            "--rate-limit",
            "2",
            "--scope",
            "trips:read",
            "--json",
        ).json
        ben = server.client.with_key(made["key"])
        assert (await ben.get(trip)).headers["X-RateLimit-Limit"] == "2"
        assert (await ben.patch(trip, {"title": "Mine"})).status == 403
        assert (await ben.get(trip)).status == 429


async def test_init_is_refused_while_it_runs(tmp_path):
    async with serving(tmp_path) as server:
        assert run(tmp_path, "init").code == 2
        assert (await server.client.get("/me")).status == 200
