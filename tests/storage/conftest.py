"""Fixtures of a store with something in it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from storage.migrate import migrate
from storage.store import Store
from tests import servers
from tests.storage import releases
from tests.storage.home import Home, new_home
from tests.support import now


@pytest.fixture
def database(postgres_url: str) -> Iterator[str]:
    """The URL of an empty database on a Postgres."""
    with servers.new_database(postgres_url) as url:
        yield url


@pytest.fixture
async def home(store: Store) -> Home:
    """A user with a group and a trip, on every backend in turn."""
    return await new_home(store)


@pytest.fixture(params=releases.DATA, ids=lambda path: path.stem)
async def old(
    request: pytest.FixtureRequest, storage_url: str, tmp_path: Path
) -> AsyncIterator[Store]:
    """A database as an old program left it, of every release and on every backend in turn."""
    async with releases.opened(request.param, storage_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def upgraded(old: Store) -> Store:
    """The same, brought to the present schema."""
    await migrate(old, now())
    return old
