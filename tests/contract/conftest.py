"""What the tests of wrong requests have in common."""

import pytest


@pytest.fixture
async def lives_on(world):
    """The server answers the request after a bad one."""
    yield
    assert (await world.client.get("/me")).status == 200
    assert (await world.client.get(f"{world.trip}/export")).status == 200
