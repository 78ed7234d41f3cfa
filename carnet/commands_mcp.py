"""`carnet mcp`: for assistants that start their servers themselves."""

import asyncio

import click

from carnet.arguments import Checked
from carnet.failure import Failure, UsageFailure
from carnet.mcp_bridge import Bridge, endpoint_of


@click.command("mcp")
@click.option(
    "--url",
    type=Checked("URL", endpoint_of),
    envvar="CARNET_URL",
    default="http://127.0.0.1:8080",
    show_default=True,
    help="Address of the Carnet to speak to; CARNET_URL.",
)
@click.option("--key", envvar="CARNET_API_KEY", help="API key; CARNET_API_KEY.")
def mcp(url: str, key: str | None) -> None:
    """Be an MCP server on standard input and output, for a Carnet that runs elsewhere."""
    if not key or not key.isascii() or not key.isprintable():
        raise UsageFailure("--key: set CARNET_API_KEY to a key that `carnet key create` has shown")
    try:
        asyncio.run(Bridge(url, key).run())
    except ValueError as error:
        raise Failure(f"standard input must be a pipe: {error}") from error
