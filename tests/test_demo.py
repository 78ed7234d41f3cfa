"""The demo runs, its data is what it says, and its client keeps the promises of its docstring."""

import http.server
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from domain.resources import RESOURCES
from examples.client import ApiError, Client
from examples.local_server import LocalServer

ROOT = Path(__file__).parent.parent
JAPAN = msgspec.json.decode((ROOT / "operations" / "sample" / "japan.json").read_bytes())
ITEMS = sum(len(JAPAN.get(resource.snapshot, [])) for resource in RESOURCES)


def run_demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CARNET_")}
    return subprocess.run(
        [sys.executable, "-m", "examples.demo", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def assert_all_steps(output: str) -> None:
    steps = (
        f"synced japan.json: {ITEMS} created",
        f"synced it again: {ITEMS} unchanged",
        "synced all airports in one request: 7,884 created",
        "synced them again: 7,884 unchanged",
        "1,000 of 7,884 pins",
        "read what changed since the trip was made: 7,884 rows",
        "took the import back by one call: 7,884 deleted",
        "revision 3, Olga: 7,884 mapPins deleted (undoes revision 2)",
        "revision 2, Olga: 7,884 mapPins created",
        "without a key one sees none of the",
        "All as it should be.",
    )
    places = [output.find(step) for step in steps]
    assert -1 not in places, output
    assert places == sorted(places), output


def test_the_demo_runs_with_a_server_of_its_own():
    done = run_demo()
    assert done.returncode == 0, done.stderr
    assert_all_steps(done.stdout)
    assert "resident memory of the server: " in done.stdout


def test_the_demo_runs_against_a_server_that_answers_imports_with_jobs(tmp_path):
    server = LocalServer(tmp_path, IMPORTS__WAIT_SECONDS="0")
    server.set_up()
    # As many as a key may by default: the whole demo is well below it.
    key = server.create_key(requests_per_minute=60)
    server.start()
    try:
        done = run_demo("--url", server.url, "--key", key)
    finally:
        server.stop()
    assert done.returncode == 0, done.stderr
    assert_all_steps(done.stdout)


def test_the_demo_says_in_one_line_what_went_wrong(tmp_path):
    server = LocalServer(tmp_path)
    server.set_up()
    server.start()
    try:
        done = run_demo("--url", server.url, "--key", "osk_" + "x" * 43)
    finally:
        server.stop()
    assert done.returncode == 1
    assert done.stderr.startswith("FAILED: 401 UNAUTHORIZED")
    assert done.stderr.count("\n") == 1


def test_the_demo_wants_url_and_key_together():
    assert run_demo("--url", "http://127.0.0.1:1").returncode == 2


def test_the_japan_trip_is_as_large_as_it_says():
    assert len(JAPAN["legs"]) == 5
    assert len(JAPAN["mapPins"]) == 30
    assert all(JAPAN[name] for name in ("stays", "actionItems", "commitments"))


def test_every_item_of_the_japan_trip_has_a_client_ref_of_its_own():
    for resource in RESOURCES:
        refs = Counter(item["clientRef"] for item in JAPAN.get(resource.snapshot, []))
        assert set(refs.values()) <= {1}, resource.kind


@pytest.mark.parametrize(
    ("snapshot", "field", "target"),
    [
        ("stays", "legRef", "legs"),
        ("commitments", "legRef", "legs"),
        ("commitments", "mapPinRef", "mapPins"),
    ],
)
def test_the_refs_of_the_japan_trip_resolve(snapshot, field, target):
    known = {item["clientRef"] for item in JAPAN[target]}
    named = {item[field] for item in JAPAN[snapshot] if field in item}
    assert named
    assert named <= known


class Unreliable(http.server.BaseHTTPRequestHandler):
    """Answers one after another what it was told to; None cuts the connection."""

    script: ClassVar[list[tuple[int, dict[str, str], bytes] | None]] = []
    seen: ClassVar[list[tuple[str, str | None, bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, self.headers["Idempotency-Key"], body))
        step = self.script.pop(0)
        if step is None:
            self.close_connection = True
            return
        status, headers, answer = step
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(answer))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *arguments: object) -> None:
        """Keeps quiet."""


@pytest.fixture
def unreliable() -> Iterator[str]:
    Unreliable.script.clear()
    Unreliable.seen.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Unreliable) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_the_client_tries_again_with_the_same_idempotency_key(unreliable):
    Unreliable.script[:] = [None, (429, {"Retry-After": "1"}, b"{}"), (201, {}, b'{"_id":"a"}')]
    assert Client(unreliable, "osk_x").post("/trips", {"title": "A"}).json == {"_id": "a"}
    assert len(Unreliable.seen) == 3
    assert len(set(Unreliable.seen)) == 1
    assert Unreliable.seen[0][1]


def test_the_client_does_not_try_again_what_cannot_help(unreliable):
    refusal = {"error": {"code": "VALIDATION_ERROR", "message": "No", "requestId": "req_1"}}
    Unreliable.script[:] = [(400, {}, msgspec.json.encode(refusal))]
    with pytest.raises(ApiError, match=r"400 VALIDATION_ERROR: No \(req_1\)"):
        Client(unreliable, "osk_x").post("/trips", {})
    assert len(Unreliable.seen) == 1
