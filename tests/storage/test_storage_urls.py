"""What `storage.url` may be, and the one line for each way in which it is wrong."""

import asyncio
import contextlib
from urllib.parse import quote

import pytest

from carnet.cli import main
from storage import StorageUrlError, open_store
from storage.postgres_url import WRITABLE, Host, parse_url
from storage.store import DatabaseError
from tests import servers
from tests.faults.proxy import proxy
from tests.storage.home import soon

SECRET = "hunter2"

WRONG = {
    # What is wrong with the text itself.
    "postgresql://me:p@ss/w:hunter2@db/x": "percent-encoded",
    "postgresql://me:hunter2@ss@db/x": "percent-encoded",
    "postgresql://me:hunter2/w@db/x": "percent-encoded",
    "postgresql://me:hunter2#1@db/x": "percent-encoded",
    "postgresql://me:hunter2?1@db/x": "percent-encoded",
    "postgresql://me:hunter2[1@db:x/x": "percent-encoded",
    "postgresql://me:1?hunter2@db/x": "percent-encoded",
    "postgresql://db:port/x": "number from 1 to 65535",
    "postgresql://db:99999/x": "number from 1 to 65535",
    "postgresql://db:0/x": "number from 1 to 65535",
    "postgresql://me@::1/x": "brackets",
    "postgresql://me@[::1/x": "brackets",
    "postgresql://me@::1]/x": "brackets",
    "postgresql://me@/x?host=a&port=1,2": "as many as host has hosts",
    "postgresql://me@db/x?connect_timeout=soon": "connect_timeout",
    "postgresql://me@db/x?connect_timeout=0": "connect_timeout",
    "postgresql://me@db/x?target_session_attrs=standby": "target_session_attrs",
    "postgresql://me@db/x?target_session_attrs=nonsense": "target_session_attrs",
    "postgresql://me@db/x?keepalives=1": "keepalives is not supported",
    "postgresql://me@db/x?channel_binding=require": "channel_binding is not supported",
    "postgresql://me@db/x?sslpassword=hunter2": "sslpassword is not supported",
    "postgresql://me@db/x?sslmode": "name=value",
    "postgresql://me@db/x?sslmode=perhaps": "sslmode",
    "postgresql://me@db/x?sslmode=verify-full&sslrootcert=/no/ca.pem": "/no/ca.pem",
    "postgresql://me@db/x?sslmode=verify-full&sslrootcert=system": "name the file",
    "postgresql://me@db/x?passfile=/no/such/file": "/no/such/file",
    "sqlite:///~/x.db": "~",
    "sqlite:///~me/x.db": "~",
    "sqlite://[x/y": "sqlite",
    # What is wrong with what it leads to.
    "postgresql://me:hunter2@no-such-host.invalid/x": "cannot connect",
    "postgresql://me:hunter2@" + "a" * 64 + ".invalid/x": "cannot connect",
    "postgresql://me:hunter2@127.0.0.1:{closed}/x": "cannot connect",
    "postgresql://me:hunter2@127.0.0.1:{closed},127.0.0.1:{closed}/x": "cannot connect",
    "postgresql://me@/x?host=/no/such/folder": "cannot connect",
    "postgresql://nobody_there@127.0.0.1:{port}/postgres": "nobody_there",
    "postgresql://carnet@127.0.0.1:{port}/no_such_database": "no_such_database",
    "postgresql://carnet@127.0.0.1:{port}/postgres?sslmode=require": "SSL",
    "postgresql://carnet@127.0.0.1:{port}/postgres?no_such_setting=1": "no_such_setting",
}


@pytest.fixture
def port(postgres_url: str) -> str:
    return postgres_url.rpartition(":")[2].partition("/")[0]


@pytest.mark.parametrize(("url", "told"), WRONG.items(), ids=range(len(WRONG)))
def test_what_is_wrong_is_told_in_one_line_without_the_password(
    tmp_path, monkeypatch, capsys, port, url, told
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(
        "CARNET_STORAGE__URL",
        url.replace("{port}", port).replace("{closed}", str(servers.free_port())),
    )
    with pytest.raises(SystemExit) as ended:
        main(["migrate"])
    line = capsys.readouterr().err
    assert ended.value.code in (1, 2)
    assert line.startswith("carnet: ")
    assert line.count("\n") == 1
    assert "storage.url" in line
    assert told in line
    assert SECRET not in line
    assert list(tmp_path.iterdir()) == [], "nothing was made"


async def serves(url: str) -> bool:
    store = await soon(open_store(url))
    try:
        return bool(await store.read(lambda tx: tx.fetchval("SELECT true")))
    finally:
        await store.close()


@pytest.mark.parametrize(
    "query",
    [
        "connect_timeout=3",
        "target_session_attrs=read-write",
        "target_session_attrs=primary",
        "target_session_attrs=any",
        "sslmode=disable",
        "sslmode=prefer&connect_timeout=10&application_name=trips",
        "options=-c%20geqo%3Doff",
    ],
)
async def test_a_parameter_means_what_libpq_says(database, query):
    assert await serves(f"{database}?{query}")


async def test_the_application_name_may_be_another(database):
    store = await open_store(f"{database}?application_name=trips%20here")
    shown = await store.read(lambda tx: tx.fetchval("SHOW application_name"))
    await store.close()
    assert shown == "trips here"


async def test_of_several_hosts_the_first_that_lets_us_in_is_taken(database, port):
    name = database.rpartition("/")[2]
    for hosts in (
        f"127.0.0.1:{servers.free_port()},127.0.0.1:{port}",
        f"no-such-host.invalid:{port},127.0.0.1:{port}",
    ):
        assert await serves(f"postgresql://carnet@{hosts}/{name}?target_session_attrs=read-write")
    closed = servers.free_port()
    in_query = f"host=127.0.0.1,127.0.0.1&port={closed},{port}"
    assert await serves(f"postgresql://carnet@/{name}?{in_query}")


async def test_a_host_that_says_nothing_takes_no_time_from_the_next(database, port):
    async with proxy(int(port)) as silent:
        silent.stall()
        hosts = f"127.0.0.1:{silent.port},127.0.0.1:{port}"
        name = database.rpartition("/")[2]
        assert await serves(f"postgresql://carnet@{hosts}/{name}?connect_timeout=1")


async def test_a_host_that_says_nothing_is_told(port):
    async with proxy(int(port)) as silent:
        silent.stall()
        url = f"postgresql://carnet@127.0.0.1:{silent.port}/postgres?connect_timeout=1"
        with pytest.raises(DatabaseError, match="does not answer within 1 s"):
            await soon(open_store(url))


async def test_one_that_is_read_only_is_none_for_read_write(database):
    name = database.rpartition("/")[2]
    await servers.run_sql(database, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with pytest.raises(DatabaseError, match="read_write"):
        await soon(open_store(f"{database}?target_session_attrs=read-write"))


async def test_something_else_that_listens_there_is_told():
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.read(8)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(DatabaseError, match="cannot connect"):
        await soon(open_store(f"postgresql://carnet@127.0.0.1:{port}/x"))
    server.close()


async def test_a_password_of_any_characters_can_be_given(database):
    password = "p@ss/w:rd?#[%]& é"
    role = "carnet_" + database.rpartition("_")[2]
    await servers.run_sql(database, f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
    try:
        url = database.replace("//carnet@", f"//{role}:{quote(password, safe='')}@")
        assert await serves(url)
    finally:
        await servers.run_sql(database, f"DROP ROLE {role}")


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgres://me@db/x", (Host("db", None),)),
        ("postgresql://me@[::1]:5433,db:1/x", (Host("::1", 5433), Host("db", 1))),
        ("postgresql://me@%2Frun%2Fpostgresql/x", (Host("/run/postgresql", None),)),
        ("postgresql://me@/x?host=/run/a,b&port=7", (Host("/run/a", 7), Host("b", 7))),
        ("postgresql:///x?user=me@example.org", (Host(None, None),)),
        ("postgresql://me@/x?port=7", (Host(None, 7),)),
    ],
)
def test_hosts_are_read_as_libpq_reads_them(url, hosts):
    assert parse_url(url, WRITABLE, "any").hosts == hosts


def test_without_a_user_there_must_be_one_of_the_system(monkeypatch):
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 10001")

    monkeypatch.delenv("PGUSER", raising=False)
    assert parse_url("postgresql://db/x", WRITABLE, "any").hosts == (Host("db", None),)
    monkeypatch.setattr("getpass.getuser", nameless)
    with pytest.raises(StorageUrlError, match="names no user"):
        parse_url("postgresql://db/x", WRITABLE, "any")
    assert parse_url("postgresql://me@db/x", WRITABLE, "any").hosts == (Host("db", None),)
