"""The caller is looked up and counted at once, where the key was seen before."""

import asyncio

import pytest

from domain.errors import Unavailable
from server.ratelimit import LocalRateLimiter
from storage import keys
from tests.support import now
from tests.waiting import PATIENCE


class Meeting:
    """A limiter and a store, each of which answers once both are asked."""

    def __init__(self, world) -> None:
        self.limiter = LocalRateLimiter()
        self.store = world.store
        self.look_up_fails = False
        self.failed = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()
        self._both = asyncio.Barrier(2)

    def count(self, who):
        async def count():
            async with asyncio.timeout(PATIENCE):
                if not who.startswith("address:"):
                    await self._both.wait()
                    await self.may_end.wait()
            return self.limiter.count(who)

        return asyncio.create_task(count())

    async def look_up(self, operation, name):
        async with asyncio.timeout(PATIENCE):
            await self._both.wait()
        if self.look_up_fails:
            self.failed.set()
            raise Unavailable("The database is unavailable")
        return await self.store.look_up(operation, name)

    def __getattr__(self, name):
        return getattr(self.store, name)


@pytest.fixture
async def meeting(world) -> Meeting:
    """In place of the server's, once it knows the key."""
    assert (await world.client.get("/me")).status == 200
    made = Meeting(world)
    for part in ("limiter", "store"):
        object.__setattr__(world.running.services, part, made)
    return made


async def test_a_key_seen_before_is_counted_while_its_caller_is_looked_up(world, meeting):
    left = [(await world.client.get("/me")).headers["X-RateLimit-Remaining"] for _ in range(3)]
    assert [int(left[0]) - int(each) for each in left] == [0, 1, 2]


async def test_a_key_seen_before_is_refused_once_it_is_revoked(world, meeting):
    (key,) = await world.store.read(keys.list_all)
    await world.store.write(lambda tx: keys.revoke(tx, key.id, now()))
    answer = await world.client.get("/me")
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    assert "X-RateLimit-Remaining" not in answer.headers


async def test_a_request_that_fails_leaves_no_counting_behind(world, meeting):
    meeting.look_up_fails = True
    meeting.may_end.clear()
    asking = asyncio.create_task(world.client.get("/me"))
    async with asyncio.timeout(PATIENCE):
        await meeting.failed.wait()
    # Meanwhile another one comes and goes.
    assert (await world.client.get("/openapi.json")).status == 200
    assert not asking.done()
    meeting.may_end.set()
    assert (await asking).status == 503
