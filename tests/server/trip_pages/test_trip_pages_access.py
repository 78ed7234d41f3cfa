"""Who may see the pages of trips and send their forms, and what is shown of what was written."""

import json
from pathlib import Path

import pytest

from domain.scopes import Role
from server.pages.table import PAGES
from tests.server.trip_pages.visitor import Visitor, member
from tests.support import SAMPLES

JAPAN = Path(__file__).parents[3] / "operations" / "sample" / "japan.json"
OF_TRIPS = [page for page in PAGES if page.path.startswith(("/trips", "/calendar"))]
ON_A_TRIP = [page for page in OF_TRIPS if "{tripId}" in page.path]
FORMS = [page for page in OF_TRIPS if page.method == "POST"]
PEOPLE = {"olga": Role.OWNER, "sam": Role.EDITOR, "mika": Role.VIEWER, "stranger": None}
FIELDS = {
    "title": "Changed",
    "startDate": "2030-01-01",
    "endDate": "2030-01-02",
    "text": "Pack",
    "urgency": "now",
    "content": "Hello",
}
SECRET = "door 4711"
EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{1337*7}}"


def named(page):
    return f"{page.method} {page.path}"


def path_of(page, trip_id):
    return page.path.replace("{tripId}", trip_id).replace("{rev}", "2")


async def state(world):
    """All of the trip, and whether it is shared."""
    exported = (await world.client.get(f"{world.trip}/export")).json
    rev = (await world.client.get(f"{world.trip}/changes")).json["rev"]
    shared = await world.store.read(lambda tx: tx.fetchval("SELECT count(*) FROM shares"))
    return exported, rev, shared


@pytest.fixture
async def people(world):
    await world.make("/legs", {**SAMPLES["leg"], "accommodation": {"doorCode": SECRET}})
    return {name: await member(world, name, role) for name, role in PEOPLE.items()}


async def ask(visitor, page, path, **headers):
    if page.method == "GET":
        return await visitor.get(path, **headers)
    if page.takes_file:
        return await visitor.upload(path, b"name,lat,lng\nPier,1,2\n", **headers)
    return await visitor.post(path, FIELDS, **headers)


@pytest.mark.parametrize("page", ON_A_TRIP, ids=named)
async def test_pages_are_for_members_and_forms_for_those_who_write(world, people, page):
    path = path_of(page, world.trip_id)
    writes = page.method == "POST" or page.path.endswith(("/edit", "/import"))
    before = await state(world)
    assert (await ask(people["stranger"], page, path)).status == 403
    viewed = await ask(people["mika"], page, path)
    assert viewed.status == (403 if writes else 200)
    assert await state(world) == before
    for missing in ("nothing", "' OR 1=1", "é", "a" * 300):
        answer = await ask(people["olga"], page, path_of(page, missing.replace("/", "")))
        assert answer.status == 404
    for name in ("sam", "olga"):
        answer = await ask(people[name], page, path)
        # The second one finds it undone already.
        undone = page.path.endswith("/undo") and name == "olga"
        leads_on = page.method == "POST" and not page.takes_file
        assert answer.status == (400 if undone else 303 if leads_on else 200)


@pytest.mark.parametrize("page", OF_TRIPS, ids=named)
async def test_whoever_is_signed_out_signs_in_first(world, people, page):
    before, path = await state(world), path_of(page, world.trip_id)
    # A key is for the API: a page does not look at it.
    for headers in ({}, {"Authorization": f"Bearer {world.owner.key}"}):
        answer = await ask(Visitor(world, None), page, path, **headers)
        assert answer.status == 303
        assert answer.location.startswith("/sign-in")
        assert SECRET not in answer.text
    assert await state(world) == before


@pytest.mark.parametrize("page", OF_TRIPS, ids=named)
async def test_a_key_gives_nobody_more(world, people, page):
    answer = await ask(
        people["stranger"],
        page,
        path_of(page, world.trip_id),
        Authorization=f"Bearer {world.owner.key}",
    )
    on_a_trip = "{tripId}" in page.path
    no_group = page.path in ("/trips/new", "/trips/import") or named(page) == "POST /trips"
    assert answer.status == (403 if on_a_trip or no_group else 200 if page.method == "GET" else 303)
    assert "Cotswolds" not in answer.text


@pytest.mark.parametrize("page", FORMS, ids=named)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
    ids=str,
)
async def test_forms_of_other_pages_do_nothing(world, people, page, headers):
    before = await state(world)
    answer = await people["olga"].send(
        "POST",
        path_of(page, world.trip_id),
        "text=Pack&urgency=now&content=Hello&title=T&startDate=2030-01-01&endDate=2030-01-02",
        **{"Content-Type": "application/x-www-form-urlencoded", **headers},
    )
    assert answer.status == 403
    assert await state(world) == before


@pytest.mark.parametrize("page", [each for each in FORMS if not each.takes_file], ids=named)
async def test_what_is_no_form_is_refused(world, people, page):
    before, path = await state(world), path_of(page, world.trip_id)
    here = {"Sec-Fetch-Site": "same-origin"}
    for media_type, body, status in (
        ("application/json", json.dumps(FIELDS), 415),
        ("application/x-www-form-urlencoded", "text=%ff", 400),
        ("application/x-www-form-urlencoded", "a=" + "x" * 300_000, 413),
    ):
        answer = await people["olga"].send(
            "POST", path, body, **{"Content-Type": media_type, **here}
        )
        assert answer.status == status
    assert await state(world) == before


@pytest.mark.parametrize("page", OF_TRIPS, ids=named)
async def test_nothing_of_it_is_kept_by_caches(world, people, page):
    answer = await ask(people["olga"], page, path_of(page, world.trip_id))
    assert answer.headers["Cache-Control"] == "no-store"


def planted(value):
    """Every text a sample has that is free, with something in it that must not run."""
    if isinstance(value, dict):
        return {key: planted(each) if key not in KEPT else each for key, each in value.items()}
    if isinstance(value, list):
        return [planted(each) for each in value]
    return value + EVIL if isinstance(value, str) else value


KEPT = {
    *("startDate", "endDate", "startTime", "endTime", "timezone", "category", "urgency"),
    *("checkInDate", "checkInTime", "checkOutDate", "checkOutTime", "departureTime"),
    *("arrivalTime", "pickupTime", "dropoffTime", "clientRef", "legRef", "mapPinRef"),
}


async def test_nothing_that_was_written_runs(world, people):
    sent = planted(json.loads(JAPAN.read_text(encoding="utf-8")))
    made = await world.client.post("/trips", {"groupId": world.group_id, **sent.pop("trip")})
    trip_id = made.json["_id"]
    done = await world.client.post(f"/trips/{trip_id}/sync", sent)
    assert done.status == 200, done.raw
    olga = await member(world, f"Eve{EVIL}", Role.EDITOR)
    await olga.post(f"/trips/{trip_id}/messages", {"content": EVIL})
    await olga.post(f"/trips/{trip_id}/share")
    for wrong in ("items", "messages", "edit"):
        where = "checklist/items" if wrong == "items" else wrong
        fields = {"text": EVIL, "urgency": EVIL, "content": EVIL + "x" * 10_000, "title": EVIL}
        answer = await olga.post(f"/trips/{trip_id}/{where}", fields)
        assert answer.status == 400
        _is_harmless(answer)
    for path in ("", "/share", "/history", "/edit", "/import"):
        _is_harmless(await olga.get(f"/trips/{trip_id}{path}"))
    _is_harmless(await olga.get("/trips"))
    _is_harmless(await olga.get(f"/trips?done={EVIL.replace('#', '')}"))


def _is_harmless(page):
    for marked in ("<script>", "<img", "onerror=alert(2)>{{", "'><script", "9359"):
        assert marked not in page.html.replace("&#39;", "")
