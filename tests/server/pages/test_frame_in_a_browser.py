"""What is around every page, in a real browser: the menu, preferences, headings, sizes, colours."""

import re

import pytest
from playwright.async_api import expect

from tests.browser import browsing
from tests.support import PASSWORD, add_session

pytestmark = pytest.mark.debian

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
VIEWPORTS = pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])

TOO_SMALL = """
[...document.querySelectorAll("a, button, select, input:not([type=hidden]), summary")]
  .filter((each) => each.checkVisibility() && !each.matches(".skip, p a"))
  .map((each) => each.closest("label") ?? each)
  .map((each) => [each.outerHTML.slice(0, 80), each.getBoundingClientRect()])
  .filter(([_, box]) => box.height < 44)
  .map(([name, box]) => `${name}: ${box.height}`)
"""
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def storage_url(tmp_path):
    """One database is enough for what is seen."""
    return f"sqlite:///{tmp_path}/carnet.db"


async def signed_in(seen, world):
    """Gives the browser a session of the owner."""
    token = await add_session(world.store, world.owner.user_id)
    # By the address with https: DevTools take it for no safe cookie else.
    url = world.running.base.replace("http:", "https:")
    await seen.page.context.add_cookies(
        [{"name": "__Host-carnet", "value": token, "url": url, "secure": True}]
    )


async def is_well_made(seen, viewport):
    """Nothing is wrong for anyone: no violation, no sideways scrolling, nothing too small."""
    assert await seen.axe() == []
    assert not await seen.page.evaluate(WIDER)
    if viewport == PHONE:
        assert await seen.page.evaluate(TOO_SMALL) == []


@VIEWPORTS
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
async def test_the_frame_is_for_everyone(world, viewport, scheme, locale):
    base = world.running.base
    async with browsing(viewport=viewport, color_scheme=scheme, locale=locale) as seen:
        await seen.page.goto(f"{base}/sign-in")
        await is_well_made(seen, viewport)
        await signed_in(seen, world)
        await seen.page.goto(f"{base}/nothing")
        await is_well_made(seen, viewport)
        await seen.page.locator(".who").click()
        await is_well_made(seen, viewport)
        assert [each for each in seen.errors if "404" not in each] == []
        assert seen.outside(base) == []


@VIEWPORTS
async def test_the_menu_is_named_after_the_user_and_signs_out(world, viewport):
    async with browsing(viewport=viewport) as seen:
        page = seen.page
        await signed_in(seen, world)
        await page.goto(f"{world.running.base}/nothing")
        await page.get_by_role("button", name="Olga", exact=True).click()
        for name in ("Account", "Group", "API keys", "Sessions", "API documentation"):
            await expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page).to_have_url(re.compile(r"/sign-in$"))


@VIEWPORTS
async def test_language_and_theme_are_chosen_without_script(world, viewport):
    async with browsing(viewport=viewport, java_script_enabled=False) as seen:
        page = seen.page
        await page.goto(f"{world.running.base}/sign-in?next=/trips")
        await page.get_by_label("Language", exact=True).select_option("Français")
        await page.get_by_role("button", name="Change: Language").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Connexion")
        await expect(page).to_have_url(re.compile(r"/sign-in\?next=/trips$"))
        await page.get_by_label("Thème", exact=True).select_option("Sombre")
        await page.get_by_role("button", name="Changer\u202f: Thème").click()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await expect(page.locator("body")).to_have_css("background-color", "rgb(20, 24, 27)")


@VIEWPORTS
async def test_on_a_network_one_signs_in_all_the_same_and_is_warned(world, viewport):
    base = world.running.base.replace("127.0.0.1", "lan.test")
    async with browsing(viewport=viewport) as seen:
        page = seen.page
        await page.goto(f"{base}/sign-in")
        await page.get_by_label("E-mail").fill(world.owner.email)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Sign in", exact=True).click()
        await expect(page.get_by_role("heading", name="Trips", level=1)).to_be_visible()
        await expect(page.get_by_role("complementary")).to_contain_text("not private")
        await page.get_by_role("button", name="Olga", exact=True).click()
        await is_well_made(seen, viewport)
        (cookie,) = await page.context.cookies()
        assert (cookie["name"], cookie["secure"], cookie["httpOnly"]) == ("carnet", False, True)


async def test_the_keyboard_comes_to_the_content_first(world):
    async with browsing(viewport=DESK) as seen:
        page = seen.page
        await page.goto(f"{world.running.base}/sign-in")
        await page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to the content")
        await expect(skip).to_be_focused()
        await expect(skip).to_be_in_viewport()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await expect(page.get_by_label("E-mail")).to_be_focused()


async def test_on_paper_there_is_nothing_to_press(world):
    async with browsing(viewport=DESK) as seen:
        await signed_in(seen, world)
        await seen.page.goto(f"{world.running.base}/nothing")
        await seen.page.emulate_media(media="print")
        await expect(seen.page.get_by_role("heading", level=1)).to_be_visible()
        await expect(seen.page.locator(".bar")).to_be_hidden()
        await expect(seen.page.get_by_role("link", name="Go to the start page")).to_be_hidden()
