"""Contract section 3: addresses are compared as addresses, and zones by their names."""

import ipaddress

import msgspec
import pytest

from runtime.settings import Http, Limits, Settings
from server.ratelimit import LocalRateLimiter
from tests.support import PLENTY, SAMPLES, new_world

SHARED_LIMIT = 4

ONE_CLIENT = {
    "with and without a port": ["192.0.2.1", "192.0.2.1:80", "192.0.2.1:65535", " 192.0.2.1 "],
    "mapped into IPv6": [
        "192.0.2.1",
        "::ffff:192.0.2.1",
        "::FFFF:c000:201",
        "[::ffff:192.0.2.1]:443",
    ],
    "spellings of IPv6": [
        "2001:db8::1",
        "2001:DB8:0:0:0:0:0:1",
        "[2001:db8::1]",
        "[2001:0db8::0001]:8080",
        '"[2001:db8::1]:8080"',
        "2001:db8::1%eth0",
    ],
    "one /64": ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:1:2", "[2001:db8:0:0:8000::]:1"],
    "none, so the proxy": ["unknown", "_hidden", "", "1.2.3", "300.1.1.1", "[::1", "a:80"],
}
OTHER_CLIENTS = {
    "IPv4": ["192.0.2.1", "192.0.2.2", "192.0.2.3:80", "::ffff:192.0.2.4", "198.51.100.1"],
    "networks of IPv6": [f"2001:db8:0:{n}::1" for n in range(5)],
}


@pytest.fixture
def settings():
    return Settings(
        http=Http(trusted_proxies=1),
        limits=Limits(requests_per_minute=PLENTY, shared_requests_per_minute=SHARED_LIMIT),
    )


async def statuses(world, spellings):
    client = world.as_(None)
    return [
        (await client.get("/shared/trips/x", headers={"X-Forwarded-For": text})).status
        for text in spellings
    ]


@pytest.fixture(autouse=True)
def one_window(monkeypatch):
    """No window ends while a test runs."""
    real = LocalRateLimiter.__init__
    monkeypatch.setattr(LocalRateLimiter, "__init__", lambda limiter: real(limiter, lambda: 0.0))


@pytest.mark.parametrize("spellings", ONE_CLIENT.values(), ids=ONE_CLIENT)
async def test_one_client_has_one_limit_however_it_is_spelt(world, spellings):
    repeated = (spellings * 2)[: SHARED_LIMIT + 1]
    assert await statuses(world, repeated) == [404] * SHARED_LIMIT + [429]
    assert set(await statuses(world, spellings)) == {429}


@pytest.mark.parametrize("addresses", OTHER_CLIENTS.values(), ids=OTHER_CLIENTS)
async def test_other_clients_have_limits_of_their_own(world, addresses):
    assert await statuses(world, addresses) == [404] * len(addresses)


async def test_a_proxy_that_is_spelt_otherwise_is_still_one_hop(store, settings):
    http = msgspec.structs.replace(settings.http, trusted_proxies=2)
    async with new_world(store, msgspec.structs.replace(settings, http=http)) as world:
        proxies = ["10.0.0.1", "10.0.0.1:80", "::ffff:10.0.0.1", "nonsense", "[2001:db8::9]:1"]
        forwarded = [f"192.0.2.1, {proxy}" for proxy in proxies]
        assert await statuses(world, forwarded) == [404] * SHARED_LIMIT + [429]


def test_the_addresses_here_are_documentation():
    for each in OTHER_CLIENTS["networks of IPv6"]:
        assert ipaddress.ip_address(each) in ipaddress.ip_network("2001:db8::/32")


NO_ZONES = ["localtime", "Factory", "posixrules", "posix/Europe/London", "right/UTC", "tzdata.zi"]


@pytest.mark.parametrize("zone", [*NO_ZONES, "zone.tab", "../Europe/London", "europe/london"])
async def test_a_file_of_the_systems_is_no_time_zone(world, zone):
    for path, sample in (("/legs", SAMPLES["leg"]), ("/commitments", SAMPLES["commitment"])):
        answer = await world.client.post(world.trip + path, {**sample, "timezone": zone})
        assert (answer.status, answer.details) == (400, [("timezone", "malformed")])
