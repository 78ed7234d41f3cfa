"""Trips in a real browser: from none to one that is shared, with and without script."""

import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from domain.scopes import Role
from tests.browser import browsing
from tests.support import add_session

pytestmark = pytest.mark.debian

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
JAPAN = Path(__file__).parents[3] / "operations" / "sample" / "japan.json"


@pytest.fixture
def storage_url(tmp_path):
    """One database is enough: the forms are tested on all of them by raw HTTP."""
    return f"sqlite:///{tmp_path}/carnet.db"


@pytest.fixture
async def token(world):
    """Of the owner's session."""
    return await add_session(world.store, world.owner.user_id)


@pytest.fixture
async def japan(world):
    """The path of a trip of two weeks, with a checklist and some messages."""
    await world.person("Sam", Role.EDITOR)
    sample = json.loads(JAPAN.read_text(encoding="utf-8"))
    made = await world.client.post("/trips", {"groupId": world.group_id, **sample.pop("trip")})
    trip_id = made.json["_id"]
    assert (await world.client.post(f"/trips/{trip_id}/sync", sample)).status == 200
    channels = (await world.client.get(f"/trips/{trip_id}/channels")).json["items"]
    await world.client.post(
        f"/trips/{trip_id}/channels/{channels[0]['_id']}/messages", {"content": "Permit is booked."}
    )
    return f"/trips/{trip_id}"


async def sign_in(seen, token):
    here = {"domain": "127.0.0.1", "path": "/", "secure": True}
    await seen.page.context.add_cookies([{"name": "__Host-carnet", "value": token, **here}])


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
async def test_from_a_new_trip_to_one_that_is_shared(world, token, viewport, script):
    base = world.running.base
    async with (
        browsing(viewport=viewport, java_script_enabled=script) as seen,
        browsing(viewport=viewport, java_script_enabled=False) as other,
    ):
        page = seen.page
        await sign_in(seen, token)
        await page.goto(f"{base}/trips")
        await page.get_by_role("link", name="New trip").click()
        await page.get_by_label("Title").fill("Slow Slovenia")
        await page.get_by_label("Start date").fill("2030-06-12")
        await page.get_by_label("End date").fill("2030-06-20")
        await page.get_by_role("button", name="Create trip").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Slow Slovenia")

        async def show(part):
            if viewport is PHONE:
                await (
                    page.get_by_role("navigation", name="Parts of the trip")
                    .get_by_role("link", name=part)
                    .click()
                )
            return page.get_by_role("region", name=part)

        checklist = await show("Checklist")
        await checklist.get_by_label("New item").fill("Pack the tent")
        await checklist.get_by_role("button", name="Add item").click()
        box = checklist.get_by_role("checkbox", name="Pack the tent")
        await box.check()
        save = checklist.get_by_role("button", name="Save")
        if script:
            await expect(save).to_be_hidden()
        else:
            await save.click()
        await expect(checklist.get_by_text("1 of 1")).to_be_visible()
        await page.reload()
        await expect(box).to_be_checked()

        messages = await show("Messages")
        await messages.get_by_label("Message", exact=True).fill("Who has the stove?")
        await messages.get_by_role("button", name="Send").click()
        await expect(messages.get_by_text("Who has the stove?")).to_be_visible()

        await page.get_by_role("link", name="Share").click()
        await page.get_by_role("button", name="Create link").click()
        link = await page.locator("#link").inner_text()
        await expect(page.get_by_role("button", name="Copy link")).to_be_visible(visible=script)
        await other.page.goto(link)
        await expect(other.page.get_by_role("heading", level=1)).to_have_text("Slow Slovenia")
        await expect(other.page.get_by_text("Who has the stove?")).to_have_count(0)
        await page.get_by_role("button", name="Stop sharing").click()
        await expect(page.get_by_role("button", name="Create link")).to_be_visible()
        answer = await other.page.goto(link)
        assert answer
        assert answer.status == 404
        assert seen.errors == []
        assert seen.outside(base) == []


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
async def test_a_file_becomes_a_trip(world, token, viewport, script):
    base = world.running.base
    async with browsing(viewport=viewport, java_script_enabled=script) as seen:
        page = seen.page
        await sign_in(seen, token)
        await page.goto(f"{base}/trips")
        await page.get_by_role("link", name="Import").click()
        await page.get_by_label("Choose a file").set_input_files(JAPAN)
        await page.get_by_role("button", name="Preview").click()
        told = page.get_by_role("region", name="What “japan.json” would become")
        await expect(told).to_contain_text("30 new")
        await expect(page.get_by_label("Title")).to_have_value("Two weeks in Japan")
        await expect(page.get_by_label("Start date")).to_have_value("2027-04-01")
        if script:
            await expect(told.get_by_role("heading", level=2)).to_be_focused()
            assert await seen.axe() == []
        else:
            await page.get_by_label("Choose a file").set_input_files(JAPAN)
        await page.get_by_label("Title").fill("Japan at last")
        await page.get_by_role("button", name="Apply").click()
        done = page.get_by_role("region", name="“japan.json” is imported")
        await expect(done).to_contain_text("30 new")
        await expect(page.get_by_role("button", name="Apply")).to_have_count(0)
        await done.get_by_role("link", name="To the trip").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Japan at last")
        assert seen.errors == []
        assert seen.outside(base) == []


async def test_a_tick_is_kept_at_once_and_taken_back(world, token, japan):
    async with browsing(viewport=DESK) as seen:
        page = seen.page
        await sign_in(seen, token)
        await page.goto(f"{world.running.base}{japan}")
        box = page.get_by_role("checkbox", name="Take out travel insurance")
        checklist = page.get_by_role("region", name="Checklist")
        await box.focus()
        await page.keyboard.press("Space")
        await expect(checklist.get_by_text("3 of 12")).to_be_visible()
        await expect(box).to_be_focused()
        await page.keyboard.press("Space")
        await expect(checklist.get_by_text("2 of 12")).to_be_visible()
        assert seen.errors == []


async def test_where_a_tick_cannot_be_kept_at_once_it_is_saved_by_a_button(world, token, japan):
    async with browsing(viewport=DESK) as seen:
        page = seen.page
        await sign_in(seen, token)
        await page.goto(f"{world.running.base}{japan}")
        await page.route("**/checklist", lambda route: route.abort())
        await page.get_by_role("checkbox", name="Take out travel insurance").check()
        save = page.get_by_role("button", name="Save")
        await expect(save).to_be_visible()
        await page.unroute("**/checklist")
        await save.click()
        await expect(page.get_by_text("3 of 12")).to_be_visible()


async def test_a_changeset_is_undone(world, token, japan):
    async with browsing(viewport=DESK) as seen:
        page = seen.page
        await sign_in(seen, token)
        await page.goto(f"{world.running.base}{japan}")
        await page.get_by_role("link", name="History").click()
        undo = page.get_by_role("button", name="Undo", exact=True)
        await expect(undo).to_have_count(1)
        await undo.click()
        await expect(page.get_by_role("status")).to_have_text("Taken back. That can be undone too.")
        await page.go_back()
        await page.goto(f"{world.running.base}{japan}")
        await expect(page.get_by_text("Nothing to do yet")).to_be_visible()


async def test_times_are_by_the_readers_clock(world, token, japan):
    async with browsing(viewport=DESK, timezone_id="Asia/Tokyo", locale="en-GB") as seen:
        await sign_in(seen, token)
        await seen.page.goto(f"{world.running.base}{japan}")
        time = seen.page.get_by_role("region", name="Messages").locator("time")
        await expect(time).not_to_contain_text("UTC")


async def test_the_tabs_of_a_phone_show_one_part_each(world, token, japan):
    async with browsing(viewport=PHONE) as seen:
        page = seen.page
        await sign_in(seen, token)
        await page.goto(f"{world.running.base}{japan}")
        tabs = page.get_by_role("navigation", name="Parts of the trip")
        for part in ("Map", "Checklist", "Messages", "Plan"):
            tab = tabs.get_by_role("link", name=part)
            await tab.click()
            await expect(tab).to_have_attribute("aria-current", "true")
            for other in ("Map", "Checklist", "Messages"):
                region = page.get_by_role("region", name=other)
                await expect(region).to_be_visible(visible=other == part)
            heading = page.get_by_role("heading", name="Tokyo: blossom and neon")
            await expect(heading).to_be_visible(visible=part == "Plan")
            assert await tab.evaluate("tab => tab.offsetHeight") >= 44
        await tabs.get_by_role("link", name="Checklist 10 open").click()
        await page.get_by_role("checkbox", name="Take out travel insurance").check()
        await expect(tabs.get_by_role("link", name="Checklist 9 open")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
async def test_everyone_can_use_the_pages(world, token, japan, theme, viewport, locale):
    await world.client.post(f"{japan}/share-token")
    paths = ("/trips", "/trips/new", "/trips/import", japan, f"{japan}#map", f"{japan}#checklist")
    more = (f"{japan}#messages", f"{japan}/share", f"{japan}/history", f"{japan}/edit")
    async with browsing(viewport=viewport, color_scheme=theme, locale=locale) as seen:
        page = seen.page
        await sign_in(seen, token)
        for path in (*paths, *more):
            # A fragment alone would load nothing.
            await page.goto("about:blank")
            await page.goto(f"{world.running.base}{path}")
            assert await seen.axe() == [], path
            wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            assert not await page.evaluate(wider), path
