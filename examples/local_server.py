"""A Carnet server of one's own, for as long as it is needed: `carnet serve` in a folder."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

STOP_SECONDS = 30
EMAIL = "owner@example.org"


class LocalServer:
    """A server process on a free port, its database and log in `folder`.

    `settings` are environment variables without their prefix: `LIMITS__REQUESTS_PER_MINUTE`.
    A server that was stopped or killed can be started again, on the same database.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.database = folder / "carnet.db"
        self.log = folder / "server.log"
        self.url = ""
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("CARNET_")}
        ours = {
            "STORAGE__URL": f"sqlite:///{self.database}",
            "HTTP__PORT": "0",
            "LOG__FORMAT": "json",
        }
        self._environment = inherited | {f"CARNET_{k}": v for k, v in (ours | settings).items()}

    @property
    def pid(self) -> int:
        """The process of the running server."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def carnet(self, *arguments: str) -> Any:
        """Runs a `carnet` command on the server's database; what it prints as JSON."""
        done = subprocess.run(
            [*self._command(*arguments), "--json"],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"carnet {' '.join(arguments)}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def set_up(self) -> None:
        """Makes the database, and the user `EMAIL` with a group."""
        self.carnet("init", "--email", EMAIL, "--name", "Olga", "--group", "Family")

    def create_key(self, *, requests_per_minute: int) -> str:
        """A new key of the first user."""
        limit = str(requests_per_minute)
        key: str = self.carnet("key", "create", "--user", EMAIL, "--rate-limit", limit)["key"]
        return key

    def start(self) -> None:
        """Starts the server, and returns once it listens."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command("serve"),
                cwd=self._folder,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            _, found, url = line.partition("Carnet listens on ")
            if found:
                self.url = url.strip()
                return
        self.kill()
        last_words = self.log.read_text(encoding="utf-8")[-2000:]
        raise RuntimeError(f"the server did not start:\n{last_words}")

    def stop(self) -> None:
        """Lets the server end in good order."""
        self._end(subprocess.Popen.terminate)

    def kill(self) -> None:
        """Ends the server where it stands (SIGKILL)."""
        self._end(subprocess.Popen.kill)

    def _end(self, signal: Any) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with process:  # closes the pipe, and waits
            signal(process)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def pids(self) -> list[int]:
        """The server's process, then those it started; only the first where there is no /proc."""
        return _with_children(self.pid)

    def resident_bytes(self) -> int | None:
        """The memory the processes hold; None where the system does not tell (no /proc)."""
        try:
            return sum(_resident_bytes(pid) for pid in self.pids())
        except OSError:
            return None

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "carnet", *arguments]


def _with_children(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        children = []
    return [pid, *(each for child in children for each in _with_children(int(child)))]


def _resident_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    lines = dict(line.split(":", 1) for line in status.splitlines())
    return int(lines["VmRSS"].split()[0]) * 1024
