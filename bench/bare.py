"""What Carnet is measured beside: `python -m bench.bare aiohttp|raw FOLDER`.

`aiohttp`: a bare handler on uvloop that serves the file `export` to GET, and to POST reads the
body and answers with the file `made`. `raw`: no HTTP at all, the same bytes for whatever comes,
which shows what the load generator itself can do.
"""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import uvloop
from aiohttp import web

from bench.load import API


async def serve_aiohttp(exported: bytes, made: bytes) -> int:
    """Starts a bare aiohttp server; its port."""

    async def export(_request: web.Request) -> web.Response:
        return web.Response(body=exported, content_type="application/json")

    async def create(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=201, body=made, content_type="application/json")

    app = web.Application()
    app.router.add_get(f"{API}/trips/{{tripId}}/export", export)
    app.router.add_post(f"{API}/trips/{{tripId}}/map-pins", create)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port: int = runner.addresses[0][1]
    return port


async def serve_raw(exported: bytes, made: bytes) -> int:
    """Starts a server that looks at the first letter of a request only; its port."""
    answers = {b"G": _whole(200, exported), b"P": _whole(201, made)}

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
    exported, made = ((folder / name).read_bytes() for name in ("export", "made"))
    print(await serve(exported, made), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], Path(sys.argv[2])))
