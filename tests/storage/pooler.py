"""A pgbouncer in front of a Postgres: Debian's, or the one that `TEST_PGBOUNCER` names."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.servers import free_port
from tests.waiting import PATIENCE

PROGRAM = os.environ.get("TEST_PGBOUNCER", "/usr/sbin/pgbouncer")

SESSIONS = 3
"""Sessions of the server: fewer than a store has connections, so that these take turns."""


@contextlib.contextmanager
def pgbouncer(url: str, **settings: str) -> Iterator[str]:
    """The URL of the same database by way of a running pgbouncer with these settings."""
    server = urlsplit(url)
    port = free_port()
    home = Path(tempfile.mkdtemp(prefix="carnet-pgbouncer-"))
    home.chmod(0o755)
    given = {
        "listen_addr": "127.0.0.1",
        "listen_port": str(port),
        "unix_socket_dir": "",
        "auth_type": "any",
        "default_pool_size": str(SESSIONS),
        **settings,
    }
    (home / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={server.hostname} port={server.port} user={server.username}\n"
        "[pgbouncer]\n" + "".join(f"{name} = {text}\n" for name, text in given.items())
    )
    # It will not run as root.
    account = {"user": "nobody"} if os.geteuid() == 0 else {}
    process = subprocess.Popen(
        [PROGRAM, "-q", home / "pgbouncer.ini"],
        cwd=home,
        stderr=subprocess.DEVNULL,
        **account,  # type: ignore[call-overload]
    )
    try:
        _await_port(process, port)
        yield server._replace(netloc=f"{server.username}@127.0.0.1:{port}").geturl()
    finally:
        process.kill()
        process.wait(PATIENCE)
        shutil.rmtree(home)


def _await_port(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.01)
    raise AssertionError("pgbouncer did not start")
