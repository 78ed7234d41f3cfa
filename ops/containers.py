"""Tries the set-up of `compose.yaml` in the Docker of this machine: `make containers`.

It builds the image, starts everything under a project name of its own with no port published, runs
the demo through the proxy, makes servers and workers anew under load, restores a backup of it all,
and looks whether a secret can be seen from outside. All but the image is removed at the end.
"""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import airportsdata

OPS: Final = Path(__file__).parent
ROOT: Final = OPS.parent
PROJECT: Final = "carnet-trial"
EMAIL: Final = "owner@example.org"

USE: Final = """
import collections, json, sys, threading, urllib.error, urllib.request

KEY, ENDED, SEEN = sys.argv[1], threading.Event(), collections.Counter()

def ask(method, path, body=None):
    request = urllib.request.Request(
        f"http://proxy/api/v1{path}", json.dumps(body).encode() if body else None,
        {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)

def use():
    count = 0
    while not ENDED.is_set():
        count += 1
        try:
            if count % 4:
                ask("GET", trip)
            else:
                ask("PATCH", trip, {"title": f"Trip {count}"})
            SEEN["answered"] += 1
        except (OSError, ValueError) as error:
            SEEN[repr(error)] += 1

group = ask("GET", "/me")["groups"][0]["_id"]
days = {"startDate": "2027-07-01", "endDate": "2027-07-09"}
trip = "/trips/" + ask("POST", "/trips", {"groupId": group, "title": "Trip", **days})["_id"]
print("ready", flush=True)
threads = [threading.Thread(target=use) for _ in range(4)]
for thread in threads: thread.start()
sys.stdin.read()
ENDED.set()
for thread in threads: thread.join()
print(json.dumps(SEEN))
"""
"""Uses the server from within, until stdin ends; prints how its requests were answered."""


class Trial:
    """The set-up, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.password = secrets.token_hex(16)

    def prepare(self) -> None:
        """Writes what the head of `compose.yaml` says, and what the demo is made of."""
        text = (OPS / "compose.yaml").read_text(encoding="utf-8")
        ports = [line for line in text.splitlines() if line.strip().startswith("ports: ")]
        assert len(ports) == 1
        (self._folder / "compose.yaml").write_text(text.replace(ports[0], ""), encoding="utf-8")
        shutil.copy(OPS / "Caddyfile", self._folder)
        (self._folder / "secrets").mkdir()
        url = f"postgresql://carnet:{self.password}@postgres/carnet"
        for name, secret in (("postgres_password", self.password), ("storage_url", url)):
            file = self._folder / "secrets" / name
            file.write_text(f"{secret}\n", encoding="utf-8")
            file.chmod(0o444)
        for part in ("examples", "operations/sample"):
            shutil.copytree(ROOT / part, self._folder / "demo" / part)
        airports = Path(airportsdata.__file__).parent
        shutil.copytree(airports, self._folder / "demo" / "airportsdata")

    def command(self, *arguments: str) -> list[str]:
        """How Docker Compose is told something of the set-up."""
        file = str(self._folder / "compose.yaml")
        return ["docker", "compose", "--file", file, "--project-name", PROJECT, *arguments]

    def tell(self, *arguments: str) -> str:
        """Tells Compose something, which must end well; what it prints."""
        done = subprocess.run(self.command(*arguments), check=True, stdout=subprocess.PIPE)
        return done.stdout.decode()

    def carnet(self, *arguments: str) -> dict[str, str]:
        """What a command of Carnet prints as JSON; it sees the folder as `/trial`, and is us."""
        us = f"{os.getuid()}:{os.getgid()}"
        mount = ("--volume", f"{self._folder}:/trial", "--user", us)
        printed = self.tell("run", "--rm", "-T", *mount, "migrate", *arguments, "--json")
        told: dict[str, str] = json.loads(printed)
        return told

    def demonstrate(self, key: str) -> None:
        """Runs the demo through the proxy, in a container beside it."""
        mount = ("--volume", f"{self._folder / 'demo'}:/demo:ro", "--workdir", "/demo")
        python = ("run", "--rm", "-T", "--no-deps", *mount, "--entrypoint", "python", "migrate")
        demo = ("-m", "examples.demo", "--url", "http://proxy", "--key", key)
        print(self.tell(*python, *demo), end="")

    def bring_back(self) -> None:
        """Makes a backup, empties the database, and restores it, as docs/production.md says."""
        self.carnet("backup", "/trial/carnet.backup")
        self.tell("stop", "server-1", "server-2", "worker")
        for command in ("dropdb", "createdb"):
            self.tell("exec", "-T", "postgres", command, "-U", "carnet", "carnet")
        self.carnet("restore", "/trial/carnet.backup")
        self.tell("up", "--detach", "--wait", "--no-build")
        self.carnet("check")

    @contextlib.contextmanager
    def in_use(self, key: str) -> Iterator[None]:
        """Uses the server inside the block; at its end every request must have been answered."""
        code = ["--entrypoint", "python", "migrate", "-c", USE, key]
        with subprocess.Popen(
            self.command("run", "--rm", "-T", "--no-deps", *code),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as using:
            assert using.stdout is not None
            require(using.stdout.readline() == "ready\n", "the trip was not made")
            yield
            seen: dict[str, int] = json.loads(using.communicate("")[0])
        require(list(seen) == ["answered"], f"requests were not answered: {seen}")
        print(f"{seen['answered']} requests, all answered")

    def require_no_secret(self, key: str) -> None:
        """Looks at all that Docker tells of the containers, and at what they have printed."""
        ids = self.tell("ps", "--all", "--quiet").split()
        require(self.password not in docker("inspect", *ids), "docker inspect shows the password")
        logs = self.tell("logs")
        for secret in (self.password, key, "setup?code="):
            require(secret not in logs, f"docker compose logs shows {secret}")

    def remove(self) -> None:
        """Removes all but the image; of the volumes that were in use none may stay."""
        ids = self.tell("ps", "--all", "--quiet").split()
        names = "{{range .Mounts}}{{.Name}} {{end}}"
        mounts = docker("inspect", "--format", names, *ids).split() if ids else []
        self.tell("down", "--volumes", "--timeout", "60")
        left = set(mounts).intersection(docker("volume", "ls", "--quiet").split())
        require(not left, f"volumes are left: {left}")


def docker(*arguments: str) -> str:
    """What Docker answers."""
    done = subprocess.run(["docker", *arguments], check=True, stdout=subprocess.PIPE)
    return done.stdout.decode()


def require(holds: bool, otherwise: str) -> None:
    """Ends the program with a line unless something holds."""
    if not holds:
        sys.exit(f"containers: {otherwise}")


def main() -> None:
    """Builds, starts, uses, replaces, looks, and removes; arguments are for the build."""
    build = ["docker", "build", "--file", str(OPS / "Dockerfile"), "--tag", "carnet"]
    subprocess.run([*build, *sys.argv[1:], str(ROOT)], check=True)
    with tempfile.TemporaryDirectory(prefix="carnet-containers-") as folder:
        trial = Trial(Path(folder))
        trial.prepare()
        try:
            trial.carnet("init", "--email", EMAIL)
            trial.tell("up", "--detach", "--wait", "--no-build")
            made = trial.carnet("key", "create", "--user", EMAIL, "--rate-limit", "1000000000")
            key = made["key"]
            trial.demonstrate(key)
            with trial.in_use(key):
                for service in ("server-1", "server-2", "worker"):
                    recreate = ("--no-deps", "--no-build", "--force-recreate", service)
                    trial.tell("up", "--detach", "--wait", *recreate)
            trial.bring_back()
            trial.demonstrate(key)
            trial.require_no_secret(key)
        finally:
            trial.remove()


if __name__ == "__main__":
    main()
