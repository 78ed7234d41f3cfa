"""MCP: a call of a tool over HTTP beside the request to the API that does the same.

They take turns, one at a time, on one connection, so that what else the machine does meets both. No
reply of the API comes from its cache: each is asked for with a `limit` of its own.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from bench.figures import Figure, Scale, at_most, ratio
from bench.load import request
from bench.overhead import PIN
from bench.servers import Carnet, carnet, pins

GOAL = 3.0
ROWS = 20
"""Of the trip that is read: a result of a few kilobytes, as most are."""
LIMITS = range(50, 200)
"""Of pages that hold all of it."""


def call(ours: Carnet, tool: str, **arguments: Any) -> bytes:
    """A call of a tool as it goes over the wire."""
    params = {"name": tool, "arguments": arguments}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return request("POST", "/mcp", ours.key, msgspec.json.encode(message))


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    async with carnet(folder / "carnet") as ours:
        trip = await ours.new_trip()
        await ours.sync(trip, pins(ROWS))
        name = trip.rpartition("/")[2]
        read, written = f"{trip}/map-pins", f"{trip}/map-pins:batch"
        made = iter(range(10**9))

        def limited(path: str) -> Callable[[], bytes]:
            return lambda: ours.request("GET", f"{path}?limit={LIMITS[next(made) % len(LIMITS)]}")

        def new() -> list[Any]:
            return [{**PIN, "clientRef": f"new-{next(made)}"}]

        pairs: dict[str, tuple[Callable[[], bytes], Callable[[], bytes]]] = {
            "whoami / GET me": (
                lambda: call(ours, "whoami"),
                lambda: ours.request("GET", "/me"),
            ),
            f"list_items / GET map-pins, {ROWS} rows": (
                lambda: call(ours, "list_items", trip=name, kind="mapPin"),
                limited(read),
            ),
            "history / GET history": (
                lambda: call(ours, "history", trip=name),
                limited(f"{trip}/history"),
            ),
            "upsert_pins / POST map-pins:batch, one pin": (
                lambda: call(ours, "upsert_pins", trip=name, items=new()),
                lambda: ours.request("POST", written, {"items": new()}),
            ),
        }
        return [await _pair(ours, scale, claim, *pair) for claim, pair in pairs.items()]


async def _pair(
    ours: Carnet, scale: Scale, claim: str, tool: Callable[[], bytes], api: Callable[[], bytes]
) -> Figure:
    above, below = [], []
    for _ in range(scale.repetitions + 1):
        above.append((await ours.caller.send(tool(), expect=200)).seconds)
        below.append((await ours.caller.send(api(), expect=200)).seconds)
    # The first of each prepares statements and fills caches.
    return ratio(at_most, f"MCP: {claim}", above[1:], below[1:], GOAL)
