"""A pgbouncer in front of a Postgres: the machine's own, or that of Debian 13.

It knows prepared statements from 1.21 on.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.servers import free_port
from tests.waiting import PATIENCE

DEBIAN_13 = Path(sys.prefix) / "debian-13"
"""Where `make programs` unpacks its pgbouncer, with the libraries that it was made for."""

SESSIONS = 3
"""Sessions of the server: fewer than a store has connections, so that these take turns."""


def installed() -> list[str]:
    """How the machine's own is started; Debian 12's is 1.18."""
    return ["/usr/sbin/pgbouncer"]


def newer() -> list[str]:
    """How Debian 13's is started, 1.24, whatever the machine's own libraries are."""
    (loader,) = DEBIAN_13.glob("usr/lib/*/ld-linux*.so.*")
    program = DEBIAN_13 / "usr" / "sbin" / "pgbouncer"
    return [str(loader), "--library-path", str(loader.parent), str(program)]


class Pooler:
    """A pgbouncer that may be killed and started again."""

    def __init__(self, program: list[str], url: str, **settings: str) -> None:
        server = urlsplit(url)
        self._port = free_port()
        self._home = Path(tempfile.mkdtemp(prefix="carnet-pgbouncer-"))
        self._command = [*program, "-q", str(self._home / "pgbouncer.ini")]
        self._process: subprocess.Popen[bytes] | None = None
        self.url = server._replace(netloc=f"{server.username}@127.0.0.1:{self._port}").geturl()
        given = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(self._port),
            "unix_socket_dir": "",
            "auth_type": "any",
            "default_pool_size": str(SESSIONS),
            # It will not run as root.
            **({"user": "nobody"} if os.geteuid() == 0 else {}),
            **settings,
        }
        (self._home / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={server.hostname} port={server.port} user={server.username}\n"
            "[pgbouncer]\n" + "".join(f"{name} = {text}\n" for name, text in given.items())
        )

    def start(self) -> None:
        """Starts it, and waits until it listens."""
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self._port)).close()
                return
            time.sleep(0.01)
        raise AssertionError("pgbouncer did not start")

    def kill(self) -> None:
        """Ends it at once, and with it every connection through it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)

    def remove(self) -> None:
        """Ends it for good."""
        self.kill()
        shutil.rmtree(self._home)


@contextlib.contextmanager
def pgbouncer(program: list[str], url: str, **settings: str) -> Iterator[Pooler]:
    """One that runs, with these settings; its URL leads to the database of the other."""
    pooler = Pooler(program, url, **settings)
    try:
        pooler.start()
        yield pooler
    finally:
        pooler.remove()
