"""Fixtures of the tests of a trip's pages."""

import pytest

from tests.server.trip_pages import visitor


@pytest.fixture
async def olga(world):
    """The owner of the group, signed in."""
    return await visitor.owner(world)
