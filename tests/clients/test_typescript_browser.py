"""The TypeScript client in a page of another origin, on plain http, in a real browser."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from aiohttp import web
from playwright.async_api import Browser, async_playwright

from tests.browser import ALONE, CHROMIUM
from tests.support import SAMPLES
from tests.waiting import PATIENCE

ELSEWHERE = "--host-resolver-rules=MAP *.lan 127.0.0.1"

SCRIPT = """async ({ apiKey, baseUrl, tripId, leg }) => {
    const { CarnetClient, CarnetError } = await import("/esm/index.js");
    const client = new CarnetClient({ apiKey, baseUrl });
    const { _id } = await client.createLeg(tripId, leg);
    const titles = [];
    for await (const { title } of client.iterateLegs(tripId)) {
        titles.push(title);
    }
    const events = client.events(tripId);
    const told = [(await events.next()).value.type];
    await client.updateLeg(tripId, _id, { title: "Kyoto" });
    const change = (await events.next()).value;
    told.push(change.type, change.data.items[0].document.title);
    await events.return();
    const { response } = await client.listLegs(tripId).withResponse();
    const ifNoneMatch = response.headers.get("ETag");
    const again = await client.listLegs(tripId, { ifNoneMatch }).withResponse();
    const error = await client.getTrip("nothere").catch((error) => error);
    return {
        ...{ titles, told, random: typeof crypto.randomUUID },
        unchanged: [again.data === undefined, again.response.status],
        error: [error instanceof CarnetError, error.code, error.requestId.slice(0, 4)],
    };
}"""

pytestmark = [
    pytest.mark.debian,
    pytest.mark.parametrize("storage_url", ["sqlite"], indirect=True),
]


async def empty(_request: web.Request) -> web.Response:
    """A page without anything."""
    return web.Response(text="<!doctype html>", content_type="text/html")


@pytest.fixture(params=["127.0.0.1", "home.lan"])
async def origin(request, built) -> AsyncIterator[str]:
    """Where the page is: on this machine, or elsewhere, which is no secure context."""
    app = web.Application()
    app.router.add_static("/esm", built / "dist" / "esm")
    app.router.add_get("/", empty)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    _, port = runner.addresses[0][:2]
    yield f"http://{request.param}:{port}"
    await runner.cleanup()


@pytest.fixture
def settings(settings, origin):
    return msgspec.structs.replace(
        settings, http=msgspec.structs.replace(settings.http, cors_origins=(origin,))
    )


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """The machine's browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*ALONE, ELSEWHERE]
        )
        yield browser
        await browser.close()


async def test_a_page_lists_legs_and_follows_events(world, origin, chromium):
    page = await chromium.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    await page.goto(origin)
    host = origin.split("//")[1].split(":")[0]
    given = {
        "apiKey": world.owner.key,
        "baseUrl": world.running.base.replace("127.0.0.1", host),
        "tripId": world.trip_id,
        "leg": SAMPLES["leg"],
    }
    found = await page.evaluate(SCRIPT, given)
    assert found == {
        "titles": [SAMPLES["leg"]["title"]],
        "told": ["hello", "change", "Kyoto"],
        "random": "undefined" if host == "home.lan" else "function",
        "unchanged": [True, 304],
        "error": [True, "NOT_FOUND", "req_"],
    }
