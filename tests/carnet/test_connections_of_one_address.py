"""How many connections the real program lets one address have, by its settings."""

import asyncio

import pytest

from tests.carnet.program import serving
from tests.server.test_listener import closed_at_once

MOST = 2


@pytest.mark.parametrize(("proxies", "closed"), [("0", True), ("1", False)])
async def test_one_more_is_closed_unless_they_are_all_a_proxys(tmp_path, proxies, closed):
    variables = {
        "CARNET_HTTP__MAX_CONNECTIONS_PER_ADDRESS": str(MOST),
        "CARNET_HTTP__TRUSTED_PROXIES": proxies,
    }
    async with serving(tmp_path, **variables) as server:
        port = int(server.client.base.rpartition(":")[2])
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST)]
        assert await closed_at_once(port) == closed
        for _, writer in held:
            writer.close()
