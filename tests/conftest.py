"""Fixtures. A backend joins the whole suite by an entry in `BACKENDS`."""

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager

import hypothesis
import msgspec
import pytest
from hypothesis import HealthCheck

from runtime.settings import Limits, Settings
from storage import open_store
from storage.migrate import migrate
from storage.store import Store
from tests import servers
from tests.emptied import Emptied
from tests.support import PLENTY, World, new_world, now


@contextlib.contextmanager
def _sqlite(request: pytest.FixtureRequest) -> Iterator[str]:
    folder = request.getfixturevalue("tmp_path")
    yield f"sqlite:///{folder}/data/carnet.db"


@contextlib.contextmanager
def _postgres(request: pytest.FixtureRequest) -> Iterator[str]:
    database = request.getfixturevalue("postgres_emptied")
    yield database.migrated() if "store" in request.fixturenames else database.without_schema()


# No deadline: how long an example takes depends on what else the machine does.
hypothesis.settings.register_profile(
    "carnet",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
hypothesis.settings.load_profile("carnet")

BACKENDS: dict[str, Callable[[pytest.FixtureRequest], AbstractContextManager[str]]] = {
    "sqlite": _sqlite,
    "postgres": _postgres,
}


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A database of this test process's own, on a real Postgres."""
    with servers.postgres() as dsn, servers.new_database(dsn) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_emptied(postgres_url: str) -> Iterator[Emptied]:
    """The same database, as a test wants it."""
    database = Emptied(postgres_url)
    yield database
    database.close()


@pytest.fixture(params=BACKENDS)
def storage_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a new, empty database, on every backend in turn.

    For a test with a `store` it may have the schema already.
    """
    with BACKENDS[request.param](request) as url:
        yield url


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
