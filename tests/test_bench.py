"""The benchmarks run. What they measure is no business of a test."""

import asyncio
import struct
from pathlib import Path

import pytest
import uvloop

from bench.__main__ import PIECES, run
from bench.compare import from_tree
from bench.figures import Figure, Scale, at_least, at_most, report, table
from bench.load import Caller
from bench.roundtrips import Frontend
from bench.shares import Controller, controller
from bench.trace import length, walk
from tests.waiting import until

SMOKE = Scale(
    name="smoke",
    rounds=1,
    round_seconds=0.1,
    large_trip=400,
    repetitions=2,
    imports=2,
    import_items=300,
    queued=3,
    latency_seconds=0.2,
    starts=1,
)


@pytest.mark.parametrize("piece", PIECES)
def test_every_piece_gives_figures(piece):
    figures = uvloop.run(run([piece], SMOKE))
    assert figures
    assert all(figure.claim and figure.figure for figure in figures)


async def test_the_road_of_a_request_is_told_in_all_threads(tmp_path):
    steps = await walk(tmp_path)
    assert steps[0].depth == 0
    assert {"server", "domain", "storage"} <= {step.package for step in steps}
    assert "SQLiteTx._run" in {step.name for step in steps}, "which a thread of its own calls"
    begun = [step for step in steps if not step.resumed]
    assert 0 < len(begun) < len(steps), "coroutines that wait go on"
    assert length(steps).startswith(f"{len(steps)} calls, ")


def test_a_server_of_another_revision_is_of_the_code_in_its_tree(tmp_path):
    tree, folder = tmp_path / "tree", tmp_path / "folder"
    for made in (tree / "carnet", folder):
        made.mkdir(parents=True)
    (tree / "carnet" / "__init__.py").touch()
    (tree / "carnet" / "__main__.py").write_text("print('[\"before\"]')")
    assert from_tree(tree)(folder).carnet("version") == ["before"]


async def test_a_caller_comes_back_to_a_server_that_has_closed_its_connection():
    async def answer_once(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer_once, "127.0.0.1", 0) as server:
        caller = await Caller.open(server.sockets[0].getsockname()[1])
        for _ in range(2):
            await caller.send(b"GET / HTTP/1.1\r\n\r\n", expect=204)
            await until(lambda: caller._connection.transport.is_closing())


def test_the_report_has_a_row_for_each_figure():
    figures = [at_most("a", 1.2, 1.3, "1.20"), at_least("b", 0.1, 0.25, "0.10"), Figure("c", "7")]
    assert [figure.verdict for figure in figures] == ["ok", "MISS", ""]
    rows = table(figures).splitlines()
    assert len(rows) == 2 + len(figures)
    assert len({len(row) for row in rows}) == 1
    assert table(figures) in report(figures, SMOKE)


def message(kind: bytes, payload: bytes = b"") -> bytes:
    return kind + struct.pack(">I", 4 + len(payload)) + payload


TLS_REQUEST = struct.pack(">II", 8, 80877103)
STARTUP = message(b"", struct.pack(">I", 196608) + b"user\0carnet\0\0")
EXECUTION = message(b"B", b"SQS\0") + message(b"E", b"Q" * 9) + message(b"S")


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("start", [STARTUP, TLS_REQUEST + STARTUP])
def test_round_trips_are_counted_by_message(start, size):
    client = Frontend()
    said = start + message(b"p", b"secret\0") + message(b"Q", b"BEGIN\0") + 2 * EXECUTION
    for at in range(0, len(said), size):
        client.feed(said[at : at + size])
    assert client.round_trips == 3
    client.feed(message(b"S")[:-1])
    assert client.round_trips == 3


def test_a_share_is_a_part_of_a_short_period():
    assert Controller(Path(), 1).quota(0.25) == {
        "cpu.cfs_period_us": "20000",
        "cpu.cfs_quota_us": "5000",
    }
    assert Controller(Path(), 2).quota(0.25) == {"cpu.max": "5000 20000"}


def test_a_process_goes_back_to_the_group_it_came_from(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    memberships = "3:cpuset:/\n2:cpu,cpuacct:/a\n0::/a/b\n"
    assert Controller(tmp_path, 1).group_of(memberships) == tmp_path / "a"
    assert Controller(tmp_path, 2).group_of(memberships) == tmp_path / "a" / "b"
    assert Controller(tmp_path, 2).group_of("0::/outside\n") == tmp_path


def test_a_folder_that_is_no_control_group_is_left_as_it_was(tmp_path):
    (tmp_path / "cpu").mkdir()
    assert controller(tmp_path) is None
    assert list(tmp_path.rglob("*")) == [tmp_path / "cpu"]
