"""`carnet import` and `carnet export` as processes, against a running server."""

import asyncio

import pytest

from tests.carnet.program import run


@pytest.fixture
def program(world, tmp_path):
    """Runs a command in a folder of its own."""

    async def ran(*arguments, url=None, key=None):
        where = {
            "CARNET_URL": url or world.running.base,
            "CARNET_API_KEY": key or world.owner.key,
        }
        return await asyncio.to_thread(run, tmp_path, *arguments, **where)

    return ran
