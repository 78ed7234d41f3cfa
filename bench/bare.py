"""What Carnet is measured beside: `python -m bench.bare aiohttp|raw FOLDER`.

`aiohttp`: bare handlers on uvloop that serve the files `export`, `page` and `trip` to GET, or 304
to a GET that has an ETag; to POST they read the body and answer with the file `made`. `raw`: no
HTTP at all, the same bytes for whatever comes, which shows what the load generator itself can do.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import uvloop
from aiohttp import web

from bench.load import API

TRIP = f"{API}/trips/{{tripId}}"
READS = {"trip": TRIP, "export": f"{TRIP}/export", "page": f"{TRIP}/map-pins"}
"""What is read, and where."""


def _reading(body: bytes) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def read(request: web.Request) -> web.Response:
        if "If-None-Match" in request.headers:
            return web.Response(status=304, headers={"ETag": '"1"'})
        return web.Response(body=body, content_type="application/json", headers={"ETag": '"1"'})

    return read


async def serve_aiohttp(replies: dict[str, bytes]) -> int:
    """Starts a bare aiohttp server; its port."""

    async def create(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=201, body=replies["made"], content_type="application/json")

    app = web.Application()
    for name, path in READS.items():
        app.router.add_get(path, _reading(replies[name]))
    app.router.add_post(READS["page"], create)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port: int = runner.addresses[0][1]
    return port


async def serve_raw(replies: dict[str, bytes]) -> int:
    """Starts a server that looks at the first letter of a request only; its port."""
    answers = {b"G": _whole(200, replies["export"]), b"P": _whole(201, replies["made"])}

    class Raw(asyncio.Protocol):
        write: Callable[[bytes], None]

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.write = cast("asyncio.Transport", transport).write

        def data_received(self, data: bytes) -> None:
            self.write(answers[data[:1]])

    server = await asyncio.get_running_loop().create_server(Raw, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    return port


def _whole(status: int, body: bytes) -> bytes:
    return f"HTTP/1.1 {status} OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def main(kind: str, folder: Path) -> None:
    """Serves until killed, after a line with the port."""
    serve = {"aiohttp": serve_aiohttp, "raw": serve_raw}[kind]
    replies = {name: (folder / name).read_bytes() for name in (*READS, "made")}
    print(await serve(replies), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], Path(sys.argv[2])))
