"""The fixed window of 60 seconds (contract section 3)."""

import math

import pytest

from server.ratelimit import WINDOW_SECONDS, Allowance, LocalRateLimiter
from tests.support import take


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(clock: Clock) -> LocalRateLimiter:
    return LocalRateLimiter(clock)


async def test_a_window_allows_its_limit_and_not_one_more(limiter):
    allowances = [await take(limiter, "a", 3) for _ in range(5)]
    assert [a.remaining for a in allowances] == [2, 1, 0, 0, 0]
    assert [a.exceeded for a in allowances] == [False, False, False, True, True]
    assert {a.limit for a in allowances} == {3}


async def test_a_limit_of_one_allows_one(limiter):
    assert await take(limiter, "a", 1) == Allowance(1, 0, 60, exceeded=False)
    assert await take(limiter, "a", 1) == Allowance(1, 0, 60, exceeded=True)


async def test_a_window_starts_with_its_first_request_and_ends_after_60_seconds(limiter, clock):
    assert WINDOW_SECONDS == 60
    await take(limiter, "a", 1)
    clock.now += 59.999
    assert (await take(limiter, "a", 1)).exceeded
    clock.now += 0.001
    fresh = await take(limiter, "a", 1)
    assert not fresh.exceeded
    assert fresh.reset_seconds == 60


@pytest.mark.parametrize("passed", [0, 0.5, 30, 30.2, 58.5, 59.5, 59.999999])
async def test_reset_is_the_rest_of_the_window_in_whole_seconds_of_at_least_one(
    limiter, clock, passed
):
    await take(limiter, "a", 5)
    clock.now += passed
    reset = (await take(limiter, "a", 5)).reset_seconds
    assert reset == max(1, math.ceil(60 - passed - 1e-9))
    clock.now += reset
    assert (await take(limiter, "a", 5)).remaining == 4


async def test_who_waits_as_told_is_let_in(limiter, clock):
    for _ in range(20):
        clock.now += 0.37
        allowance = await take(limiter, "a", 2)
        if allowance.exceeded:
            clock.now += allowance.reset_seconds
            assert not (await take(limiter, "a", 2)).exceeded


async def test_refused_requests_do_not_lengthen_the_window(limiter, clock):
    await take(limiter, "a", 1)
    for _ in range(59):
        clock.now += 1
        assert (await take(limiter, "a", 1)).exceeded
    clock.now += 1
    assert not (await take(limiter, "a", 1)).exceeded


async def test_each_has_a_window_of_its_own(limiter, clock):
    await take(limiter, "a", 1)
    clock.now += 30
    assert not (await take(limiter, "b", 1)).exceeded
    assert (await take(limiter, "a", 1)).reset_seconds == 30
    assert (await take(limiter, "b", 1)).reset_seconds == 60


async def test_a_limit_that_changes_holds_for_the_present_window(limiter):
    await take(limiter, "a", 10)
    await take(limiter, "a", 10)
    assert (await take(limiter, "a", 2)).exceeded
    assert (await take(limiter, "a", 10)).remaining == 6


async def test_a_clock_at_zero_counts_too(clock):
    clock.now = 0.0
    limiter = LocalRateLimiter(clock)
    await take(limiter, "a", 1)
    assert (await take(limiter, "a", 1)).exceeded


async def test_windows_that_have_ended_are_forgotten(limiter, clock):
    for round_ in range(5):
        for address in range(1000):
            await take(limiter, f"{round_}/{address}", 1)
        clock.now += 61
    assert len(limiter._windows) <= 2000
