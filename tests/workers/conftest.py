"""Fixtures of a store with work to do."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import structlog

from runtime.signals import LocalSignals
from storage.store import Store
from tests.storage.home import Home, new_home
from tests.workers.desk import Desk
from tests.workers.work import Clock


@pytest.fixture
async def home(store: Store) -> Home:
    """A user with a group and a trip, on every backend in turn."""
    return await new_home(store)


@pytest.fixture
def signals() -> LocalSignals:
    """Signals within this process."""
    return LocalSignals()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time, as the tests set it."""
    return Clock(monkeypatch)


@pytest.fixture(autouse=True)
def logged() -> Iterator[Sequence[Any]]:
    """The log lines so far; structlog's own rendering of tracebacks takes half a second each."""
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture
async def desk(home: Home) -> Desk:
    """Webhooks of the home's user, and who stands in for sender and clock."""
    return await Desk.of(home)
