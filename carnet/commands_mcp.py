"""`carnet mcp`: for assistants that start their servers themselves."""

import asyncio

import click

from carnet.connection_options import connection_options
from carnet.failure import UsageFailure


@click.command("mcp")
@connection_options
def mcp(url: str, key: str) -> None:
    """Be an MCP server on standard input and output, for a Carnet that runs elsewhere."""
    # The HTTP client, which the other commands need not load.
    from carnet.mcp_bridge import Bridge, endpoint_of, require_key

    try:
        bridge = Bridge(endpoint_of(url), require_key(key))
    except ValueError as error:
        raise UsageFailure(str(error)) from error
    asyncio.run(bridge.run())
