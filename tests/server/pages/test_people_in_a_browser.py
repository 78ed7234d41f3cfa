"""Groups, invitations and one's account in a real browser."""

import re

import pytest
from playwright.async_api import expect

from domain.scopes import Role
from tests.browser import browsing
from tests.contract.persons import PASSWORD
from tests.server.pages.test_frame_in_a_browser import DESK, PHONE, is_well_made, signed_in

pytestmark = pytest.mark.debian

VIEWPORTS = pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
LONG = "Wolfeschlegelsteinhausenbergerdorff-" * 5


async def test_an_invitation_made_in_one_browser_is_accepted_in_another(world):
    base = world.running.base.replace("127.0.0.1", "localhost")
    async with browsing(viewport=DESK) as hers, browsing(viewport=PHONE) as his:
        page = hers.page
        await signed_in(hers, world)
        await page.goto(f"{world.running.base}/settings/group")
        await page.get_by_role("button", name="Invite", exact=True).click()
        await page.get_by_label("Role").select_option("Viewer")
        await page.get_by_role("button", name="Create invitation").click()
        link = await page.locator("#invite-link").inner_text()
        await page.get_by_role("button", name="Copy link").click()
        await expect(page.get_by_role("status")).to_have_text(re.compile("Copied|Selected"))
        assert hers.errors == []

        page = his.page
        # As it was passed on, but by the name of this machine, where a cookie may be secure.
        await page.goto(link.replace("127.0.0.1", "localhost"))
        await expect(page.get_by_role("heading", level=1)).to_have_text("Family")
        await page.get_by_label("E-mail").fill("zoe@example.org")
        await page.get_by_label("Name").fill("Zoë")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Create account").click()
        await expect(page).to_have_url(f"{base}/trips?done=joined")
        await page.goto(f"{base}/settings/group")
        zoe = page.get_by_role("listitem").filter(has_text="zoe@example.org")
        await expect(zoe.get_by_text("Viewer", exact=True)).to_be_visible()
        await expect(page.get_by_role("button", name="Invite", exact=True)).to_be_hidden()
        await page.goto(link.replace("127.0.0.1", "localhost"))
        await expect(page.get_by_text("Ask whoever sent it")).to_be_visible()

        page = hers.page
        await page.goto(f"{world.running.base}/settings/group")
        role = page.get_by_label("Role of Zoë")
        await expect(role).to_have_value("viewer")
        await role.select_option("Editor")
        row = page.get_by_role("listitem").filter(has_text="zoe@example.org")
        await row.get_by_role("button", name="Change").click()
        await expect(page.get_by_role("status")).to_have_text("Saved.")
        await row.get_by_role("button", name="Remove").click()
        await page.get_by_role("button", name="Remove").click()
        await expect(row).to_have_count(0)


async def test_without_script_an_account_is_deleted(world):
    async with browsing(viewport=PHONE, java_script_enabled=False) as seen:
        page = seen.page
        await signed_in(seen, world)
        await world.client.patch(world.trip, {"title": "Two weeks in Japan"})
        await page.goto(f"{world.running.base}/settings/account")
        await page.get_by_role("link", name="Delete my account").click()
        await expect(page.get_by_text("Two weeks in Japan")).to_be_visible()
        await page.get_by_role("link", name="Cancel").click()
        await expect(page.get_by_label("Name")).to_have_value("Olga")


@VIEWPORTS
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
async def test_the_pages_are_for_everyone(world, viewport, scheme, locale):
    for name in ("sam", LONG):
        person = await world.person(name[:60], Role.EDITOR)
        await world.store.write(
            lambda tx, user_id=person.user_id, name=name: tx.execute(
                "UPDATE users SET name = $2 WHERE id = $1", user_id, name
            )
        )
    await world.store.write(lambda tx: tx.execute("UPDATE users SET phone = '+44 20 7946 0000'"))
    group = f"/settings/group/{world.group_id}"
    async with browsing(viewport=viewport, color_scheme=scheme, locale=locale) as seen:
        page, base = seen.page, world.running.base
        await signed_in(seen, world)
        for path in (
            "/settings/account",
            "/settings/account/delete",
            group,
            f"{group}/invite",
            f"{group}/members/{person.user_id}/remove",
        ):
            await page.goto(base + path)
            await is_well_made(seen, viewport)
        await page.goto(f"{base}{group}/invite")
        await page.locator("main .btn.primary").click()
        link = await page.locator("#invite-link").inner_text()
        await page.locator("details.more summary").click()
        await is_well_made(seen, viewport)
        await page.goto(link)
        await is_well_made(seen, viewport)
        await page.context.clear_cookies()
        await page.goto(link)
        await is_well_made(seen, viewport)
        await page.locator("input[name=password]").evaluate(
            "each => each.removeAttribute('minlength')"
        )
        for field, text in (("email", "a@b.org"), ("name", "Zoë"), ("password", "short")):
            await page.locator(f"input[name={field}]").fill(text)
        await page.locator("main .btn.primary").click()
        await expect(page.locator(".problem")).to_have_count(1)
        await is_well_made(seen, viewport)
        assert [each for each in seen.errors if "400" not in each] == []
        assert seen.outside(base) == []
