"""Waiting for what comes by itself, for a bounded time."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

SECONDS = 30.0
"""A generous bound; on an idle machine what is waited for takes far less."""


async def until(condition: Callable[[], Any], seconds: float = SECONDS, every: float = 0.02) -> Any:
    """What a function gives, awaited if it must be, as soon as that is true."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if inspect.isawaitable(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(every)
