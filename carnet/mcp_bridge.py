"""From MCP on standard input and output to MCP over HTTP: a line is a request, and its answer one.

Nothing is looked into but what HTTP has to be told, so that both eras pass.
"""

import asyncio
import base64
import os
import re
import stat
import sys
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import msgspec

_LONGEST_LINE: Final = 64 * 1024 * 1024
_PATIENCE: Final = aiohttp.ClientTimeout(total=600, connect=30)
_PAUSES: Final = (0.2, 0.5, 1.0, 2.0)
"""Seconds to wait for a server that refuses connections, as it does while it is restarted."""
_REFUSED: Final = -32000
_PLAIN: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?", re.ASCII)
"""What a header can carry as it is."""
_NAMES: Final = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


def endpoint_of(url: str) -> str:
    """Where the MCP server of a Carnet is, whose address may be that of its API; or ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"--url: {url!r} is not an address such as https://carnet.example.org")
    base = url.rstrip("/").removesuffix("/mcp").removesuffix("/api/v1")
    return f"{base.rstrip('/')}/mcp"


def require_key(key: str) -> str:
    """The key, where a header can carry it; else ValueError."""
    if not key.isascii() or not key.isprintable():
        raise ValueError("--key: set CARNET_API_KEY to a key that `carnet key create` has shown")
    return key


class Bridge:
    """Passes messages on, each in its own time."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key

    async def run(self) -> None:
        """Passes on what comes on standard input, until that ends and all is answered."""
        lines = asyncio.StreamReader(limit=_LONGEST_LINE)
        await _feed(lines)
        # A connection of its own for each: a kept one may be of a server that is gone.
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=_PATIENCE) as session,
            asyncio.TaskGroup() as answering,
        ):
            while line := await lines.readline():
                if line.strip():
                    answering.create_task(self._answer(session, line.strip()))

    async def _answer(self, session: aiohttp.ClientSession, line: bytes) -> None:
        message = _decoded(line)
        try:
            answer = await self._post(session, line, message)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = str(error) or type(error).__name__
            answer = _error(
                message,
                f"Cannot reach Carnet at {self._url}: {reason}; see that it runs, and that"
                " CARNET_URL is its address",
            )
        if answer:
            sys.stdout.buffer.write(answer + b"\n")
            sys.stdout.buffer.flush()

    async def _post(
        self, session: aiohttp.ClientSession, line: bytes, message: dict[str, Any]
    ) -> bytes:
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            **_told_in_headers(message),
        }
        for pause in (*_PAUSES, None):
            try:
                async with session.post(
                    self._url, data=line, headers=headers, allow_redirects=False
                ) as response:
                    return self._told(response, await response.read(), message)
            except aiohttp.ClientConnectorError:
                if pause is None:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _told(
        self, response: aiohttp.ClientResponse, body: bytes, message: dict[str, Any]
    ) -> bytes:
        """What the client is answered: the server's own message, where it sent one."""
        told = _decoded(body)
        if told.get("jsonrpc") == "2.0":
            return body if "id" in message or not message else b""
        if response.status == 202:
            return b""
        error = told.get("error")
        if not isinstance(error, dict):
            why = f"There is no MCP server at {self._url} (HTTP {response.status}): set CARNET_URL"
            return _error(message, f"{why} to the address of a Carnet")
        why = f"Carnet at {self._url}: {error.get('message')} (HTTP {response.status})"
        if response.status == 401:
            why += "; set CARNET_API_KEY to a key that `carnet key create` has shown"
        return _error(message, why)


async def _feed(lines: asyncio.StreamReader) -> None:
    """Gives a reader what comes on standard input.

    A file, or /dev/null, which a system cannot wait for (epoll refuses it), has all at once.
    """
    mode = os.fstat(sys.stdin.fileno()).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or sys.stdin.isatty():
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
        )
    else:
        lines.feed_data(sys.stdin.buffer.read())
        lines.feed_eof()


def _decoded(text: bytes) -> dict[str, Any]:
    """A message; nothing of what is none, which is for the server to tell."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _error(message: dict[str, Any], why: str) -> bytes:
    """The answer to a request that could not be passed on; notifications have none."""
    if message and "id" not in message:
        return b""
    told = {"code": _REFUSED, "message": why}
    return msgspec.json.encode({"jsonrpc": "2.0", "id": message.get("id"), "error": told})


def _told_in_headers(message: dict[str, Any]) -> dict[str, str]:
    """What requests without a handshake, since 2026-07-28, repeat in headers."""
    method, params = message.get("method"), message.get("params")
    meta = params.get("_meta") if isinstance(params, dict) else None
    version = (
        meta.get("io.modelcontextprotocol/protocolVersion") if isinstance(meta, dict) else None
    )
    if not isinstance(version, str) or not isinstance(method, str):
        return {}
    told = {"MCP-Protocol-Version": version, "Mcp-Method": method}
    assert isinstance(params, dict)
    name = params.get(_NAMES.get(method, ""))
    if isinstance(name, str):
        told["Mcp-Name"] = name
    return {header: _carried(value) for header, value in told.items()}


def _carried(value: str) -> str:
    """A value as a header carries it."""
    if _PLAIN.fullmatch(value) and not value.startswith("=?base64?"):
        return value
    return f"=?base64?{base64.b64encode(value.encode()).decode()}?="
