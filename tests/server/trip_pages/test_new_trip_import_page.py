"""A file made into a new trip on a page: tried, applied, refused: by raw HTTP, on every backend."""

import asyncio
import re

import msgspec
import pytest

from domain.scopes import Role
from runtime import measured
from runtime.settings import Imports
from server.pages import multipart
from server.pages.visit import File
from storage import groups
from tests.contract.queue_world import stop_worker, work
from tests.measuring import counted
from tests.server.trip_pages.visitor import member
from tests.support import now
from tests.waiting import until

PAGE = "/trips/import"
PINS = b"name,lat,lng\nAsakusa,35.7148,139.7967\nNowhere,148.1,9.1\n"
EXPORT = {
    "trip": {"title": "Slow Slovenia", "startDate": "2030-06-12", "endDate": "2030-06-20"},
    "commitments": [{"title": "Cave", "startDate": "2030-06-11", "category": "activity"}],
    "mapPins": [{"name": "Bled", "lat": 46.36, "lng": 14.09}],
}
NAMES = ("title", "startDate", "endDate")


async def trips(world):
    """The trips that there are besides the first one."""
    listed = (await world.client.get("/trips")).json["items"]
    return [trip for trip in listed if trip["_id"] != world.trip_id]


def form_of(page):
    """The fields of a form as a browser sends them again."""
    fields = dict(re.findall(r'<input[^>]* name="([\w-]+)"[^>]* value="([^"]*)"', page.html))
    return {name: fields[name] for name in fields if name not in ("file", "do")}


async def test_a_preview_tells_what_trip_it_would_be_and_writes_nothing(world, olga):
    opened = await olga.get(PAGE)
    assert "Import a trip" in opened.text
    assert 'name="title"' not in opened.html
    shown = await olga.upload(PAGE, msgspec.json.encode(EXPORT), "a.json", do="preview")
    assert shown.status == 200
    for text in ("What “a.json” would become", "Nothing is written yet.", "1 new", "Bled"):
        assert text in shown.text
    # Its own days, and those of what is in it.
    assert [shown.value(name) for name in NAMES] == ["Slow Slovenia", "2030-06-11", "2030-06-20"]
    assert await trips(world) == []


async def test_it_is_applied_as_it_was_shown(world, olga):
    file = msgspec.json.encode(EXPORT)
    shown = await olga.upload(PAGE, file, "a.json", do="preview")
    done = await olga.upload(PAGE, file, "a.json", fields=form_of(shown))
    assert "“a.json” is imported" in done.text
    assert "<form" not in done.html.partition("<main")[2]
    (trip,) = await trips(world)
    assert [trip[name] for name in NAMES] == ["Slow Slovenia", "2030-06-11", "2030-06-20"]
    assert (trip["groupId"], trip["createdBy"]) == (world.group_id, world.owner.user_id)
    address = f"/trips/{trip['_id']}"
    assert f'href="{address}"' in done.html
    exported = (await world.client.get(f"{address}/export")).json
    assert [pin["name"] for pin in exported["mapPins"]] == ["Bled"]
    assert [event["title"] for event in exported["commitments"]] == ["Cave"]
    # The same file into the trip that was made of it changes nothing.
    again = await olga.upload(f"{address}/import", file, "a.json")
    assert again.text.count("1 unchanged") == 2


async def test_what_was_typed_goes_before_what_the_file_says(world, olga):
    shown = await olga.upload(PAGE, PINS, "by_the lake.csv", do="preview")
    assert shown.value("title") == "by the lake"
    assert shown.value("startDate") == shown.value("endDate") == now()[:10]
    fields = {**form_of(shown), "title": "Mine", "endDate": "2090-01-01"}
    other = await olga.upload(PAGE, msgspec.json.encode(EXPORT), "b.json", "preview", fields)
    # Nothing that an earlier file told is left of it.
    assert [other.value(name) for name in NAMES] == ["Mine", "2030-06-11", "2090-01-01"]
    await olga.upload(PAGE, msgspec.json.encode(EXPORT), "b.json", fields=form_of(other))
    (trip,) = await trips(world)
    assert [trip[name] for name in NAMES] == ["Mine", "2030-06-11", "2090-01-01"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"title": "x" * 201}, "This is too long."),
        ({"startDate": "2030-02-30"}, "This does not look right."),
        ({"endDate": "2001-01-01"}, "A trip cannot end before it starts."),
    ],
)
@pytest.mark.parametrize("do", ["preview", "apply"])
async def test_what_is_wrong_with_the_trip_is_told_at_its_field(world, olga, changed, told, do):
    refused = await olga.upload(PAGE, PINS, do=do, fields={"title": "Kept", **changed})
    assert refused.status == 400
    assert told in refused.text
    assert "cannot be imported" not in refused.text
    for name, value in changed.items():
        assert refused.value(name) == value
    assert await trips(world) == []


async def test_what_cannot_be_imported_is_told_and_the_rest_is_a_trip(world, olga):
    shown = await olga.upload(PAGE, PINS)
    assert re.search(r"Line 3 · Nowhere.*148\.1", shown.text)
    (trip,) = await trips(world)
    assert trip["title"] == "places"


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (b"name,lat,lng\nNowhere,148.1,9.1\n", "Line 2 · Nowhere"),
        (b'{"mapPins": []}', "nothing in it to import"),
    ],
)
async def test_of_nothing_no_trip_is_made(world, olga, file, told):
    shown = await olga.upload(PAGE, file)
    assert "No trip can be made of “places.csv”" in shown.text
    assert told in shown.text
    assert 'type="file"' in shown.html
    assert await trips(world) == []


async def test_a_file_that_cannot_be_read_makes_no_trip(world, olga):
    for do in ("preview", "apply"):
        for size in (1, 100_000):
            answer = await olga.upload(PAGE, b"\x00\x01\xff" * size, "x.bin", do=do)
            assert answer.status == 400
            assert "This file cannot be imported" in answer.text
    assert (await olga.upload(PAGE, b"", "")).status == 400
    assert await trips(world) == []


async def test_a_form_sent_twice_makes_one_trip(world, olga):
    fields = form_of(await olga.upload(PAGE, PINS, do="preview"))
    with counted(measured.ITEMS, "mapPin", "created"):
        both = await asyncio.gather(*(olga.upload(PAGE, PINS, fields=fields) for _ in range(2)))
    assert [page.status for page in both] == [200, 200]
    (trip,) = await trips(world)
    for page in both:
        assert f'href="/trips/{trip["_id"]}"' in page.html
    # A browser that goes back shows the same form: what is sent with it then is something new.
    await olga.upload(PAGE, PINS, fields={**fields, "title": "Another"})
    await olga.upload(PAGE, PINS + b"Ueno,35.71,139.77\n", fields=fields)
    assert len(await trips(world)) == 3


async def test_forms_that_have_no_reference_are_no_form_sent_twice(world, olga):
    for _ in range(2):
        await olga.upload(PAGE, PINS)
    assert len(await trips(world)) == 2


async def test_the_import_is_undone_and_the_trip_stays(world, olga):
    await olga.upload(PAGE, PINS)
    (trip,) = await trips(world)
    address = f"/trips/{trip['_id']}"
    entries = (await world.client.get(f"{address}/history")).json["items"]
    assert [(entry["via"], [*entry["summary"]]) for entry in entries] == [
        ("import", ["mapPins"]),
        ("import", ["trip", "channels"]),
    ]
    history = await olga.get(f"{address}/history")
    assert history.html.count("/undo") == 1
    undone = await olga.post(f"{address}/history/2/undo")
    assert undone.location == f"{address}/history?done=undone"
    assert (await world.client.get(f"{address}/map-pins")).json["items"] == []


async def test_who_writes_in_several_groups_chooses_one(world, olga):
    async def add(tx):
        group_id = await groups.create(tx, name="Chess <club>", now=now())
        user_id = world.owner.user_id
        await groups.add_member(tx, group_id=group_id, user_id=user_id, role=Role.EDITOR, now=now())
        return group_id

    club = await world.store.write(add)
    assert f'<option value="{club}">Chess &lt;club&gt;</option>' in (await olga.get(PAGE)).html
    shown = await olga.upload(PAGE, PINS, do="preview", fields={"groupId": club})
    assert f'<option value="{club}" selected>' in shown.html
    await olga.upload(PAGE, PINS, fields={"groupId": club})
    (trip,) = await trips(world)
    assert trip["groupId"] == club


async def test_it_is_for_those_who_may_make_trips(world, olga):
    for name, role in (("mika", Role.VIEWER), ("stranger", None)):
        person = await member(world, name, role)
        assert PAGE not in (await person.get("/trips")).html
        assert (await person.get(PAGE)).status == 403
        for fields in ({}, {"groupId": world.group_id}):
            for do in ("preview", "apply"):
                assert (await person.upload(PAGE, PINS, do=do, fields=fields)).status == 403
    assert f'href="{PAGE}"' in (await olga.get("/trips")).html
    assert await trips(world) == []


async def test_it_speaks_french(world, olga):
    here = {"Accept-Language": "fr"}
    shown = await olga.upload(PAGE, PINS, do="preview", **here)
    assert "Ce que «\u00a0places.csv\u00a0» deviendrait" in shown.text
    done = await olga.upload(PAGE, PINS, fields=form_of(shown), **here)
    assert "un voyage vide" in done.text


class TestLarge:
    """Those of more rows than a request changes are a worker's."""

    @pytest.fixture
    def settings(self, settings):
        imports = Imports(inline_items=1)
        return msgspec.structs.replace(settings, imports=imports)

    FILE = msgspec.json.encode({**EXPORT, "legs": []})

    async def test_a_large_one_goes_by_the_queue_and_the_page_waits(self, world, olga):
        shown = await olga.upload(PAGE, self.FILE, "a.json", do="preview")
        assert shown.value("title") == "Slow Slovenia"
        assert await trips(world) == []
        fields = form_of(shown)
        for _ in range(2):
            done = await olga.upload(PAGE, self.FILE, "a.json", fields=fields)
            assert "“a.json” is imported" in done.text
        (trip,) = await trips(world)
        assert f'href="/trips/{trip["_id"]}"' in done.html
        wrong = {**fields, "endDate": "2001-01-01", "clientRef": "x"}
        refused = await olga.upload(PAGE, self.FILE, "a.json", fields=wrong)
        assert refused.status == 400
        assert "A trip cannot end before it starts." in refused.text
        assert len(await trips(world)) == 1

    async def test_a_page_that_waits_holds_no_file(self, world, olga, monkeypatch):
        gone = []

        class Content(bytes):
            def __del__(self):
                gone.append(len(self))

        monkeypatch.setattr(multipart, "File", lambda name, sent: File(name, Content(sent)))
        await stop_worker(world)
        for do in ("preview", "apply"):
            page = asyncio.ensure_future(olga.upload(PAGE, self.FILE, "a.json", do=do))
            await until(lambda: gone)
            assert not page.done()
            assert gone == [len(self.FILE)]
            gone.clear()
            await work(world)
            assert (await page).status == 200

    async def test_who_may_make_none_queues_nothing(self, world):
        mika = await member(world, "mika", Role.VIEWER)
        fields = {"groupId": world.group_id}
        answer = await mika.upload(PAGE, self.FILE, "a.json", fields=fields)
        assert answer.status == 403


class TestSlow:
    """Those that take longer than a page waits."""

    @pytest.fixture
    def settings(self, settings):
        imports = Imports(inline_items=1, wait_seconds=0.0)
        return msgspec.structs.replace(settings, imports=imports)

    @pytest.mark.parametrize(
        ("do", "told", "made"),
        [("preview", "The page did not wait", 0), ("apply", "look among your trips", 1)],
    )
    async def test_it_goes_on_without_the_page(self, world, olga, do, told, made):
        await stop_worker(world)
        shown = await olga.upload(PAGE, TestLarge.FILE, do=do)
        assert shown.status == 200
        assert told in shown.text
        await work(world)
        assert len(await trips(world)) == made
