"""Carnet at work, step by step: `make demo`.

Without arguments it starts a server of its own with an empty database, and stops it at the
end. With `--url` and `--key` (or `CARNET_URL` and `CARNET_API_KEY`) it speaks to yours, where it
leaves two trips behind. The whole demo is fewer than 50 requests.
"""

import argparse
import contextlib
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import airportsdata

from examples.client import Answer, ApiError, Client
from examples.local_server import LocalServer

JAPAN = Path(__file__).parent.parent / "operations" / "sample" / "japan.json"
PAGES = 5
PAGE_SIZE = 200
DELTA_PAGE_SIZE = 1_000
SECRETS = {
    "doorCode": "door codes",
    "wifiPassword": "wifi passwords",
    "confirmationNumber": "confirmation numbers",
}
LINKS = {"_id", "tripId", "legId", "mapPinId"}


class Unexpected(Exception):
    """The server did something else than it should; the text says what."""


def main() -> int:
    """Runs the demo; the exit code."""
    arguments = _arguments()
    try:
        if arguments.url:
            run(Client(arguments.url, arguments.key))
        else:
            with own_server() as (server, client):
                run(client)
                _tell_memory(server)
    except (Unexpected, ApiError, OSError, RuntimeError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    print("All as it should be.")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument("--url", default=os.environ.get("CARNET_URL"), help="http://host:port")
    parser.add_argument("--key", default=os.environ.get("CARNET_API_KEY"), help="an API key")
    arguments = parser.parse_args()
    if bool(arguments.url) != bool(arguments.key):
        parser.error("--url and --key go together")
    return arguments


@contextlib.contextmanager
def own_server() -> Iterator[tuple[LocalServer, Client]]:
    """A server for the time of the demo, and a client with a key that may ask often."""
    with tempfile.TemporaryDirectory(prefix="carnet-demo-") as folder:
        server = LocalServer(Path(folder))
        server.set_up()
        key = server.create_key(requests_per_minute=6000)
        started = time.perf_counter()
        server.start()
        try:
            say(f"started a server of our own at {server.url}", started)
            yield server, Client(server.url, key)
        finally:
            server.stop()


def run(client: Client) -> None:
    """All the steps."""
    group_id = who_am_i(client)
    japan = json.loads(JAPAN.read_text(encoding="utf-8"))
    japan_id = create_trip(client, {**japan["trip"], "groupId": group_id})
    sync_a_trip(client, japan_id, japan)
    airports_id = create_trip(
        client,
        {
            "groupId": group_id,
            "title": "All airports",
            "startDate": "2027-01-01",
            "endDate": "2027-12-31",
        },
    )
    pins = airport_pins()
    sync_many(client, airports_id, pins)
    page_through(client, airports_id, pins)
    export(client, japan_id, "Two weeks in Japan")
    export(client, airports_id, "All airports")
    read_delta(client, airports_id, pins)
    take_back(client, airports_id, pins)
    share(client, japan_id, japan)


def who_am_i(client: Client) -> str:
    """The id of the group that new trips go into."""
    started = time.perf_counter()
    me = client.get("/me").json
    group = next(group for group in me["groups"] if group["_id"] == me["defaultGroupId"])
    say(f'this key belongs to {me["user"]["name"]}, whose trips go to "{group["name"]}"', started)
    return str(group["_id"])


def create_trip(client: Client, body: dict[str, Any]) -> str:
    """A new trip's id."""
    started = time.perf_counter()
    trip = client.post("/trips", body).json
    expect(trip["status"] == "draft", "a new trip should be a draft")
    say(f'created the trip "{trip["title"]}"', started)
    return str(trip["_id"])


def sync_a_trip(client: Client, trip_id: str, snapshot: dict[str, Any]) -> None:
    """A trip from a file: looked at first, then done, then done again to no effect."""
    items = count_items(snapshot)
    path = f"/trips/{trip_id}/sync"

    started = time.perf_counter()
    counts = totals(client.post(f"{path}?dryRun=true", snapshot))
    expect_counts(counts, created=items)
    empty = client.get(f"/trips/{trip_id}/map-pins").json["items"]
    expect(empty == [], "a dry run should write nothing")
    say(f"dry run of {JAPAN.name}: would be {tell(counts)}; nothing written", started)

    started = time.perf_counter()
    counts = totals(client.post(path, snapshot))
    expect_counts(counts, created=items)
    say(f"synced {JAPAN.name}: {tell(counts)}", started)

    started = time.perf_counter()
    counts = totals(client.post(path, snapshot))
    expect_counts(counts, unchanged=items)
    say(f"synced it again: {tell(counts)}", started)


def airport_pins() -> list[dict[str, Any]]:
    """Every airport with an IATA code, as map pins."""
    return [
        {
            "clientRef": f"iata-{code}",
            "name": airport["name"],
            "lat": airport["lat"],
            "lng": airport["lon"],
            "category": "airport",
            "notes": f"{airport['city'] or airport['subd']}, {airport['country']}"
            f" ({airport['icao']})",
        }
        for code, airport in airportsdata.load("IATA").items()
    ]


def sync_many(client: Client, trip_id: str, pins: list[dict[str, Any]]) -> None:
    """Thousands of items in one request: the server's queue does them in one transaction."""
    started = time.perf_counter()
    counts = totals(client.post(f"/trips/{trip_id}/sync", {"mapPins": pins}))
    expect_counts(counts, created=len(pins))
    say(f"synced all airports in one request: {tell(counts)}", started)

    started = time.perf_counter()
    counts = totals(client.post(f"/trips/{trip_id}/sync", {"mapPins": pins}))
    expect_counts(counts, unchanged=len(pins))
    say(f"synced them again: {tell(counts)}", started)


def page_through(client: Client, trip_id: str, pins: list[dict[str, Any]]) -> None:
    """The first pages of a long list, by cursor."""
    started = time.perf_counter()
    pages = client.pages(f"/trips/{trip_id}/map-pins", PAGE_SIZE)
    found = [pin["clientRef"] for page in itertools.islice(pages, PAGES) for pin in page]
    expected = [pin["clientRef"] for pin in pins[: PAGES * PAGE_SIZE]]
    expect(found == expected, "pages should list the pins once each, oldest first")
    say(f"read {PAGES} pages of {PAGE_SIZE}: {len(found):,} of {len(pins):,} pins", started)


def export(client: Client, trip_id: str, title: str) -> None:
    """A whole trip in one response."""
    started = time.perf_counter()
    answer = client.get(f"/trips/{trip_id}/export")
    snapshot = answer.json
    expect(snapshot["trip"]["_id"] == trip_id, "an export should be of the trip asked for")
    say(f'exported "{title}": {len(answer.raw):,} bytes, {count_items(snapshot):,} items', started)


def read_delta(client: Client, trip_id: str, pins: list[dict[str, Any]]) -> None:
    """What changed since the trip was made, in pages: for a client that keeps a copy."""
    started = time.perf_counter()
    path = f"/trips/{trip_id}/changes?since=1"
    changed = list(itertools.chain.from_iterable(client.pages(path, DELTA_PAGE_SIZE)))
    refs = {item["document"]["clientRef"] for item in changed}
    expect(refs == {pin["clientRef"] for pin in pins}, "a delta should have each airport")
    expect(len(changed) == len(pins), "a delta should have each row once")
    say(f"read what changed since the trip was made: {len(changed):,} rows", started)


def take_back(client: Client, trip_id: str, pins: list[dict[str, Any]]) -> None:
    """An import undone by one call, and who did what."""
    (imported, _made) = client.get(f"/trips/{trip_id}/history").json["items"]
    expect(imported["summary"]["mapPins"]["created"] == len(pins), "the import is one changeset")

    started = time.perf_counter()
    undone = client.post(f"/trips/{trip_id}/history/{imported['rev']}/undo").json
    expect(undone["mapPins"]["deleted"] == len(pins), "an undo should take back the whole import")
    left = client.get(f"/trips/{trip_id}/map-pins").json["items"]
    expect(left == [], "an undone import should leave nothing")
    say(f"took the import back by one call: {undone['mapPins']['deleted']:,} deleted", started)

    started = time.perf_counter()
    entries = client.get(f"/trips/{trip_id}/history").json["items"]
    expect(entries[0]["undoes"] == imported["rev"], "the history should tell what undid it")
    say("the history has it all:", started)
    for entry in entries:
        print(f"{'':15}revision {entry['rev']}, {entry['by']['name']}: {summary(entry)}")


def summary(entry: dict[str, Any]) -> str:
    """What a changeset did: `7,884 mapPins created`."""
    done = [
        f"{number:,} {name} {outcome}"
        for name, counts in entry["summary"].items()
        for outcome, number in counts.items()
        if number
    ]
    undoes = f" (undoes revision {entry['undoes']})" if "undoes" in entry else ""
    return ", ".join(done) + undoes


def share(client: Client, trip_id: str, snapshot: dict[str, Any]) -> None:
    """A link that shows anyone the trip, without what only its members may know."""
    started = time.perf_counter()
    token = client.post(f"/trips/{trip_id}/share-token").json["token"]
    stranger = Client(client.url)
    views = [
        stranger.get(f"/shared/trips/{token}").json,
        stranger.get(f"/shared/trips/{token}/export").json,
    ]
    expect(len(views[1]["legs"]) == len(snapshot["legs"]), "a shared trip should have all legs")
    secrets = {name: list(values_of(snapshot, name)) for name in SECRETS}
    for name, values in secrets.items():
        expect(bool(values), f"{JAPAN.name} should have a {name}, or this shows nothing")
        for text in itertools.chain.from_iterable(texts_of(view) for view in views):
            expect(not any(value in text for value in values), f"a {name} is on the shared view")
    hidden = ", ".join(f"{len(values)} {SECRETS[name]}" for name, values in secrets.items())
    say(f"shared it: without a key one sees none of the {hidden}", started)

    started = time.perf_counter()
    client.delete(f"/trips/{trip_id}/share-token")
    try:
        stranger.get(f"/shared/trips/{token}")
    except ApiError as error:
        expect(error.status == 404, f"a revoked link should be a 404, not {error}")
    else:
        raise Unexpected("a revoked link still works")
    say("stopped sharing it: the link is dead", started)


def _tell_memory(server: LocalServer) -> None:
    resident = server.resident_bytes()
    told = "not available on this system" if resident is None else f"{resident / 2**20:,.0f} MiB"
    print(f"  resident memory of the server: {told}")


def totals(answer: Answer) -> dict[str, int]:
    """The counts of a sync, over all its categories."""
    categories = [value for value in answer.json.values() if isinstance(value, dict)]
    names = ("created", "updated", "unchanged", "errors")
    return {name: sum(category[name] for category in categories) for name in names}


def count_items(snapshot: dict[str, Any]) -> int:
    """How many items a snapshot has: all its lists but the members."""
    return sum(
        len(value)
        for name, value in snapshot.items()
        if isinstance(value, list) and name != "members"
    )


def values_of(value: Any, name: str) -> Iterator[str]:
    """Every value of the members of this name, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == name:
                yield inner
            else:
                yield from values_of(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from values_of(inner, name)


def texts_of(value: Any) -> Iterator[str]:
    """Every text in a JSON value, ids aside (one may hold a short code by chance)."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from texts_of(inner)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in LINKS:
                yield from texts_of(inner)


def tell(counts: dict[str, int]) -> str:
    """Counts for a person: `7,884 created`."""
    return ", ".join(f"{n:,} {name}" for name, n in counts.items() if n) or "nothing to do"


def expect_counts(counts: dict[str, int], **expected: int) -> None:
    """Stops the demo unless these, and no others, are what a sync came to."""
    wanted = dict.fromkeys(counts, 0) | expected
    expect(counts == wanted, f"expected {tell(wanted)}; got {tell(counts)}")


def expect(holds: bool, message: str) -> None:
    """Stops the demo when something is not as it should be."""
    if not holds:
        raise Unexpected(message)


def say(text: str, started: float) -> None:
    """One line for a step that began at `started`."""
    milliseconds = (time.perf_counter() - started) * 1000
    print(f"{milliseconds:8,.1f} ms  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
