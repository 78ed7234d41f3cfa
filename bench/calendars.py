"""What a calendar costs the server: when something has changed, and when nothing has."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.figures import Figure, Scale, at_most
from bench.load import request
from bench.servers import Carnet, carnet, cpu_seconds

GOAL_MS = 150
LEGS, EVENTS = 100, 1_000
NOTES = (
    "Two twin rooms on the river side. 浅草寺 is six minutes on foot; ring twice, and wait. " * 3
)


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    async with carnet(folder / "carnet") as ours:
        trip = await ours.new_trip()
        rows = ours.request("POST", f"{trip}/sync", _rows())
        await ours.caller.send(rows, expect=200)
        made = await ours.caller.send(ours.request("POST", "/me/calendar-token"), expect=201)
        feed = urlsplit(made.json["url"]).path
        new, size = await _milliseconds(ours, trip, feed, scale.repetitions, changes=True)
        cached, _ = await _milliseconds(ours, trip, feed, scale.repetitions * 10, changes=False)
    return [
        at_most(
            f"feed of a trip of {EVENTS:,} events: CPU, not cached",
            new,
            GOAL_MS,
            f"{new:.0f} ms, {size / 1000:,.0f} kB",
        ),
        Figure("  cached", f"{cached:.1f} ms"),
    ]


async def _milliseconds(
    ours: Carnet, trip: str, feed: str, times: int, *, changes: bool
) -> tuple[float, int]:
    """Processor time of the server for a read of a feed, each after a change; and its size."""
    used = 0.0
    pids = ours.server.pids()
    for number in range(times):
        if changes:
            title = {"title": f"Measured {number}"}
            await ours.caller.send(ours.request("PATCH", trip, title), expect=200)
        before = cpu_seconds(pids)
        response = await ours.caller.send(request("GET", feed, ""), expect=200)
        used += cpu_seconds(pids) - before
        if response.body.count(b"BEGIN:VEVENT") != EVENTS:
            raise RuntimeError(f"not {EVENTS} events: {response.body[:300]!r}")
    return used / times * 1000, len(response.body)


def _rows() -> dict[str, list[Any]]:
    """Legs with a flight and a place to sleep each, and commitments at pins."""
    days = [f"2027-{1 + number % 12:02}-{1 + number % 28:02}" for number in range(EVENTS)]
    flight = {
        "flightNumber": "JL44",
        "departureAirport": "LHR",
        "arrivalAirport": "HND",
        "arrivalTime": "2027-07-15T17:30",
    }
    legs = [
        {
            "clientRef": f"leg-{number}",
            "order": number,
            "title": f"Leg number {number}",
            "destination": "Tokyo, Japan",
            "startDate": days[number],
            "endDate": days[number],
            "timezone": ("Asia/Tokyo", "Europe/Berlin", "America/New_York")[number % 3],
            "accommodation": {"name": "Ryokan", "address": "Yanaka, Taito", "notes": NOTES},
            "flights": [{**flight, "departureTime": f"{days[number]}T09:05:00+01:00"}],
        }
        for number in range(LEGS)
    ]
    pin = {"clientRef": "pin", "name": "Sensō-ji", "lat": 35.7148, "lng": 139.7967}
    commitments = [
        {
            "clientRef": f"commitment-{number}",
            "title": f"Dinner, number {number}; with all",
            "startDate": days[number],
            "startTime": "19:00",
            "endTime": "21:30",
            "category": "dinner",
            "legRef": f"leg-{number % LEGS}",
            "mapPinRef": "pin",
            "notes": NOTES,
        }
        for number in range(EVENTS - 3 * LEGS)
    ]
    return {"legs": legs, "mapPins": [pin], "commitments": commitments}
