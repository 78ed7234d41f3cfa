"""API keys in a real browser: made on the page, copied, used by HTTP, revoked."""

import pytest
from playwright.async_api import expect

from tests.browser import browsing
from tests.server.pages.test_frame_in_a_browser import VIEWPORTS, is_well_made, signed_in

pytestmark = pytest.mark.debian

CLIPBOARD = ["clipboard-read", "clipboard-write"]


async def test_a_key_limited_to_a_trip_is_made_used_and_revoked(world):
    base, other = world.running.base, await world.new_trip()
    await world.client.patch(f"/trips/{other}", {"title": "Slow Slovenia"})
    async with browsing(locale="en-GB", permissions=CLIPBOARD) as seen:
        page = seen.page
        await signed_in(seen, world)
        await page.goto(f"{base}/settings/keys")
        await page.get_by_role("button", name="New key").click()
        await page.get_by_label("Name").fill("Phone importer")
        await page.get_by_role("checkbox", name="trips:read", exact=True).check()
        await page.get_by_label("Limit to trip").fill("Cotswolds")
        await page.get_by_label("Expires").fill("2999-05-01")
        await page.get_by_role("button", name="Create key").click()
        new = page.get_by_role("region", name="Your new key")
        await new.get_by_role("button", name="Copy key").click()
        await expect(new.get_by_role("status")).to_have_text("Copied.")
        key = await page.evaluate("navigator.clipboard.readText()")
        assert key == await new.locator("#new-key").text_content()
        await new.get_by_role("button", name="Copy the curl line").click()
        await expect(new.get_by_role("status")).to_have_text("Copied.")
        curl = await page.evaluate("navigator.clipboard.readText()")
        assert curl == f'curl {base}/api/v1/me -H "Authorization: Bearer {key}"'

        by_key = world.as_(key)
        assert (await by_key.get(world.trip)).status == 200
        assert (await by_key.get(f"/trips/{other}")).status == 403
        await page.goto(f"{base}/settings/keys")
        mine = page.get_by_role("listitem").filter(has_text="Phone importer")
        await expect(mine).to_contain_text("Only Cotswolds")
        await expect(mine).to_contain_text("expires 1 May 2999")
        await mine.get_by_role("button", name="Revoke").click()
        await page.get_by_role("button", name="Revoke").click()
        await expect(page.get_by_role("status")).to_have_text("The key is revoked.")
        await expect(mine).to_have_count(0)
        assert (await by_key.get(world.trip)).status == 401
        assert seen.errors == []
        assert seen.outside(base) == []


async def test_without_a_clipboard_the_key_is_copied_in_the_old_way(world):
    async with browsing() as seen:
        page = seen.page
        await page.add_init_script("delete Navigator.prototype.clipboard")
        await signed_in(seen, world)
        new = await made(page, world.running.base)
        await new.get_by_role("button", name="Copy key").click()
        await expect(new.get_by_role("status")).to_have_text("Copied.")
        await page.add_init_script("document.execCommand = () => false")
        new = await made(page, world.running.base)
        await new.get_by_role("button", name="Copy key").click()
        await expect(new.get_by_role("status")).to_contain_text("Selected")
        chosen = await page.evaluate("getSelection().toString()")
        assert chosen == await new.locator("#new-key").text_content()
        assert seen.errors == []


async def test_without_scripts_a_key_is_made_and_revoked(world):
    async with browsing(java_script_enabled=False) as seen:
        await signed_in(seen, world)
        new = await made(seen.page, world.running.base)
        await expect(new.locator("#new-key")).to_contain_text("osk_")
        await expect(new.get_by_role("button")).to_have_count(0)
        mine = seen.page.get_by_role("listitem").filter(has_text="By hand")
        await mine.get_by_role("button", name="Revoke").click()
        await seen.page.get_by_role("button", name="Revoke").click()
        await expect(mine).to_have_count(0)


@VIEWPORTS
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
async def test_the_pages_of_keys_are_for_everyone(world, viewport, scheme, locale):
    base = world.running.base
    await world.client.patch(world.trip, {"title": "Donaudampfschifffahrtsgesellschaft" * 3})
    async with browsing(viewport=viewport, color_scheme=scheme, locale=locale) as seen:
        page = seen.page
        await signed_in(seen, world)
        await page.goto(f"{base}/settings/keys/new")
        await is_well_made(seen, viewport)
        await page.locator("#trip").fill("Atlantis")
        await page.locator("#name").fill("W" * 200)
        await page.locator(".key-form button").click()
        await page.locator("[aria-invalid]").wait_for()
        await is_well_made(seen, viewport)
        await page.locator("#trip").fill(world.trip_id)
        await page.get_by_role("checkbox").first.check()
        await page.locator(".key-form button").click()
        await page.locator(".secret").wait_for()
        await is_well_made(seen, viewport)
        await page.locator(".key button").first.click()
        await page.locator("main form[method=post]").wait_for()
        await is_well_made(seen, viewport)


async def made(page, base):
    """Makes a key; where the page shows it."""
    await page.goto(f"{base}/settings/keys/new")
    await page.get_by_label("Name").fill("By hand")
    await page.get_by_role("checkbox", name="trips:read", exact=True).check()
    await page.get_by_role("button", name="Create key").click()
    return page.get_by_role("region", name="Your new key")
