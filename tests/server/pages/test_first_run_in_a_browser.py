"""From what `carnet serve` prints to a signed-in page, in a real browser, without script too."""

import re

import pytest

from domain.set_up_code import set_up_code
from tests.browser import browsing
from tests.carnet.program import run, serving
from tests.support import PASSWORD

pytestmark = pytest.mark.debian

PHONE = {"width": 390, "height": 844}
LOOKS = [
    {"viewport": PHONE, "color_scheme": "light", "locale": "en-GB"},
    {"viewport": PHONE, "color_scheme": "dark", "locale": "fr-FR"},
    {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark", "locale": "en-US"},
]


@pytest.fixture
def storage_url(tmp_path):
    """The browser and the pages are what is tried here, on one database."""
    return f"sqlite:///{tmp_path}/carnet.db"


async def set_up(page):
    """Fills in the form, as a person does who has followed the link."""
    assert await page.get_by_label("Code").input_value() != ""
    await page.get_by_label("E-mail").fill("olga@example.org")
    await page.get_by_label("Name").fill("Olga Ito")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()


async def sign_in(page, password=PASSWORD, email="olga@example.org"):
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
async def test_from_the_output_of_the_server_to_a_signed_in_page(tmp_path, script):
    async with serving(tmp_path) as server, browsing(java_script_enabled=script) as browser:
        page = browser.page
        await server.out.first("^Set-up code: ")
        (link,) = {line.strip() for line in server.out.all if "/setup?code=" in line}
        base = link.partition("/setup")[0]
        await page.goto(base)
        assert page.url == f"{base}/setup"
        await page.goto(link)
        await set_up(page)
        await page.wait_for_url(f"{base}/trips")
        await page.goto(f"{base}/settings/sessions")
        assert await page.get_by_text("This browser").is_visible()
        await page.get_by_text("Olga Ito").first.click()
        await page.get_by_role("button", name="Sign out", exact=True).click()
        await page.wait_for_url(f"{base}/sign-in")
        await sign_in(page, "not this one")
        assert await page.get_by_text("The e-mail or the password is wrong.").is_visible()
        await sign_in(page)
        await page.wait_for_url(f"{base}/trips")
        told = run(tmp_path, "user", "reset", "olga@example.org", "--json").json
        token = told["url"].rpartition("/")[2]
        await page.goto(f"{base}/reset/{token}")
        await page.get_by_label("Password").fill("another ferry, later")
        await page.get_by_role("button", name="Set the password").click()
        assert await page.get_by_role("status").inner_text() == (
            "Your new password is set. Sign in with it."
        )
        await sign_in(page, "another ferry, later")
        await page.wait_for_url(f"{base}/trips")
        assert browser.outside(base) == []
        refused = [error for error in browser.errors if "status of 400" not in error]
        assert refused == []


@pytest.mark.parametrize("look", LOOKS, ids=["phone", "phone, dark, French", "desk, dark"])
async def test_everybody_can_use_these_pages(world, look):
    base = world.running.base
    await world.store.write(lambda tx: tx.execute("UPDATE users SET password = NULL"))
    async with browsing(**look) as browser:
        page = browser.page

        async def usable():
            assert await browser.axe() == []
            width, shown = await page.evaluate(
                "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
            )
            assert width <= shown
            if look["viewport"] is PHONE:
                for control in await page.locator("main :is(a, button, .field, .check)").all():
                    if box := await control.bounding_box():
                        assert box["height"] >= 44, await control.inner_text()

        code = set_up_code(world.running.services.signing_secret)
        await page.goto(f"{base}/setup?code={code}")
        await usable()
        await page.locator("#email").fill("olga@example.org")
        await page.locator("#name").fill("Olga")
        await page.locator("#password").fill("        ")
        await page.locator("#code").fill("wrong")
        await page.locator("main button").click()
        await page.wait_for_selector("[aria-invalid]")
        await usable()
        await page.locator("#code").fill(code)
        await page.locator("#password").fill(PASSWORD)
        await page.locator("main button").click()
        await page.wait_for_url(f"{base}/trips")
        for path in ("/settings/sessions", "/settings/account/password"):
            await page.goto(f"{base}{path}")
            await usable()
        await page.context.clear_cookies()
        await page.goto(f"{base}/sign-in")
        await usable()
        await page.locator("#email").fill("olga@example.org")
        await page.locator("#password").fill("not this one")
        await page.locator("main button").first.click()
        await page.wait_for_selector("[role=alert]")
        await usable()
        assert re.fullmatch(r"\S.*\.", await page.locator("[role=alert]").first.inner_text())
