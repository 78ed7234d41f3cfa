"""A world with small limits, whose worker works when a test says so."""

from typing import Any

import msgspec

from runtime.settings import Settings
from tests.support import SAMPLES, Response, World
from tests.waiting import until
from tests.workers.work import run_next
from workers.kinds import KINDS

INLINE = 2
MAX_ITEMS = 12
ASYNC = {"Prefer": "respond-async"}
PIN = SAMPLES["mapPin"]


def small(settings: Settings) -> Settings:
    """Settings under which three items are many."""
    imports = msgspec.structs.replace(settings.imports, inline_items=INLINE, max_items=MAX_ITEMS)
    return msgspec.structs.replace(settings, imports=imports)


def pins(count: int, **fields: Any) -> dict[str, Any]:
    """A snapshot of pins, each with a clientRef."""
    return {"mapPins": [{**PIN, "clientRef": f"p{n}", **fields} for n in range(count)]}


async def stop_worker(world: World) -> None:
    """From here on jobs wait for `work`."""
    await world.running.worker.stop()


async def work(world: World) -> None:
    """Does the job that is due."""
    assert await run_next(world.store, world.running.services.signals, KINDS)


async def job_count(world: World) -> int:
    """How many jobs there ever were."""
    count: int = await world.store.read(lambda tx: tx.fetchval("SELECT count(*) FROM jobs"))
    return count


async def until_queued(world: World, count: int = 1) -> None:
    """Lets requests under way come to the point where they wait for a job."""

    async def queued() -> bool:
        return await job_count(world) >= count

    await until(queued)


async def job_of(world: World, answer: Response) -> Response:
    """The job a 202 tells of, read where its Location says."""
    return await world.client.get(world.running.base + answer.headers["Location"])
