"""What a server serves, side by side, and under the path of its public URL."""

import aiohttp
import msgspec
import pytest
from aiohttp import web
from yarl import URL

from server.app import App, build_app
from server.health import Health
from server.route import API
from tests.server.test_listener import listening
from tests.support import Client


async def test_what_is_mounted_first_comes_first():
    async def answer(_request: web.BaseRequest, path: str) -> web.StreamResponse:
        return web.Response(text=f"part {path!r}")

    async def rest(_request: web.BaseRequest, path: str) -> web.StreamResponse:
        return web.Response(text=f"rest {path!r}")

    app = App()
    app.mount("/part", answer)
    app.mount("/caf%C3%A9", answer)
    app.mount("", rest)
    async with listening(app) as (_, url), aiohttp.ClientSession() as session:

        async def ask(path: str) -> str:
            async with session.get(URL(f"{url}{path}", encoded=True)) as response:
                return await response.text()

        assert await ask("/part/a%2Fb?c=d") == "part '/a%2Fb'"
        assert await ask("/part/") == "part '/'"
        assert await ask("/p%61rt/%61") == "part '/%61'"
        assert await ask("/part%2Fa") == "rest '/part%2Fa'"
        assert await ask("/caf%C3%A9/a") == await ask("/caf%c3%a9/a") == "part '/a'"
        assert await ask("/partial") == "rest '/partial'"
        assert await ask("/") == "rest '/'"


@pytest.mark.parametrize("path", ["/apiv1", "/index.html"])
async def test_what_is_outside_of_the_api_is_not_found(world, path):
    answer = await world.as_(None).get(f"{world.running.base}{path}")
    assert (answer.status, answer.code) == (404, "NOT_FOUND")
    assert API in answer.json["error"]["message"]
    assert answer.headers["X-Request-Id"] == answer.json["error"]["requestId"]


@pytest.mark.parametrize("path", [API, f"{API}/", f"{API}/nothing"])
async def test_an_unknown_route_of_the_api_needs_a_key_first(world, path):
    assert (await world.as_(None).get(f"{world.running.base}{path}")).status in (401, 404)
    answer = await world.client.get(f"{world.running.base}{path}")
    assert (answer.status, answer.code) == (404, "NOT_FOUND")


async def test_a_server_is_mounted_under_the_path_of_its_public_url(world):
    services = world.running.services
    object.__setattr__(services, "public_url", "https://example.org/carnet/here/")
    async with (
        listening(build_app(services, Health({}))) as (_, url),
        aiohttp.ClientSession() as session,
    ):
        below = Client(session, f"{url}/carnet/here", world.owner.key)
        assert (await below.get("/me")).status == 200
        queued = await below.post(
            f"{world.trip}/sync", {"legs": []}, headers={"Prefer": "respond-async"}
        )
        job_id = msgspec.json.decode(queued.raw)["_id"]
        assert queued.headers["Location"] == f"/carnet/here{API}/jobs/{job_id}"
        for prefix, status in (("", 200), ("/carnet", 404), ("/carnet/here/carnet/here", 404)):
            client = Client(session, f"{url}{prefix}", world.owner.key)
            assert (await client.get("/me")).status == status
