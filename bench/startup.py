"""How soon a server answers, and what memory it holds."""

import time
from pathlib import Path

from bench.figures import Figure, Scale, spread
from bench.servers import carnet
from examples import demo
from examples.client import Client
from examples.local_server import LocalServer


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    starts = []
    (folder / "starts").mkdir()
    server = LocalServer(folder / "starts")
    server.set_up()
    key = server.create_key(requests_per_minute=60)
    for _ in range(scale.starts):
        started = time.perf_counter()
        server.start()
        try:
            Client(server.url, key).get("/me")
            starts.append((time.perf_counter() - started) * 1000)
        finally:
            server.stop()
    return [
        Figure("start-up to the first answer", spread(starts, ".0f", " ms")),
        Figure("resident memory", await _memory(folder)),
    ]


async def _memory(folder: Path) -> str:
    """What is held at the start, and after the import of all airports."""
    async with carnet(folder / "carnet") as ours:
        before = ours.server.resident_bytes()
        airports = demo.airport_pins()
        trip = await ours.new_trip()
        await ours.caller.send(
            ours.request("POST", f"{trip}/sync", {"mapPins": airports}), expect=200
        )
        after = ours.server.resident_bytes()
    if before is None or after is None:
        return "not available on this system"
    mebibyte = 2**20
    return (
        f"{after / mebibyte:,.0f} MiB after importing {len(airports):,} airports,"
        f" {before / mebibyte:,.0f} MiB before"
    )
