"""What tests wait by: it gives up what stands still, and nothing else."""

import asyncio
import itertools

import pytest

from tests import waiting
from tests.waiting import until


async def test_what_stands_still_is_given_up(monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE", 0.01)
    with pytest.raises(TimeoutError):
        await until(lambda: False, every=0)
    with pytest.raises(TimeoutError):
        await until(asyncio.Event().wait)


async def test_what_moves_is_waited_for_longer_than_patience_lasts(monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE", 1.0)
    loop = asyncio.get_running_loop()
    late = loop.time() + 1.5
    steps = itertools.count()
    assert await until(lambda: loop.time() > late, moved=lambda: next(steps))
    assert await until(lambda: "found") == "found"
