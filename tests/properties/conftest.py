"""One server for all examples of a module."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar, cast

import pytest
import structlog

from runtime.settings import Limits, Settings
from storage import open_store
from storage.migrate import migrate
from storage.store import Store
from tests.conftest import BACKENDS
from tests.support import PLENTY, World, new_world, now

T = TypeVar("T")


class Living:
    """A world and the event loop it lives in, for tests that are not coroutines themselves."""

    def __init__(self, runner: asyncio.Runner, world: World) -> None:
        self._runner = runner
        self.world = world

    @property
    def store(self) -> Store:
        return self.world.store

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """A coroutine's result."""
        return self._runner.run(coroutine)


@pytest.fixture(scope="module", params=BACKENDS)
def living(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Living]:
    """A server with people and a trip, on every backend in turn."""
    wanted = ModuleRequest(request, tmp_path_factory)
    with (
        BACKENDS[request.param](cast(pytest.FixtureRequest, wanted)) as url,
        quiet_logs(),
        asyncio.Runner() as runner,
    ):
        stack = contextlib.AsyncExitStack()
        world = runner.run(_open(stack, url))
        yield Living(runner, world)
        runner.run(stack.aclose())


class ModuleRequest:
    """Gives a backend what it asks for, with a folder that lasts for the module."""

    fixturenames = ("store",)

    def __init__(self, request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> None:
        self._request = request
        self._folders = folders

    def getfixturevalue(self, name: str) -> Any:
        if name == "tmp_path":
            return self._folders.mktemp("properties")
        return self._request.getfixturevalue(name)


async def _open(stack: contextlib.AsyncExitStack, url: str) -> World:
    store = await open_store(url)
    stack.push_async_callback(store.close)
    await migrate(store, now())
    limits = Limits(requests_per_minute=PLENTY, shared_requests_per_minute=PLENTY)
    return await stack.enter_async_context(new_world(store, Settings(limits=limits)))


@contextlib.contextmanager
def quiet_logs() -> Iterator[None]:
    """No line for each of some thousand requests; those on failures in plain text."""
    renderer = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(
        processors=[structlog.processors.add_log_level, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
    yield
    structlog.reset_defaults()
