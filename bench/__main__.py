"""`python -m bench [--quick] [--only PIECE]`: measures, prints a table, writes `results.md`."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import uvloop

from bench import (
    assistants,
    calendars,
    changes,
    commits,
    events,
    formats,
    growth,
    history,
    imports,
    imports_cli,
    instructions,
    maps,
    metrics,
    million,
    overhead,
    overload,
    peers,
    production,
    share_page,
    startup,
    waiting,
)
from bench.figures import FULL, QUICK, Figure, Scale, machine, report, table

HERE = Path(__file__).parent

Piece = Callable[[Path, Scale], Awaitable[list[Figure]]]

PIECES: dict[str, Piece] = {
    "overhead": overhead.measure,
    "instructions": instructions.measure,
    "commits": commits.measure,
    "growth": growth.measure,
    "changes": changes.measure,
    "history": history.measure,
    "calendar": calendars.measure,
    "share_page": share_page.measure,
    "imports": imports.measure,
    "imports_cli": imports_cli.measure,
    "million": million.measure,
    "waiting": waiting.measure,
    "overload": overload.measure,
    "events": events.measure,
    "formats": formats.measure,
    "maps": maps.measure,
    "mcp": assistants.measure,
    "metrics": metrics.measure,
    "startup": startup.measure,
    "production": production.measure,
    "pocketbase": peers.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what was asked for; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", default=bool(os.environ.get("QUICK")))
    parser.add_argument("--only", choices=PIECES, action="append", help="may come several times")
    parser.add_argument("--results", type=Path, help="a file; a whole run has bench/results.md")
    options = parser.parse_args(arguments)
    scale = QUICK if options.quick else FULL
    started = time.perf_counter()
    figures = uvloop.run(run(options.only or list(PIECES), scale))
    print(f"{machine()}\n\n{table(figures)}\n\n{time.perf_counter() - started:.0f} s")
    whole = not options.only and not options.quick
    results = options.results or (HERE / "results.md" if whole else None)
    if results is not None:
        results.write_text(report(figures, scale), encoding="utf-8")
    return 1 if any(figure.met is False for figure in figures) else 0


async def run(names: Sequence[str], scale: Scale) -> list[Figure]:
    """The figures of these pieces; working files are on the disk that `bench` is on."""
    (HERE / "tmp").mkdir(exist_ok=True)
    figures = []
    for name in names:
        started = time.perf_counter()
        with tempfile.TemporaryDirectory(dir=HERE / "tmp") as folder:
            figures += await PIECES[name](Path(folder), scale)
        print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(main())
