"""Redis for limiters, and what holds of each test of them."""

import asyncio
import uuid

import pytest

from server import redis_ratelimit
from tests import servers
from tests.waiting import PATIENCE


@pytest.fixture(scope="module")
def redis_url():
    with servers.redis() as url:
        yield url


@pytest.fixture
def valkey():
    """One that may be killed."""
    with servers.own_valkey() as server:
        yield server


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """A Redis that is there is waited for, however long it takes."""
    monkeypatch.setattr(redis_ratelimit, "_TIMEOUT_SECONDS", PATIENCE)


@pytest.fixture(autouse=True)
async def _nothing_crashes():
    """Also not in a callback of the loop, where no test would see it."""
    crashes: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: crashes.append(context))
    yield
    assert crashes == []


@pytest.fixture
def who() -> str:
    return uuid.uuid4().hex
