"""Sharing a trip by its page, and its calendar."""

import re

from domain.scopes import Role
from tests.server.trip_pages.visitor import Visitor, member


async def test_a_trip_is_shared_and_no_longer(world, olga):
    page = f"/trips/{world.trip_id}/share"
    assert "Create link" in (await olga.get(page)).text
    made = await olga.post(page)
    assert (made.status, made.location) == (303, f"{page}?done=shared")
    shown = await olga.get(page)
    [token, *_] = re.findall(r"/t/(\w+)", shown.html)
    assert f">{world.running.base}/t/{token}</code>" in shown.html
    assert (await world.client.get(f"/shared/trips/{token}")).status == 200
    anyone = Visitor(world, None)
    assert "Cotswolds" in (await anyone.get(f"/t/{token}")).text
    await olga.post(page)
    assert token in (await olga.get(page)).html
    stopped = await olga.post(f"{page}/stop")
    assert (stopped.status, stopped.location) == (303, f"{page}?done=not_shared")
    assert (await anyone.get(f"/t/{token}")).status == 404
    assert token not in (await olga.get(page)).html
    assert (await olga.post(f"{page}/stop")).status == 303


async def test_the_link_is_for_those_who_may_make_one(world, olga):
    page = f"/trips/{world.trip_id}/share"
    mika = await member(world, "Mika", Role.VIEWER)
    assert "Editors of your group can share this trip." in (await mika.get(page)).text
    await olga.post(page)
    shown = await mika.get(page)
    assert "This trip is shared by link" in shown.text
    assert "/t/" not in shown.html
    for path in (page, f"{page}/stop"):
        assert (await mika.post(path)).status == 403
    assert "/t/" in (await olga.get(page)).html


async def test_ones_own_calendar_is_opened_and_closed(world):
    mika = await member(world, "Mika", Role.VIEWER)
    page = f"/trips/{world.trip_id}/share"
    shown = await mika.get(page)
    assert f'href="/api/v1/trips/{world.trip_id}/calendar.ics"' in shown.html
    assert (await mika.send("GET", f"/api/v1{world.trip}/calendar.ics", None)).status == 200
    opened = await mika.post("/calendar", {"next": page})
    assert (opened.status, opened.location) == (303, page)
    address = (await mika.get(page)).html.split('<code id="feed" tabindex="0">')[1].split("<")[0]
    assert (await world.as_(None).get(address)).status == 200
    assert (await mika.post("/calendar/stop", {"next": "//evil.example"})).location == "/trips"
    assert (await world.as_(None).get(address)).status == 404
