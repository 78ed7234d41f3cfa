"""Figures: what was measured, what was hoped for, and the table of both."""

import dataclasses
import datetime
import os
import platform
import sqlite3
import statistics
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Scale:
    """How much is measured."""

    name: str
    rounds: int
    """Of the comparison with bare aiohttp."""
    round_seconds: float
    large_trip: int
    """Items of the trip that is large."""
    repetitions: int
    """Of a request whose median is taken."""
    imports: int
    """Of `import_items` each."""
    import_items: int
    queued: int
    """Small imports through the queue, one after another."""
    latency_seconds: float
    """Of requests while nothing else happens, and of requests while imports run."""
    starts: int
    sync_sizes: tuple[int, ...] = (300,)
    """Items of syncs; those of `import_items` have goals."""
    database_sizes: tuple[int, ...] = (1_000,)
    """Items of the databases that are large."""
    overload_seconds: float = 0.2
    watchers: int = 20
    """Streams of one trip."""


FULL = Scale(
    "full",
    5,
    1.0,
    100_000,
    250,
    7,
    10_000,
    100,
    14.0,
    7,
    (1_000, 10_000, 50_000),
    (100_000, 1_000_000),
    3.0,
    1_000,
)
QUICK = Scale(
    "quick", 2, 0.2, 20_000, 20, 2, 10_000, 15, 0.8, 2, (1_000, 10_000), (20_000,), 0.5, 200
)


@dataclasses.dataclass(frozen=True)
class Figure:
    """One line of the table."""

    claim: str
    figure: str
    goal: str = ""
    met: bool | None = None
    """None where there is no goal."""

    @property
    def verdict(self) -> str:
        """Whether the goal is met."""
        return {True: "ok", False: "MISS", None: ""}[self.met]


def spread(values: Sequence[float], form: str = ".2f", unit: str = "") -> str:
    """The median, and the smallest and largest: `0.31 (0.29 to 0.33)`."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}}{unit} ({low:{form}} to {high:{form}})"


def quartiles(seconds: Sequence[float]) -> str:
    """The median in milliseconds, and the quartiles around it."""
    low, middle, high = statistics.quantiles(seconds, n=4)
    return f"{middle * 1000:.2f} ms ({low * 1000:.2f} to {high * 1000:.2f})"


def at_most(claim: str, value: float, limit: float, figure: str) -> Figure:
    """A figure whose goal is a limit above."""
    return Figure(claim, figure, f"≤ {limit}", value <= limit)


def at_least(claim: str, value: float, limit: float, figure: str) -> Figure:
    """A figure whose goal is a limit below."""
    return Figure(claim, figure, f"≥ {limit}", value >= limit)


def ratio(
    goal: Callable[[str, float, float, str], Figure],
    claim: str,
    above: Sequence[float],
    below: Sequence[float],
    limit: float,
) -> Figure:
    """The medians of two things measured in turns, in seconds, one by the other."""
    middle = statistics.median(above) / statistics.median(below)
    ratios = spread([a / b for a, b in zip(above, below, strict=True)])
    told = f"{middle:.2f}; by round {ratios}; {quartiles(above)} / {quartiles(below)}"
    return goal(claim, middle, limit, told)


def machine() -> str:
    """What it was measured on, and when."""
    today = datetime.datetime.now(datetime.UTC).date()
    load = os.getloadavg()[0]
    return (
        f"{_processor()}, {os.cpu_count()} cores; {platform.system()} {platform.release()};"
        f" Python {platform.python_version()}, {_build()}; SQLite {sqlite3.sqlite_version};"
        f" {today}, load average {load:.1f}"
    )


def _build() -> str:
    """How the interpreter was built: 10 to 20% of all it does lie in that."""
    arguments, compiled, linked = (
        sysconfig.get_config_var(name) or ""
        for name in ("CONFIG_ARGS", "PY_CORE_CFLAGS", "PY_CORE_LDFLAGS")
    )
    if "/usr/share/python-wheels" in arguments:
        # Its flags are cleaned of what extensions should not take over.
        return "Debian's build (with PGO and LTO)"
    guided = "--enable-optimizations" in arguments or "-fprofile-" in compiled
    whole = "--with-lto" in arguments or "-flto" in linked
    return f"built {'with' if guided else 'without'} PGO, {'with' if whole else 'without'} LTO"


def _processor() -> str:
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in info.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table whose source is readable too."""
    head = ("Claim", "Goal", "Figure", "")
    cells = [head] + [(f.claim, f.goal, f.figure, f.verdict) for f in figures]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def report(figures: Sequence[Figure], scale: Scale) -> str:
    """The whole of `results.md`."""
    return (
        "# Benchmark results\n\n"
        f"Made by `make bench` ({scale.name} run); bench/README.md tells what is measured and"
        " how.\n\n"
        f"{machine()}\n\n{table(figures)}\n"
    )
