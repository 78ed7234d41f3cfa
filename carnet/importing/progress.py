"""How far an import is: a bar on a terminal, plain lines elsewhere."""

import contextlib
import sys
from collections.abc import Callable, Iterator

import click

OnProgress = Callable[[int, float], None]
"""Told how many rows are done, and of how many at about this time."""


@contextlib.contextmanager
def progress(*, quiet: bool) -> Iterator[OnProgress]:
    """On stderr, so that the summary can be piped."""
    if quiet:
        yield lambda _done, _total: None
    elif not sys.stderr.isatty():
        yield lambda done, _total: click.echo(f"rows done: {done:,}", err=True)
    else:
        # It takes a tenth of a second to import, which only a terminal has use for.
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        rate = TextColumn("{task.fields[rate]}")
        columns = (BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), rate)
        with Progress(
            *columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True
        ) as bar:
            task = bar.add_task("", total=None, rate="")

            def show(done: int, total: float) -> None:
                bar.update(task, completed=done, total=round(max(done, total)))
                speed = bar.tasks[0].speed
                bar.update(task, rate=f"{speed:,.0f} rows/s" if speed else "")

            yield show
