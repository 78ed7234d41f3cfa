"""The pages about the API in a real browser."""

import pytest
from playwright.async_api import expect

from tests.browser import browsing

pytestmark = pytest.mark.debian

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 800}
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def storage_url(tmp_path):
    """Pages know no database: one is enough."""
    return f"sqlite:///{tmp_path}/carnet.db"


async def test_an_operation_is_tried_out_with_a_key(world):
    base = world.running.base
    async with browsing(viewport=DESK) as seen:
        page = seen.page
        await page.goto(f"{base}/docs")
        await page.get_by_label("Your key").fill(world.owner.key)
        operation = page.locator("#operations-me-me")
        await operation.locator(".opblock-summary-control").click()
        await operation.get_by_role("button", name="Try it out").click()
        await operation.get_by_role("button", name="Execute").click()
        reply = operation.locator(".live-responses-table .response")
        await expect(reply.locator(".response-col_status")).to_contain_text("200")
        await expect(reply).to_contain_text("owner@example.org")
        assert seen.errors == []
        assert seen.outside(base) == []
        assert f"{base}/api/v1/me" in seen.requested
        # The key is nowhere but in the page.
        assert await page.evaluate("localStorage.length + sessionStorage.length") == 0
        assert world.owner.key not in " ".join(seen.requested)


async def test_the_description_is_as_dark_as_the_system(world):
    async with browsing(viewport=DESK, color_scheme="dark") as seen:
        page = seen.page
        await page.goto(f"{world.running.base}/docs")
        title = page.locator(".swagger-ui .info .title")
        await expect(title).to_have_css("color", "rgb(236, 232, 224)")
        await page.emulate_media(color_scheme="light")
        await expect(title).to_have_css("color", "rgb(29, 36, 41)")
        assert seen.errors == []


async def test_an_open_operation_is_read_at_night_and_on_a_phone(world):
    async with browsing(viewport=PHONE, color_scheme="dark") as seen:
        page = seen.page
        await page.goto(f"{world.running.base}/docs")
        operation = page.locator("#operations-me-me")
        await operation.locator(".opblock-summary-control").click()
        header = operation.locator("table.headers td", has_text="X-Request-Id").first
        await expect(header).to_have_css("color", "rgb(236, 232, 224)")
        assert not await page.evaluate(WIDER)


async def test_every_operation_is_listed(world):
    described = (await world.client.get("/openapi.json")).json["paths"]
    async with browsing(viewport=DESK) as seen:
        await seen.page.goto(f"{world.running.base}/docs")
        operations = seen.page.locator(".opblock")
        await expect(operations).to_have_count(sum(len(each) for each in described.values()))


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
async def test_both_pages_are_french_to_the_french(world, viewport):
    async with browsing(viewport=viewport, locale="fr-FR") as seen:
        page = seen.page
        await page.goto(f"{world.running.base}/docs")
        await expect(page.get_by_label("Votre clé")).to_be_visible()
        await expect(page.locator("#operations-me-me")).to_be_visible()
        await page.get_by_role("link", name="guide", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("L’API en détail")
        await page.get_by_role("link", name="Événements en direct").click()
        heading = page.get_by_role("heading", name="Événements en direct")
        await expect(heading).to_be_in_viewport()
        await expect(page).to_have_url(f"{world.running.base}/docs/guide#live-events")
        assert await seen.axe() == []
        assert not await page.evaluate(WIDER)
        assert seen.errors == []


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_guide_is_for_everyone(world, viewport, scheme):
    base = world.running.base
    async with browsing(viewport=viewport, color_scheme=scheme) as seen:
        page = seen.page
        await page.goto(f"{base}/docs")
        await page.get_by_role("link", name="Guide", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("The API in detail")
        await page.get_by_role("link", name="Batch and sync").click()
        await expect(page.get_by_role("heading", name="Batch and sync")).to_be_in_viewport()
        assert await seen.axe() == []
        assert not await page.evaluate(WIDER)
        await page.get_by_role("link", name="Carnet API").click()
        await expect(page.get_by_label("Your key")).to_be_visible()
        assert seen.errors == []
        assert seen.outside(base) == []


async def test_what_the_policy_forbids_is_noticed(world):
    async with browsing(viewport=DESK) as seen:
        await seen.page.goto(f"{world.running.base}/docs/guide")
        await seen.page.evaluate("document.body.setAttribute('style', 'color: red')")
        await seen.page.evaluate("fetch('http://127.0.0.1:9/').catch(() => null)")
        told = " ".join(seen.errors)
        assert "style-src" in told
        assert "connect-src" in told
