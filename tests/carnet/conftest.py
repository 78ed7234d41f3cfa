"""What the tests of the program have in common."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.carnet.commands import Commands
from tests.carnet.supervised import SECONDS, Children


@pytest.fixture
def carnet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Commands:
    """The command line in an empty folder."""
    return Commands(tmp_path, monkeypatch, capfd)


@pytest.fixture
async def children(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Children]:
    """Makes supervised processes, which end with the test."""
    made = Children(monkeypatch)
    yield made
    async with asyncio.timeout(SECONDS):
        await made.end()
