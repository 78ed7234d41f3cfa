"""The official clients, over HTTP and over both bridges."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from server.mcp.eras import HANDSHAKE, MODERN
from tests.assistants.bridges import BRIDGES, CARNET, NODE, PACKAGE
from tests.support import SAMPLES, World

MODES = {"legacy": HANDSHAKE[0], "auto": MODERN, MODERN: MODERN}


@contextlib.asynccontextmanager
async def connected(world: World, way: str, mode: str, key: str = "") -> AsyncIterator[Client]:
    """The official Python client."""
    key = key or world.owner.key
    async with contextlib.AsyncExitStack() as stack:
        if way == "HTTP":
            headers = {"Authorization": f"Bearer {key}"}
            session = await stack.enter_async_context(httpx2.AsyncClient(headers=headers))
            server: Any = streamable_http_client(f"{world.running.base}/mcp", http_client=session)
        else:
            command, *arguments = BRIDGES[way]
            env = {"CARNET_URL": f"{world.running.base}/api/v1", "CARNET_API_KEY": key}
            server = StdioServerParameters(command=command, args=arguments, env=env)
        yield await stack.enter_async_context(Client(server, mode=mode))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("way", ["HTTP", *BRIDGES])
async def test_the_python_client(world, way, mode):
    async with connected(world, way, mode) as client:
        assert client.protocol_version == MODES[mode]
        listed = await client.list_tools()
        assert len(listed.tools) == 22
        assert listed.tools[0].annotations is not None
        assert listed.tools[0].annotations.read_only_hint
        made = await client.call_tool(
            "upsert_pins", {"trip": "Cotswolds", "items": [SAMPLES["mapPin"]]}
        )
        assert made.structured_content is not None
        assert made.structured_content["created"] == 1
        wrong = await client.call_tool("get_day", {"trip": "Cotswolds"})
        assert wrong.is_error
        with pytest.raises(MCPError, match="Unknown tool"):
            await client.call_tool("nothing", {})
        uri = (await client.list_resources()).resources[0].uri
        assert str(world.trip_id) in str(uri)
        assert (await client.read_resource(str(uri))).contents
        assert (await client.list_resource_templates()).resource_templates
        assert len((await client.list_prompts()).prompts) == 2
        prompt = await client.get_prompt("trip_briefing", {"trip": "Cotswolds"})
        assert len(prompt.messages) == 2


@pytest.mark.parametrize("way", ["HTTP", *BRIDGES])
async def test_the_python_client_with_a_wrong_key(world, way):
    # `Client` cleans up within its own task group, and so groups what it raises.
    with pytest.raises(BaseException) as raised:  # noqa: PT011
        async with connected(world, way, "legacy", "osk_" + "x" * 40):
            pass
    assert "MCPError" in repr(raised.value) or isinstance(raised.value, MCPError)


async def test_the_typescript_clients(world):
    env = os.environ | {
        "CARNET_URL": world.running.base,
        "CARNET_API_KEY": world.owner.key,
        "CARNET_TRIP": world.trip_id,
        "CARNET_PROGRAM": CARNET,
    }
    process = await asyncio.create_subprocess_exec(
        *(NODE, "--test", "--test-reporter=tap", "test/"),
        cwd=PACKAGE,
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
    assert b"# pass 18" in told
