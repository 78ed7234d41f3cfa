"""A file imported in a real browser: with script it stays chosen, without it is chosen twice."""

import re

import pytest
from playwright.async_api import FilePayload, expect

from tests.browser import browsing
from tests.server.pages.test_frame_in_a_browser import VIEWPORTS, is_well_made, signed_in

pytestmark = pytest.mark.debian

FILE: FilePayload = {
    "name": "lieux <b>d'été.csv",
    "mimeType": "text/csv",
    "buffer": b"name,lat,lng\nPier,48.1,9.1\nNowhere,148.1,9.1\nLong%s,48.2,9.2\n" % (b"x" * 180),
}


@pytest.fixture
def storage_url(tmp_path):
    """One database is enough: the form is tested on all of them by raw HTTP."""
    return f"sqlite:///{tmp_path}/carnet.db"


async def is_well_made_from_the_top(seen, viewport):
    """Where the bar of the page covers nothing."""
    await seen.page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    await is_well_made(seen, viewport)


async def pins(world):
    listed = (await world.client.get(f"{world.trip}/map-pins")).json["items"]
    return sorted(pin["name"][:4] for pin in listed)


@VIEWPORTS
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_file_is_tried_applied_and_undone(world, viewport, scheme):
    async with browsing(viewport=viewport, color_scheme=scheme) as seen:
        page = seen.page
        await signed_in(seen, world)
        await page.goto(f"{world.running.base}{world.trip}")
        await page.get_by_role("link", name="Import").click()
        await is_well_made_from_the_top(seen, viewport)
        await page.get_by_label("Choose a file").set_input_files(FILE)
        await page.get_by_role("button", name="Preview").click()
        told = page.get_by_role("region", name="What “lieux <b>d'été.csv” would change")
        await expect(told).to_contain_text("2 new")
        await expect(told).to_contain_text("Line 3 · Nowhere")
        await is_well_made_from_the_top(seen, viewport)
        assert await pins(world) == []
        await expect(told.get_by_role("heading", level=2)).to_be_focused()
        await page.get_by_role("button", name="Apply").click()
        done = page.get_by_role("region", name="“lieux <b>d'été.csv” is imported")
        await expect(done).to_contain_text("2 new")
        await is_well_made_from_the_top(seen, viewport)
        assert await pins(world) == ["Long", "Pier"]
        await done.get_by_role("link", name="History").click()
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_role("status")).to_contain_text("Taken back.")
        assert await pins(world) == []
        assert seen.errors == []
        assert seen.outside(world.running.base) == []


@VIEWPORTS
async def test_without_script_the_file_is_chosen_twice(world, viewport):
    async with browsing(viewport=viewport, java_script_enabled=False) as seen:
        page = seen.page
        await signed_in(seen, world)
        await page.goto(f"{world.running.base}{world.trip}/import")
        await page.get_by_label("Choose a file").set_input_files(FILE)
        await page.get_by_role("button", name="Preview").click()
        await expect(page.get_by_role("region")).to_contain_text("2 new")
        await expect(page.get_by_text("choose the file once more")).to_be_visible()
        assert await pins(world) == []
        await page.get_by_label("Choose a file").set_input_files(FILE)
        await page.get_by_role("button", name="Apply").click()
        await expect(page.get_by_role("heading", level=2)).to_contain_text("is imported")
        assert await pins(world) == ["Long", "Pier"]
        await page.get_by_role("link", name="To the trip").click()
        await expect(page).to_have_url(re.compile(f"{world.trip}$"))


@VIEWPORTS
async def test_a_file_that_cannot_be_read_is_told_in_place(world, viewport):
    async with browsing(viewport=viewport, locale="fr-FR") as seen:
        page = seen.page
        await signed_in(seen, world)
        await page.goto(f"{world.running.base}{world.trip}/import")
        await is_well_made_from_the_top(seen, viewport)
        wrong: FilePayload = {"name": "a.bin", "mimeType": "", "buffer": b"\x00\x01\xfe" * 9}
        await page.get_by_label("Choisir un fichier").set_input_files(wrong)
        await page.get_by_role("button", name="Appliquer").click()
        await expect(page.get_by_role("alert")).to_contain_text("ne peut pas être importé")
        await is_well_made_from_the_top(seen, viewport)
        assert [each for each in seen.errors if "400" not in each] == []


async def test_whoever_was_signed_out_meanwhile_signs_in(world):
    async with browsing() as seen:
        page = seen.page
        await signed_in(seen, world)
        await page.goto(f"{world.running.base}{world.trip}/import")
        await page.get_by_label("Choose a file").set_input_files(FILE)
        await page.context.clear_cookies()
        await page.get_by_role("button", name="Preview").click()
        await expect(page).to_have_url(re.compile("/sign-in$"))


async def test_where_the_server_is_away_the_page_says_so(world):
    async with browsing() as seen:
        page = seen.page
        await signed_in(seen, world)
        await page.goto(f"{world.running.base}{world.trip}/import")
        await page.get_by_label("Choose a file").set_input_files(FILE)
        await page.context.set_offline(True)
        await page.get_by_role("button", name="Preview").click()
        await expect(page.get_by_role("status")).to_contain_text("did not get through")
        await page.context.set_offline(False)
        await page.get_by_role("button", name="Preview").click()
        await expect(page.get_by_role("region")).to_contain_text("2 new")
