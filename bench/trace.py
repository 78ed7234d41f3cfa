"""The road of one request: every call of a function of ours, in order, and how long the road is.

    python -m bench.trace

A server with its worker runs in this process on a new SQLite database, and pins are created, each
with a clientRef and an Idempotency-Key. The third is traced, in all threads: by then modules are
imported, statements prepared and caches filled. Of functions of ours, libraries between them left
out, are counted

- calls: as the interpreter tells a profiler of them, so a coroutine that goes on after it has
  waited, a generator asked for its next value and a comprehension are calls too. (From Python 3.12
  on only comprehensions that are generators are: compare figures of one Python.)
- files: those in which what is called is defined.
- changes of layer: how often what is called is in another top-level package than the call before.

A second line counts functions alone: each coroutine once, and no comprehension.
"""

import asyncio
import dataclasses
import itertools
import logging
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import structlog

from runtime.settings import Settings
from storage import open_store
from storage.migrate import migrate
from tests.support import SAMPLES, new_world, now

ROOT = Path(__file__).parent.parent
PACKAGES = ("domain", "runtime", "storage", "operations", "workers", "server", "carnet")
COMPREHENSIONS = ("<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>")


@dataclasses.dataclass(frozen=True)
class Step:
    """One call."""

    file: str
    """From the root of the repository."""
    line: int
    name: str
    depth: int
    """How many calls of ours are around it; 0 for what a library, a task or a thread begins."""
    resumed: bool
    """Whether it is a coroutine or generator that goes on."""

    @property
    def package(self) -> str:
        """The layer it is in."""
        return self.file.partition("/")[0]

    @property
    def is_function(self) -> bool:
        """Whether a function begins here."""
        return not self.resumed and not self.name.endswith(COMPREHENSIONS)

    def __str__(self) -> str:
        goes_on = " goes on" if self.resumed else ""
        return f"{'  ' * self.depth}{self.name}{goes_on}  {self.file}:{self.line}"


class Road:
    """What is called while it is open, in this thread and those that began after it was made."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._depths: dict[FrameType, int] = {}
        """By frame of ours; frames are held, so that none is taken for one that came before."""
        self._open = False
        threading.setprofile(self._hear)
        sys.setprofile(self._hear)

    def open(self) -> None:
        """From here on calls are noted."""
        self._open = True

    def close(self) -> None:
        """No further call is noted."""
        self._open = False
        sys.setprofile(None)
        threading.setprofile(None)
        self._depths.clear()

    def _hear(self, frame: FrameType, event: str, _argument: Any) -> None:
        if not self._open or event != "call":
            return
        code = frame.f_code
        file = _file_of_ours(code)
        if file is None:
            return
        resumed, above = frame in self._depths, frame.f_back
        while above is not None and above not in self._depths:
            above = above.f_back
        depth = 0 if above is None else self._depths[above] + 1
        self._depths.setdefault(frame, depth)
        self.steps.append(Step(file, code.co_firstlineno, code.co_qualname, depth, resumed))


def _file_of_ours(code: CodeType) -> str | None:
    """The file that defines a function of ours, from the root; None for others."""
    path = Path(code.co_filename)
    file = path.relative_to(ROOT) if path.is_relative_to(ROOT) else None
    return file.as_posix() if file and file.parts[0] in PACKAGES else None


async def walk(folder: Path) -> list[Step]:
    """The steps of the third request; `folder` takes the database."""
    road = Road()
    store = await open_store(f"sqlite:///{folder}/carnet.db")
    await migrate(store, now())
    async with new_world(store, Settings()) as world:
        for number in range(3):
            if number == 2:
                road.open()
            made = await world.client.post(
                f"{world.trip}/map-pins",
                {**SAMPLES["mapPin"], "clientRef": f"pin-{number}"},
                headers={"Idempotency-Key": f"key-{number}"},
            )
            assert made.status == 201, made.raw
        road.close()
    await store.close()
    return road.steps


def length(steps: Sequence[Step]) -> str:
    """How long a road is."""
    files = {step.file for step in steps}
    packages = [step.package for step in steps]
    changes = sum(one != other for one, other in itertools.pairwise(packages))
    return f"{len(steps)} calls, {len(files)} files, {changes} changes of layer"


def main() -> None:
    """Prints the road and its length."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as folder:
        steps = asyncio.run(walk(Path(folder)))
    print(*steps, sep="\n")
    print(f"\n{length(steps)}")
    print(f"functions alone: {length([step for step in steps if step.is_function])}")


if __name__ == "__main__":
    main()
