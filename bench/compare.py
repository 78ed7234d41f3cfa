"""What a change came to: `python -m bench.compare REV [--postgres]`, no part of `make bench`.

The server of a revision (before) and that of the working tree (after) run side by side, with the
same interpreter, packages and settings, each on a database of its own. Rounds take turns: of each
kind of request one before and one after, every other time the other way round. Told is what a
request costs the server in processor time, and the ratio of the two in a round: when others use
the machine meanwhile, both rounds of a pair get their part of it.
"""

import argparse
import asyncio
import contextlib
import functools
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import uvloop

from bench import overhead, production
from bench.figures import machine, spread
from bench.overhead import LOAD_CORE, SERVERS_CORE, Contender
from bench.servers import Carnet, Make, Server, carnet, on_core
from bench.services import server, services, set_up

ROOT = Path(__file__).parent.parent

Side = dict[str, Contender]
"""One of the two servers under each kind of request."""


@contextlib.contextmanager
def revision(rev: str, folder: Path) -> Iterator[Path]:
    """The files of a revision, in a git worktree for the time being."""
    tree = folder / "tree"
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(tree), rev], check=True)
    try:
        yield tree
    finally:
        subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def from_tree(tree: Path) -> Make:
    """Makes servers of the code in a tree: it is found before what is installed."""
    return functools.partial(Server, environment={"PYTHONPATH": str(tree)})


async def on_sqlite(
    trees: Sequence[Path], folder: Path, rounds: int, seconds: float
) -> Iterator[str]:
    """Compares servers on SQLite, on a core of their own."""
    sides: list[Side] = []
    async with contextlib.AsyncExitStack() as stack:
        for number, tree in enumerate(trees):
            started = carnet(folder / str(number), core=SERVERS_CORE, make=from_tree(tree))
            ours = await stack.enter_async_context(started)
            kinds = await overhead.kinds_of(ours, folder)
            sides.append({kind.name: _of(ours, kind.requests, kind.expect) for kind in kinds})
        with on_core(LOAD_CORE):
            return await _rows(sides, rounds, seconds)


async def on_postgres(
    trees: Sequence[Path], folder: Path, rounds: int, seconds: float
) -> Iterator[str]:
    """Compares servers each with a Postgres and a Valkey, all on all cores."""
    sides: list[Side] = []
    async with contextlib.AsyncExitStack() as stack:
        for number, tree in enumerate(trees):
            own, make = folder / f"postgres-{number}", from_tree(tree)
            own.mkdir()
            there = await stack.enter_async_context(services())
            key = await asyncio.to_thread(set_up, own, there, make)
            started = server(own / "server", there, key, make=make)
            ours = await stack.enter_async_context(started)
            kinds = (await production.kinds_of(ours)).items()
            sides.append({f"{name} on Postgres": _of(ours, *kind) for name, kind in kinds})
        return await _rows(sides, rounds, seconds)


def _of(ours: Carnet, requests: Iterator[bytes], expect: int) -> Contender:
    return Contender(ours.port, ours.server.pids, requests, expect)


async def _rows(sides: Sequence[Side], rounds: int, seconds: float) -> Iterator[str]:
    """The rounds, and the lines they come to."""
    before, after = sides
    pairs = [(before[name], after[name]) for name in before]
    for pair in pairs:
        for each in pair:
            await each.warm_up(seconds)
    for number in range(rounds):
        for pair in pairs:
            for each in pair if number % 2 else reversed(pair):
                await each.round(seconds)
    return map(_row, before, pairs)


def _row(name: str, pair: tuple[Contender, Contender]) -> str:
    old, new = (each.microseconds for each in pair)
    ratios = spread([b / a for a, b in zip(old, new, strict=True)])
    rates = " / ".join(f"{statistics.median(each.rates):,.0f}" for each in pair)
    return f"| {name} | {spread(old, '.0f')} | {spread(new, '.0f')} | {ratios} | {rates} |"


async def compare(rev: str, *, postgres: bool, rounds: int, seconds: float) -> None:
    """Prints a table."""
    print(machine(), end="\n\n", flush=True)
    print(
        "| CPU of the server a request, µs | before | after | after / before | requests a second |"
    )
    print("|---|---|---|---|---|", flush=True)
    temporary = ROOT / "bench" / "tmp"
    temporary.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=temporary) as name:
        folder = Path(name)
        with revision(rev, folder) as tree:
            for kind in (on_sqlite, on_postgres) if postgres else (on_sqlite,):
                print(*await kind((tree, ROOT), folder, rounds, seconds), sep="\n", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Compares what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__)
    parser.add_argument("rev", help="the revision before, in any way git knows")
    parser.add_argument("--postgres", action="store_true", help="on Postgres and Valkey too")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a round")
    options = parser.parse_args(arguments)
    uvloop.run(
        compare(
            options.rev,
            postgres=options.postgres,
            rounds=options.rounds,
            seconds=options.seconds,
        )
    )


if __name__ == "__main__":
    main()
