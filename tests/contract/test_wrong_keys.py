"""Keys that let nobody in, many of them from one address."""

from typing import Any

import pytest

from runtime.settings import Http, Limits, Settings


@pytest.fixture
def settings(clock):
    http, limits = Http(trusted_proxies=1), Limits(wrong_keys_per_minute=3)
    return Settings(http=http, limits=limits)


async def test_who_sends_many_is_told_to_wait(world, clock):
    here, other = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}

    async def wrong(number: int, headers: dict[str, str]) -> Any:
        return await world.as_(f"osk_{number:043}").get("/me", headers=headers)

    answers = [await wrong(number, here) for number in range(5)]
    assert [answer.status for answer in answers] == [401, 401, 401, 429, 429]
    for answer in answers:
        assert "X-RateLimit-Limit" not in answer.headers
    assert answers[3].headers["Retry-After"] == "60"
    assert answers[3].json["error"]["code"] == "RATE_LIMITED"
    # Others are not, nor is who has a right key there.
    assert (await wrong(9, other)).status == 401
    assert (await world.client.get("/me", headers=here)).status == 200
    clock.seconds += 60
    assert (await wrong(9, here)).status == 401


async def test_right_ones_and_none_at_all_are_not_counted(world):
    for _ in range(5):
        assert (await world.client.get("/me")).status == 200
        assert (await world.as_(None).get("/me")).status == 401
    assert (await world.as_(f"osk_{0:043}").get("/me")).status == 401


async def test_the_mcp_server_counts_them_too(world):
    def ask() -> Any:
        return world.as_(f"osk_{0:043}").post(f"{world.running.base}/mcp", {})

    assert [(await ask()).status for _ in range(4)] == [401, 401, 401, 429]
