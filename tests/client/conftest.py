"""Clients of a running server, and of one behind a proxy that fails."""

import pytest

from carnet.client import CarnetClient, transport
from tests.client.faulty import faulty


@pytest.fixture
async def client(world):
    async with CarnetClient(base_url=world.running.base, api_key=world.owner.key) as made:
        yield made


@pytest.fixture
async def proxy(world):
    async with faulty(world.running.base) as made:
        yield made


@pytest.fixture
async def behind(world, proxy, monkeypatch):
    """A client behind the proxy, which does not wait before it tries again."""
    monkeypatch.setattr(transport, "backoff", lambda *_: 0.0)
    async with CarnetClient(base_url=proxy.url, api_key=world.owner.key) as made:
        yield made
