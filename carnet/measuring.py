"""What a process measures of itself, where somebody asks for it."""

import asyncio
import contextlib
import os
import resource
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from platform import python_version
from typing import Final

from runtime import measured
from runtime.release import release
from runtime.settings import Settings
from storage.migrate import migrations_in
from storage.store import Store

LOOK_SECONDS: Final = 0.5
"""Between two looks at how late the event loop is."""

_STARTED_AT: Final = time.time()
_PAGE: Final = resource.getpagesize()


@contextlib.asynccontextmanager
async def measuring(settings: Settings, store: Store) -> AsyncIterator[None]:
    """Measures this process inside the block, its memory, time, descriptors and event loop.

    It does nothing where nobody can ask for metrics.
    """
    if not settings.metrics.port:
        yield
        return
    build = release(), python_version(), str(len(migrations_in(store.dialect.migrations)))
    measured.BUILD.foresee([build])
    measured.BUILD.set(1, *build)
    with contextlib.ExitStack() as stack:
        stack.callback(measured.BUILD.forget)
        for end in (
            measured.CPU.follow(time.process_time),
            measured.STARTED_AT.follow(lambda: _STARTED_AT),
            measured.MOST_FILES.follow(lambda: resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
            *_of_linux(),
        ):
            stack.callback(end)
        looking = asyncio.create_task(_look_at_loop())
        try:
            yield
        finally:
            looking.cancel()


def _of_linux() -> list[Callable[[], None]]:
    """What only Linux tells of a process."""
    memory = Path("/proc/self/statm")
    if not memory.exists():
        return []
    return [
        measured.MEMORY.follow(lambda: int(memory.read_text("ascii").split()[1]) * _PAGE),
        # A path of pathlib for each of 10,000 takes three times as long.
        measured.OPEN_FILES.follow(lambda: len(os.listdir("/proc/self/fd"))),  # noqa: PTH208
    ]


async def _look_at_loop() -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LOOK_SECONDS
        await asyncio.sleep(LOOK_SECONDS)
        measured.LOOP_LAG.observe(max(0.0, loop.time() - due))
