"""Fixtures. A backend joins the whole suite by a line in `BACKENDS`."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from server.config import Limits, Settings
from storage import open_store
from storage.migrate import migrate
from storage.store import Store
from tests.support import PLENTY, World, new_world, now

BACKENDS: dict[str, Callable[[Path], str]] = {
    "sqlite": lambda folder: f"sqlite:///{folder}/data/carnet.db",
}


@pytest.fixture(params=BACKENDS)
def storage_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new, empty database, on every backend in turn."""
    return BACKENDS[request.param](tmp_path)


@pytest.fixture
async def store(storage_url: str) -> AsyncIterator[Store]:
    """A migrated store."""
    opened = await open_store(storage_url)
    await migrate(opened, now())
    yield opened
    await opened.close()


@pytest.fixture
def settings() -> Settings:
    """Settings without limits; a test module may override the fixture."""
    return msgspec.structs.replace(
        Settings(), limits=Limits(requests_per_minute=PLENTY, shared_requests_per_minute=PLENTY)
    )


@pytest.fixture
async def world(store: Store, settings: Settings) -> AsyncIterator[World]:
    """A running server with people and a trip."""
    async with new_world(store, settings) as made:
        yield made
