"""How often a request waits for Postgres, counted on the wire."""

from urllib.parse import urlsplit

import pytest

from bench.roundtrips import wire
from storage import open_store
from storage.migrate import migrate
from tests import servers
from tests.support import SAMPLES, World, new_world, now

PIN = SAMPLES["mapPin"]
CHANGED = " after a change"


@pytest.fixture
def database(postgres_url):
    with servers.new_database(postgres_url) as url:
        yield url


@pytest.fixture
async def counted(database, settings):
    """A world, and the wire to its database; its worker does not work."""
    parts = urlsplit(database)
    async with wire(parts.port or 5432) as between:
        user = f"{parts.username}@" if parts.username else ""
        url = f"postgresql://{user}127.0.0.1:{between.port}{parts.path}"
        store = await open_store(url)
        await migrate(store, now())
        async with new_world(store, settings) as world:
            await world.running.worker.stop()
            yield world, between
        await store.close()


async def trips_of(world: World, between, number: int, method: str, path: str, body=None) -> int:
    """Round trips of a request, once its statements are prepared."""
    headers = {"Idempotency-Key": f"{number}"} if method == "POST" else None
    if path.endswith(CHANGED):
        path = path.removesuffix(CHANGED)
        assert (await world.client.post(f"{world.trip}/map-pins", PIN)).status == 201
    before = between.round_trips
    answer = await world.client.send(method, f"{world.trip}{path}", body, headers=headers)
    assert answer.status in (200, 201)
    return int(between.round_trips - before)


@pytest.mark.parametrize(
    ("method", "path", "body", "most"),
    [
        ("POST", "/map-pins", PIN, 2),
        ("POST", "/map-pins", "with a clientRef", 2),
        ("POST", "/action-items", SAMPLES["actionItem"], 2),
        ("GET", f"/export{CHANGED}", None, 2),
        ("GET", "/export", None, 1),
        ("GET", "", None, 1),
        ("GET", "/map-pins?limit=2", None, 1),
        ("GET", f"/map-pins?limit=2{CHANGED}", None, 2),
        ("GET", "/members", None, 1),
    ],
)
async def test_a_request_waits_for_postgres_so_often_at_most(counted, method, path, body, most):
    world, between = counted
    found = []
    for number in range(12):
        sent = {**PIN, "clientRef": f"r{number}"} if isinstance(body, str) else body
        found.append(await trips_of(world, between, number, method, path, sent))
    # Each of a pool's connections prepares its statements once.
    assert found[-1] == most, found
    assert min(found) == most, found
