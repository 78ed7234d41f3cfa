"""The page of a shared trip in a real browser: signed out, without script."""

import re

import pytest
from playwright.async_api import expect

from tests.browser import browsing
from tests.server.pages.planned import event, leg
from tests.server.pages.test_shared_trip import japan, share

pytestmark = pytest.mark.debian

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2


@pytest.fixture
def storage_url(tmp_path):
    """Pages know no database: one is enough."""
    return f"sqlite:///{tmp_path}/carnet.db"


async def test_it_is_whole_without_script(world):
    _, url = await japan(world)
    async with browsing(viewport=DESK, java_script_enabled=False) as seen:
        page = seen.page
        await page.goto(url)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Two weeks in Japan")
        await page.get_by_role("link", name="Hiroshima 2 nights").click()
        heading = page.get_by_role("heading", name="Hiroshima & Miyajima")
        await expect(heading).to_be_in_viewport()
        await expect(page.get_by_role("link", name="Add to calendar")).to_be_visible()
        assert seen.errors == []
        assert seen.outside(world.running.base) == []
        assert {url.rpartition(".")[2].partition("?")[0] for url in seen.requested[1:]} <= {
            "css", "svg", "woff2",
        }  # fmt: skip


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
async def test_it_is_for_everyone(world, viewport, scheme, locale):
    _, url = await japan(world)
    async with browsing(viewport=viewport, color_scheme=scheme, locale=locale) as seen:
        page = seen.page
        await page.goto(url)
        assert await seen.axe() == []
        assert not await page.evaluate(WIDER)
        assert seen.errors == []
        assert seen.outside(world.running.base) == []
        if viewport is PHONE:
            small = "[...document.querySelectorAll('a, summary')].filter(e => e.offsetHeight < 44)"
            assert await page.evaluate(f"{small}.map(e => e.textContent)") == []


async def test_long_names_stay_within_a_phone(world):
    flight = ("airline", "flightNumber", "departureAirport", "arrivalAirport")
    body = {
        **leg("2026-07-15", "2026-07-20", title=LONG, destination=LONG),
        "accommodation": {"name": LONG, "address": LONG},
        "flights": [dict.fromkeys(flight, LONG)],
        "rentalCar": {"company": LONG, "pickupLocation": LONG},
    }
    await world.make("/legs", body)
    await world.make("/commitments", event("2026-07-16", "10:00", endTime="09:00", title=LONG))
    await world.client.patch(world.trip, {"title": LONG})
    async with browsing(viewport=PHONE) as seen:
        await seen.page.goto(await share(world))
        assert not await seen.page.evaluate(WIDER)
        assert await seen.axe() == []


async def test_times_are_those_of_the_places_in_every_zone_of_a_reader(world):
    _, url = await japan(world)
    told = set()
    for zone in ("Pacific/Kiritimati", "Asia/Tokyo", "Europe/London", "America/Los_Angeles"):
        async with browsing(viewport=DESK, timezone_id=zone) as seen:
            await seen.page.goto(url)
            told.add(await seen.page.locator("main").inner_text())
    assert len(told) == 1
    assert "07:20" in told.pop()


async def test_it_prints_on_a_few_pages(world):
    _, url = await japan(world)
    async with browsing(viewport=DESK, color_scheme="dark") as seen:
        page = seen.page
        await page.goto(url)
        await page.emulate_media(media="print")
        await expect(page.get_by_role("link", name="Add to calendar")).to_be_hidden()
        assert await page.evaluate("getComputedStyle(document.body).color") == "rgb(29, 36, 41)"
        printed = await page.pdf(format="A4")
        assert 3 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 6


async def test_after_it_is_revoked_it_is_gone_on_reload(world):
    url = await share(world)
    async with browsing(viewport=DESK) as seen:
        page = seen.page
        await page.goto(url)
        await world.client.delete(f"{world.trip}/share-token")
        await page.reload()
        await expect(page.get_by_text("its owner has stopped sharing")).to_be_visible()
        assert await seen.axe() == []
