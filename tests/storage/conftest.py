"""Fixtures of a store with something in it."""

import pytest

from storage.store import Store
from tests.storage.home import Home, new_home


@pytest.fixture
async def home(store: Store) -> Home:
    """A user with a group and a trip, on every backend in turn."""
    return await new_home(store)
