"""A file imported on a trip's page: tried, applied, refused: by raw HTTP, on every backend."""

import re

import msgspec
import pytest

from domain.scopes import Role
from runtime.settings import Http, Imports
from server.body_budget import BodyBudget
from tests.contract.queue_world import job_count, stop_worker, work
from tests.server.trip_pages.visitor import MULTIPART, member, multipart

PINS = b"name,lat,lng\nAsakusa,35.7148,139.7967\nShibuya,35.6595,139.7005\n"
BROKEN = b"name,lat,lng\nAsakusa,35.7148,139.7967\nNowhere,148.1,9.1\n"
GPX = b"""<?xml version="1.0"?><gpx version="1.1" creator="hand">
<wpt lat="-16.8" lon="179.98"><name>Pier</name></wpt>
<trk><name>Sailed</name><trkseg><trkpt lat="-16.8" lon="179.9"/></trkseg></trk></gpx>"""
FILE = 'name="file"; filename="places.csv"'
MAX_BYTES = 512 * 1024


@pytest.fixture
def settings(settings):
    """With bodies of half a megabyte at most."""
    http = msgspec.structs.replace(Http(), max_body_bytes=MAX_BYTES)
    return msgspec.structs.replace(settings, http=http)


@pytest.fixture
def page(world):
    """The path of the page."""
    return f"/trips/{world.trip_id}/import"


def rows(count):
    return b"name,lat,lng\n" + b"".join(b"Pin %d,1.%04d,2.5\n" % (n, n) for n in range(count))


async def state(world):
    """The pins that there are, and the revision."""
    exported = (await world.client.get(f"{world.trip}/export")).json
    return sorted(pin["name"] for pin in exported["mapPins"]), exported["rev"]


async def test_a_preview_tells_what_would_be_and_writes_nothing(world, olga, page):
    before = await state(world)
    shown = await olga.upload(page, PINS, do="preview")
    assert shown.status == 200
    for text in ("What “places.csv” would change", "Nothing is written yet.", "Pins", "2 new"):
        assert text in shown.text
    assert "Asakusa" in shown.text
    assert "choose the file once more" in shown.text
    # Nothing is applied without being asked for.
    assert (await olga.upload(page, PINS, do="")).status == 200
    assert await state(world) == before


async def test_it_is_applied_once_and_told_where_to_undo_it(world, olga, page):
    _, rev = await state(world)
    shown = await olga.upload(page, PINS)
    assert "“places.csv” is imported" in shown.text
    assert "2 new" in shown.text
    assert f'href="{world.trip}/history"' in shown.html
    assert await state(world) == (["Asakusa", "Shibuya"], rev + 1)
    history = (await olga.get(f"{world.trip}/history")).text
    assert "by an import" in history
    again = await olga.upload(page, PINS)
    assert "2 unchanged" in again.text
    assert "Asakusa" not in again.text
    noted = PINS.replace(b"lng", b"lng,notes").replace(b"139.7967", b"139.7967,Early")
    changed = await olga.upload(page, noted, do="preview")
    for text in ("1 changed", "Asakusa", "1 unchanged"):
        assert text in changed.text
    assert await state(world) == (["Asakusa", "Shibuya"], rev + 1)


async def test_what_cannot_be_imported_is_told_and_the_rest_is_done(world, olga, page):
    shown = await olga.upload(page, BROKEN)
    assert re.search(r"Line 3 · Nowhere.*148\.1", shown.text)
    assert (await state(world))[0] == ["Asakusa"]
    shown = await olga.upload(page, GPX, "tour.gpx")
    assert "Left out" in shown.text
    assert "1 track" in shown.text


async def test_of_many_the_first_are_named_and_the_others_counted(olga, page):
    shown = await olga.upload(page, rows(23), do="preview")
    assert "23 new" in shown.text
    assert ("Pin 19" in shown.text, "Pin 20" in shown.text) == (True, False)
    assert "and 3 more" in shown.text
    wrong = b"name,lat,lng\n" + b"".join(b"Far %d,99,200\n" % n for n in range(103))
    shown = await olga.upload(page, wrong, do="preview")
    assert shown.html.count("Line ") == 100
    assert "and 3 more" in shown.text


async def test_it_is_for_those_who_may_write(world, page):
    mika = await member(world, "Mika", Role.VIEWER)
    before = await state(world)
    assert (await mika.get(page)).status == 403
    for do in ("preview", "apply"):
        assert (await mika.upload(page, PINS, do=do)).status == 403
    assert "/import" not in (await mika.get(world.trip)).html
    assert await state(world) == before


async def test_editors_find_it_on_the_trips_page(olga, world, page):
    assert f'href="{page}"' in (await olga.get(world.trip)).html
    shown = (await olga.get(page)).html
    assert 'enctype="multipart/form-data"' in shown
    assert 'type="file"' in shown


async def test_another_servers_form_writes_nothing(world, olga, page):
    before = await state(world)
    answer = await olga.upload(page, PINS, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403
    assert await state(world) == before


@pytest.mark.parametrize(
    ("media_type", "body", "status"),
    [
        ("application/x-www-form-urlencoded", b"do=apply", 415),
        ("text/csv", PINS, 415),
        ("multipart/mixed; boundary=x", b"", 415),
        ("multipart/form-data", b"", 400),
        ("multipart/form-data; boundary=x", b"", 400),
        ("multipart/form-data; boundary=" + "x" * 71, b"", 400),
        (MULTIPART, b"garbage" * 1_000, 400),
        (MULTIPART, multipart((FILE, PINS))[:-30], 400),
        (MULTIPART, multipart(("filename=x", PINS)), 400),
        (MULTIPART, multipart(("", PINS)), 400),
        (MULTIPART, multipart((FILE, PINS), (FILE, PINS)), 400),
        (MULTIPART, multipart((FILE, PINS), *[('name="a"', b"")] * 50), 400),
        (MULTIPART, multipart((FILE, PINS), ('name="do"', b"x" * 300_000)), 400),
        (MULTIPART, multipart((FILE, PINS), ('name="do"', b"\xff")), 400),
        (MULTIPART, multipart((FILE + "\r\nX-A: " + "a" * 9_000, PINS)), 400),
        (MULTIPART, multipart((FILE + "\r\nContent-Type: multipart/mixed; boundary=y", b"")), 400),
        (MULTIPART, multipart(('name="do"', b"apply")), 400),
        (MULTIPART, multipart(('name="file"; filename=""', b""), ('name="do"', b"apply")), 400),
        (MULTIPART, multipart((FILE, b"x" * MAX_BYTES)), 413),
    ],
)
async def test_what_is_no_such_form_is_a_page_that_says_so(
    world, olga, page, media_type, body, status
):
    before = await state(world)
    here = {"Sec-Fetch-Site": "same-origin", "Content-Type": media_type}
    answer = await olga.send("POST", page, body, **here)
    assert answer.status == status
    assert "<h1>" in answer.html
    assert await state(world) == before


async def test_one_that_is_too_large_is_told_so(olga, page):
    answer = await olga.upload(page, rows(40_000))
    assert answer.status == 413
    assert "That is too large" in answer.text


async def test_its_bytes_count_among_those_that_are_held(world, olga, page):
    room = BodyBudget(100_000)
    object.__setattr__(world.running.services, "bodies", room)
    for count, status in ((10_000, 503), (4_000, 200)):
        assert (await olga.upload(page, rows(count), do="preview")).status == status
        assert room._taken == 0


async def test_without_a_file_one_is_asked_for(olga, page):
    answer = await olga.upload(page, b"", "")
    assert answer.status == 400
    assert "Choose a file first." in answer.text


@pytest.mark.parametrize("file", [b"", b"\x00\x01\x02\xff" * 9, b"<html></html>", b'{"a": 1}'])
async def test_a_file_that_cannot_be_read_is_told_with_the_reason(world, olga, page, file):
    before = await state(world)
    answer = await olga.upload(page, file, "x.bin")
    assert answer.status == 400
    assert "This file cannot be imported" in answer.text
    assert re.search(r'<p lang="en">(?!body:).{10,}</p>', answer.html)
    assert await state(world) == before


@pytest.mark.parametrize("do", ["preview", "apply"])
async def test_what_a_file_says_never_runs(olga, page, do):
    evil = "<script>alert(1)</script>"
    file = f"name,lat,lng\n{evil},1,2\n{evil},91,181\n".encode()
    shown = await olga.upload(page, file, f"{evil}é.csv", do=do)
    assert shown.status == 200
    assert evil not in shown.html
    assert shown.html.count("&lt;script&gt;") >= 3


async def test_a_name_that_is_no_text_is_shown_as_far_as_it_is(olga, page):
    body = multipart((FILE, PINS)).replace(b"places.csv", b"a\xff;b" + b"c" * 999)
    here = {"Sec-Fetch-Site": "same-origin", "Content-Type": MULTIPART}
    shown = await olga.send("POST", page, body, **here)
    assert shown.status == 200
    assert "c" * 200 in shown.text
    assert "c" * 300 not in shown.text


async def test_bytes_come_as_they_were_sent(world, olga, page):
    """Line ends of all kinds, a mark of byte order, and what looks like an end of the form."""
    file = b"\xef\xbb\xbfname,lat,lng\r\nA--,1,2\r\n------Boundary7MA,3,4\r\n\r\n"
    await olga.upload(page, file)
    assert (await state(world))[0] == ["------Boundary7MA", "A--"]


async def test_french_is_spoken_too(olga, page):
    here = {"Accept-Language": "fr"}
    shown = await olga.upload(page, BROKEN, do="preview", **here)
    assert "Ce que «\u00a0places.csv\u00a0» changerait" in shown.text
    assert "1 ajout" in shown.text
    assert "Ligne 3 · Nowhere" in shown.text


class TestLarge:
    """Those of more rows than a request changes are a worker's."""

    async def test_a_large_one_goes_by_the_queue_and_the_page_waits(self, world, olga, page):
        file = rows(3_000)
        shown = await olga.upload(page, file, do="preview")
        assert "3000 new" in shown.text
        assert (await state(world))[0] == []
        shown = await olga.upload(page, file)
        assert "“places.csv” is imported" in shown.text
        assert len((await state(world))[0]) == 3_000
        assert await job_count(world) == 2
        shown = await olga.upload(page, file)
        assert "3000 unchanged" in shown.text

    async def test_one_that_cannot_be_read_is_told_all_the_same(self, olga, page):
        answer = await olga.upload(page, b"\x00\x01\xfe" * 100_000)
        assert answer.status == 400
        assert "This file cannot be imported" in answer.text
        assert "body:" not in answer.text


class TestSlow:
    """Those that take longer than a page waits."""

    @pytest.fixture
    def settings(self, settings):
        imports = Imports(inline_items=1, wait_seconds=0.0, max_items=5)
        return msgspec.structs.replace(settings, imports=imports)

    @pytest.mark.parametrize(
        ("do", "told", "pins"),
        [("preview", "The page did not wait", 0), ("apply", "It goes on without you", 2)],
    )
    async def test_it_goes_on_without_the_page(self, world, olga, page, do, told, pins):
        await stop_worker(world)
        shown = await olga.upload(page, PINS, do=do)
        assert shown.status == 200
        assert told in shown.text
        assert f'href="{world.trip}"' in shown.html
        await work(world)
        assert len((await state(world))[0]) == pins

    async def test_one_of_too_many_rows_is_refused(self, world, olga, page):
        answer = await olga.upload(page, rows(6))
        assert answer.status == 413
        assert "5 items at most" in answer.text
        assert (await state(world))[0] == []
