"""Contract section 13: where a webhook may lead (no server-side request forgery)."""

import asyncio

import msgspec
import pytest

from runtime.settings import Webhooks
from server.api import webhooks
from tests.support import WEBHOOK

NAMES = {
    "public.example": ["8.8.8.8", "2606:4700:4700::1111"],
    "private.example": ["10.0.0.1"],
    "both.example": ["8.8.8.8", "127.0.0.1"],
    "six.example": ["2606:4700:4700::1111", "fd00::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "localhost": ["127.0.0.1", "::1"],
    "localhost.": ["127.0.0.1"],
}

PRIVATE = [
    *("127.0.0.1", "127.0.0.1:8080", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
    *("100.64.0.1", "0.0.0.0", "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255"),  # noqa: S104
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[fe80::1]"),
    *("[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fd00:ec2::254]", "[ff02::1]", "[2001:db8::1]"),
    *("private.example", "both.example", "six.example", "mapped.example", "localhost:80"),
    "localhost.",
]

MALFORMED = [
    *("2130706433", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "127.1", "127.0.0.1.", "0"),
    *("[fe80::1%25eth0]", "[fe80::1%eth0]", "me@public.example", "me:x@public.example"),
    *("public.example\\@127.0.0.1", "public.example:0", "public.example:99999", "[::1"),
    *("%6cocalhost", "\uff11\uff12\uff17.0.0.1", "public.example/#x", " public.example"),
]


async def look_up(name: str) -> list[str]:
    try:
        return NAMES[name]
    except KeyError:
        raise OSError from None


@pytest.fixture
def named(world):
    """A world with those names."""
    object.__setattr__(world.running.services, "look_up", look_up)
    return world


@pytest.mark.parametrize("host", PRIVATE)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_an_address_that_is_not_public_is_refused(named, scheme, host):
    refused = await named.client.post("/webhooks", {**WEBHOOK, "url": f"{scheme}://{host}/x"})
    assert (refused.status, refused.details) == (400, [("url", "not_allowed")])
    assert "allow_private" in refused.json["error"]["message"]


@pytest.mark.parametrize("host", MALFORMED)
async def test_so_is_what_only_some_would_take_for_an_address(named, host):
    refused = await named.client.post("/webhooks", {**WEBHOOK, "url": f"http://{host}/x"})
    assert (refused.status, refused.details) == (400, [("url", "malformed")])


@pytest.mark.parametrize("host", ["public.example", "8.8.8.8:8443", "[2606:4700:4700::1111]"])
async def test_a_public_one_is_taken(named, host):
    assert (
        await named.client.post("/webhooks", {**WEBHOOK, "url": f"https://{host}"})
    ).status == 201


async def test_a_name_that_does_not_resolve_yet_is_taken(named):
    body = {**WEBHOOK, "url": "https://later.example"}
    assert (await named.client.post("/webhooks", body)).status == 201


async def test_a_name_server_that_does_not_answer_is_not_waited_for(world, monkeypatch):
    async def hang(_name: str) -> list[str]:
        await asyncio.Event().wait()
        return []

    object.__setattr__(world.running.services, "look_up", hang)
    monkeypatch.setattr(webhooks, "LOOK_UP_SECONDS", 0.01)
    assert (await world.client.post("/webhooks", WEBHOOK)).status == 201


async def test_a_change_of_the_url_is_checked_too(named):
    made = await named.client.post("/webhooks", {**WEBHOOK, "url": "https://public.example"})
    path = f"/webhooks/{made.json['_id']}"
    refused = await named.client.patch(path, {"url": "http://private.example"})
    assert (refused.status, refused.details) == (400, [("url", "not_allowed")])
    assert (await named.client.patch(path, {"url": "https://8.8.4.4"})).status == 200


async def test_all_that_is_wrong_is_told_with_the_address(named):
    body = {"url": "http://127.0.0.1", "events": ["x"]}
    refused = await named.client.post("/webhooks", body)
    assert refused.details == [("events[0]", "not_allowed"), ("url", "not_allowed")]


async def test_nobody_is_asked_for_what_is_no_name(world):
    asked = []

    async def note(name: str) -> list[str]:
        asked.append(name)
        return []

    object.__setattr__(world.running.services, "look_up", note)
    for url in ("http://8.8.8.8", "http://[::1]", "x", 1, None, "http://127.1", "http://a.example"):
        await world.client.post("/webhooks", {**WEBHOOK, "url": url})
    assert asked == ["a.example"]


async def test_the_setting_lifts_the_check_of_addresses_and_nothing_else(named):
    services = named.running.services
    allowed = msgspec.structs.replace(services.settings, webhooks=Webhooks(allow_private=True))
    object.__setattr__(services, "settings", allowed)
    for host in ("127.0.0.1", "[::1]", "private.example"):
        body = {**WEBHOOK, "url": f"http://{host}"}
        assert (await named.client.post("/webhooks", body)).status == 201
    for host in MALFORMED:
        refused = await named.client.post("/webhooks", {**WEBHOOK, "url": f"http://{host}/x"})
        assert refused.details == [("url", "malformed")]
