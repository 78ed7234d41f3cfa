"""What the page of a shared trip costs the server: after a change, and when nothing has changed."""

from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from bench.figures import Figure, Scale, at_most
from bench.load import request
from bench.servers import Carnet, carnet, cpu_seconds

GOAL_MS = 5
GOAL_KB = 25


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module, of the sample trip."""
    sample = msgspec.json.decode((files("operations.sample") / "japan.json").read_bytes())
    async with carnet(folder / "carnet") as ours:
        trip = await ours.new_trip()
        dates = ours.request("PATCH", trip, sample.pop("trip"))
        await ours.caller.send(dates, expect=200)
        await ours.caller.send(ours.request("POST", f"{trip}/sync", sample), expect=200)
        made = await ours.caller.send(ours.request("POST", f"{trip}/share-token"), expect=201)
        page = f"/t/{urlsplit(made.json['url']).path.rpartition('/')[2]}"
        times = scale.repetitions * 20
        new, size = await _milliseconds(ours, trip, page, times, changes=True)
        cached, _ = await _milliseconds(ours, trip, page, times, changes=False)
        style = await ours.caller.send(_request("/static/app.css"), expect=200)
    whole = (size + len(style.body)) / 1000
    return [
        at_most("page of a shared trip: CPU, not cached", new, GOAL_MS, f"{new:.1f} ms"),
        Figure("  cached", f"{cached:.1f} ms"),
        at_most("  with its style sheet, compressed", whole, GOAL_KB, f"{whole:.0f} kB"),
    ]


async def _milliseconds(
    ours: Carnet, trip: str, page: str, times: int, *, changes: bool
) -> tuple[float, int]:
    """Processor time of the server for a read of a page, each after a change; and its size."""
    used = 0.0
    pids = ours.server.pids()
    for number in range(times):
        if changes:
            title = {"title": f"Measured {number}"}
            await ours.caller.send(ours.request("PATCH", trip, title), expect=200)
        before = cpu_seconds(pids)
        response = await ours.caller.send(_request(page), expect=200)
        used += cpu_seconds(pids) - before
    return used / times * 1000, len(response.body)


def _request(path: str) -> bytes:
    return request("GET", path, Accept="text/html", Accept_Encoding="gzip")
