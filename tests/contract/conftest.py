"""What tests of wrong requests have in common, and tests of limits."""

import pytest

from server.ratelimit import LocalRateLimiter


class Clock:
    """A clock that stands still until it is moved.

    It starts on a whole minute, so that windows that start with the first request and windows
    of the clock's minutes are the same: the contract leaves that open.
    """

    def __init__(self) -> None:
        self.seconds = 60_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch):
    """The clock of every limiter the server makes."""
    made = Clock()
    real = LocalRateLimiter.__init__
    monkeypatch.setattr(LocalRateLimiter, "__init__", lambda limiter: real(limiter, made))
    return made


@pytest.fixture
async def lives_on(world):
    """The server answers the request after a bad one."""
    yield
    assert (await world.client.get("/me")).status == 200
    assert (await world.client.get(f"{world.trip}/export")).status == 200
