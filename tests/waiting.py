"""Waiting for what comes by itself: for as long as anything moves.

How long something takes depends on what else the machine does, so no test asks for that. What is
waited for either comes, or has stood still for so long that it never will.
"""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

PATIENCE = 120.0
"""Seconds without any progress that make a test fail. On an idle machine nothing needs more than
a few. The time-out of a whole test (pyproject.toml) is a multiple, for those that wait often."""


def nothing() -> object:
    """Progress of what has no steps."""
    return None


async def until(
    condition: Callable[[], Any], *, moved: Callable[[], object] = nothing, every: float = 0.02
) -> Any:
    """What a function gives, awaited if it must be, as soon as that is true.

    `moved` tells how far it has come: each time it gives another value, patience begins anew.
    `TimeoutError` when that is at its end.
    """
    async with asyncio.timeout(PATIENCE) as patience:
        seen = moved()
        while True:
            found = condition()
            if inspect.isawaitable(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(every)
            if (now := moved()) != seen:
                seen = now
                patience.reschedule(asyncio.get_running_loop().time() + PATIENCE)
