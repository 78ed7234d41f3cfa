"""What speaks MCP in tests: raw requests of both eras, and an assistant that knows results only."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import msgspec

from server.mcp.eras import HANDSHAKE, MODERN
from tests.support import Client, Response, World

LARGEST_RESULT = 32_000
LARGEST_LIST = 24_000

META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
NAMES = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
ERAS = ("handshake", "modern")


@dataclasses.dataclass(frozen=True)
class Speaker:
    """Sends messages to `/mcp`, as a client of an era does."""

    client: Client
    era: str = "handshake"

    async def post(self, body: Any = None, **options: Any) -> Response:
        """The response to a body, whatever that is."""
        return await self.client.post(f"{self.client.base}/mcp", body, **options)

    async def send(
        self, method: str, params: Mapping[str, Any] | None = None, **options: Any
    ) -> Response:
        """The response to a request."""
        told: dict[str, Any] = dict(params or {})
        headers = {"MCP-Protocol-Version": HANDSHAKE[0]}
        if self.era == "modern":
            told["_meta"] = META
            headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
            if method in NAMES:
                headers["Mcp-Name"] = str((params or {}).get(NAMES[method]))
        message = {"jsonrpc": "2.0", "id": 7, "method": method, "params": told}
        return await self.post(message, headers=headers | options.pop("headers", {}), **options)

    async def ask(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """The result of a request, which is one of success."""
        response = await self.send(method, params)
        assert response.status == 200, response.raw
        assert response.json["id"] == 7
        assert "error" not in response.json, response.raw
        result = response.json["result"]
        assert ("resultType" in result) == (self.era == "modern")
        return result

    async def call(self, tool: str, **arguments: Any) -> "Result":
        """The result of a tool, within its size."""
        result = await self.ask("tools/call", {"name": tool, "arguments": arguments})
        assert len(msgspec.json.encode(result)) <= LARGEST_RESULT
        return Result(result)

    async def do(self, tool: str, **arguments: Any) -> Any:
        """What a tool has to say, where it did what was asked for."""
        result = await self.call(tool, **arguments)
        assert not result.failed, result.text
        return result.data

    async def tools(self) -> list[str]:
        """The names of the tools that are shown."""
        listed = await self.ask("tools/list")
        return [tool["name"] for tool in listed["tools"]]

    async def all(self, tool: str, listed: str = "items", **arguments: Any) -> list[Any]:
        """All that a tool lists, page by page; each says truly how much is left."""
        found: list[Any] = []
        expected: int | None = None
        cursor: dict[str, str] = {}
        while True:
            page = await self.do(tool, **arguments, **cursor)
            entries = page.get(listed, [])
            assert expected in (None, len(entries) + page.get("left", 0))
            found += entries
            if "left" not in page:
                return found
            assert entries
            expected, cursor = page["left"], {"cursor": page["nextCursor"]}


@dataclasses.dataclass(frozen=True)
class Result:
    """The result of a call."""

    raw: dict[str, Any]

    @property
    def failed(self) -> bool:
        return bool(self.raw.get("isError", False))

    @property
    def text(self) -> str:
        (content,) = self.raw["content"]
        assert content["type"] == "text"
        text: str = content["text"]
        return text

    @property
    def data(self) -> Any:
        return self.raw["structuredContent"]

    @property
    def error(self) -> Any:
        """The API's error."""
        assert self.failed
        return self.data["error"]


def speaker(world: World, key: str | None = None, era: str = "handshake") -> Speaker:
    """One who speaks with a key, else the owner's."""
    return Speaker(world.as_(key) if key else world.client, era)
