"""The history of a trip and its Undo, by pages, on every backend."""

import re

import msgspec
import pytest

from domain.scopes import Role
from runtime.settings import Imports
from tests.server.trip_pages.visitor import member
from tests.support import SAMPLES


@pytest.fixture
def page(world):
    """The path of the trip's history."""
    return f"/trips/{world.trip_id}/history"


def undoable(shown):
    """The revisions that can be undone, latest first."""
    return [int(rev) for rev in re.findall(r"/history/(\d+)/undo", shown.html)]


async def test_who_did_what_and_by_what_is_told(world, olga, page):
    pins = [{**SAMPLES["mapPin"], "name": name} for name in "ab"]
    await world.client.post(f"{world.trip}/map-pins:batch", {"items": pins})
    await olga.post(f"/trips/{world.trip_id}/checklist/items", {"text": "Pack", "urgency": "now"})
    await olga.post(f"/trips/{world.trip_id}/messages", {"content": "Hello"})
    shown = await olga.get(page)
    for text in ("Trip created", "2 pins created", "1 checklist item created", "1 message sent"):
        assert text in shown.text
    for text in ("Olga", "on the web", "by the key "):
        assert text in shown.text
    # The trip itself, and what was said, are not undone.
    assert len(undoable(shown)) == 2


async def test_a_changeset_is_taken_back_and_brought_back(world, olga, page):
    await world.make("/legs", SAMPLES["leg"])
    [rev] = undoable(await olga.get(page))
    undone = await olga.post(f"{page}/{rev}/undo")
    assert (undone.status, undone.location) == (303, f"{page}?done=undone")
    assert (await world.client.get(f"{world.trip}/legs")).json["items"] == []
    shown = await olga.get(undone.location)
    assert "Taken back." in shown.text
    assert "by undoing" in shown.text
    [second] = undoable(shown)
    assert second == rev + 1
    twice = await olga.post(f"{page}/{rev}/undo")
    assert twice.status == 400
    assert "This cannot be undone, or is undone already." in twice.text
    await olga.post(f"{page}/{second}/undo")
    assert len((await world.client.get(f"{world.trip}/legs")).json["items"]) == 1


async def test_what_was_changed_since_stays_and_is_told(world, olga, page):
    rows = {"legs": [SAMPLES["leg"]], "mapPins": [{**SAMPLES["mapPin"], "name": "<b>Pin</b>"}]}
    await world.client.post(f"{world.trip}/sync", rows)
    [rev] = undoable(await olga.get(page))
    pin = (await world.client.get(f"{world.trip}/map-pins")).json["items"][0]["_id"]
    await world.client.patch(f"{world.trip}/map-pins/{pin}", {"notes": "changed"})
    undone = await olga.post(f"{page}/{rev}/undo")
    assert undone.status == 200
    assert "Taken back, but for what was changed again since then:" in undone.text
    assert "&lt;b&gt;Pin&lt;/b&gt;" in undone.html
    assert (await world.client.get(f"{world.trip}/legs")).json["items"] == []
    assert len((await world.client.get(f"{world.trip}/map-pins")).json["items"]) == 1


async def test_where_all_was_changed_since_nothing_is_taken_back(world, olga, page):
    pin = (await world.make("/map-pins", SAMPLES["mapPin"]))["_id"]
    [rev] = undoable(await olga.get(page))
    await world.client.patch(f"{world.trip}/map-pins/{pin}", {"notes": "changed"})
    undone = await olga.post(f"{page}/{rev}/undo")
    assert "Nothing was taken back" in undone.text
    assert "Sensoji" in undone.text


@pytest.mark.parametrize("rev", ["0", "x", "-1", "99", "1e3", "9" * 30])
async def test_what_is_no_changeset_is_not_found(olga, page, rev):
    assert (await olga.post(f"{page}/{rev}/undo")).status == 404


async def test_the_changeset_that_made_the_trip_stays(world, olga, page):
    assert (await olga.post(f"{page}/1/undo")).status == 400
    assert (await world.client.get(world.trip)).status == 200


async def test_a_long_history_comes_in_pages(world, olga, page):
    for _ in range(50):
        await world.make("/map-pins", SAMPLES["mapPin"])
    first = await olga.get(page)
    assert "Trip created" not in first.text
    [before] = re.findall(r"\?before=(\d+)", first.html)
    assert "Trip created" in (await olga.get(f"{page}?before={before}")).text
    for tampered in ("0", "x", "-1", "9" * 30):
        assert (await olga.get(f"{page}?before={tampered}")).status == 404


async def test_viewers_see_it_and_take_nothing_back(world, page):
    await world.make("/legs", SAMPLES["leg"])
    mika = await member(world, "Mika", Role.VIEWER)
    shown = await mika.get(page)
    assert "1 leg created" in shown.text
    assert undoable(shown) == []
    assert (await mika.post(f"{page}/2/undo")).status == 403
    assert len((await world.client.get(f"{world.trip}/legs")).json["items"]) == 1


class TestLarge:
    """Those of more rows than a request changes are taken back by a worker."""

    @pytest.fixture
    def settings(self, settings):
        return msgspec.structs.replace(settings, imports=Imports(inline_items=1))

    async def test_a_large_one_is_taken_back_by_a_job(self, world, olga, page):
        rows = {"legs": [SAMPLES["leg"]], "mapPins": [SAMPLES["mapPin"]]}
        await world.client.post(f"{world.trip}/sync", rows)
        [rev] = undoable(await olga.get(page))
        undone = await olga.post(f"{page}/{rev}/undo")
        assert (undone.status, undone.location) == (303, f"{page}?done=undone")
        assert (await world.client.get(f"{world.trip}/legs")).json["items"] == []
        twice = await olga.post(f"{page}/{rev}/undo")
        assert twice.status == 400
