"""The real program under a path, behind a proxy that takes the path off, or passes it on."""

import re
from urllib.parse import urljoin, urlsplit

import aiohttp
import pytest

from tests.carnet.program import PLENTY, serving
from tests.servers import free_port
from tests.support import SAMPLES, TRIP, Client

LEADING = re.compile(r"""\b(?:href|src|action|data-[a-z-]+)=["'](/[^"']*)["']""")
"""What of a page leads to a path of this host."""


class Proxy:
    """Gives the path that the server is asked, of one that a client has asked for."""

    def __init__(self, base: str, prefix: str, strips: bool) -> None:
        self._base, self._prefix, self._strips = base, prefix, strips

    def url(self, path: str) -> str:
        """Where the proxy leads a path; what is outside of the prefix is somebody else's."""
        path = urlsplit(path)._replace(scheme="", netloc="").geturl()
        assert path.startswith(f"{self._prefix}/"), path
        return self._base + (path.removeprefix(self._prefix) if self._strips else path)


@pytest.mark.parametrize("strips", [True, False])
async def test_everything_that_leads_somewhere_leads_below_the_path(tmp_path, strips):
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    variables = {"CARNET_HTTP__PORT": str(port), "CARNET_HTTP__PUBLIC_URL": f"{base}/trips"}
    proxy = Proxy(base, "/trips", strips)
    async with (
        serving(tmp_path, **variables, **PLENTY) as server,
        aiohttp.ClientSession() as session,
    ):
        client = Client(session, "", server.key)
        described = await client.get(proxy.url("/trips/api/v1/openapi.json"))
        (api,) = [each["url"] for each in described.json["servers"]]
        me = await client.get(proxy.url(f"{api}/me"))
        group = me.json["defaultGroupId"]
        made = await client.post(proxy.url(f"{api}/trips"), {"groupId": group, **TRIP})
        trip = f"{api}/trips/{made.json['_id']}"
        pins = [{**SAMPLES["mapPin"], "clientRef": f"{n}"} for n in range(300)]
        queued = await client.send(
            "POST",
            proxy.url(f"{trip}/sync"),
            {"mapPins": pins},
            headers={"Prefer": "respond-async"},
        )
        assert queued.status == 202
        assert (await client.get(proxy.url(queued.headers["Location"]))).status == 200
        shared = (await client.post(proxy.url(f"{trip}/share-token"))).json["url"]
        assert (await client.with_key(None).get(proxy.url(shared))).status == 200
        token = shared.rpartition("/")[2]
        feed = await client.post(proxy.url(f"{api}/me/calendar-token"))
        assert (await client.with_key(None).get(proxy.url(feed.json["url"]))).status == 200
        pages = ("/trips/", "/trips/trips", "/trips/docs", f"/trips/t/{token}")
        assert await walked(session, proxy, *pages) > 10


async def walked(session: aiohttp.ClientSession, proxy: Proxy, *pages: str) -> int:
    """Follows all redirects and links from some pages; how many places it has seen."""
    html = {"Accept": "text/html"}
    left, seen = list(pages), set(pages)
    while left:
        path = left.pop()
        async with session.get(proxy.url(path), headers=html, allow_redirects=False) as got:
            # What a form is sent to takes nothing but that.
            assert got.status in (200, 303, 405), (path, got.status)
            found = [got.headers["Location"]] if got.status == 303 else []
            if got.content_type == "text/html":
                found += LEADING.findall(await got.text())
        async with session.head(proxy.url(path), headers=html, allow_redirects=False) as head:
            assert (head.status, await head.read()) == (got.status, b"")
        for target in found:
            target = urljoin(path, target).partition("#")[0]
            if target not in seen:
                seen.add(target)
                left.append(target)
    return len(seen)
