"""The list of trips, a new trip, a trip's settings: by forms, on every backend."""

import asyncio

import pytest

from domain.scopes import Role
from storage import groups
from tests.server.trip_pages.visitor import Visitor, member
from tests.support import SAMPLES, add_person, add_session, now

NEW = {"title": "Slow Slovenia", "startDate": "2030-06-12", "endDate": "2030-06-20"}


async def new_trip(world, title, start, end):
    body = {"groupId": world.group_id, "title": title, "startDate": start, "endDate": end}
    return (await world.client.post("/trips", body)).json["_id"]


async def test_a_new_trip_is_made_by_a_form_and_shown(world, olga):
    form = await olga.get("/trips/new")
    assert "New trip" in form.text
    assert "groupId" not in form.html
    made = await olga.post("/trips", NEW)
    assert made.status == 303
    trip_id = made.location.removeprefix("/trips/").removesuffix("?done=created")
    stored = (await world.client.get(f"/trips/{trip_id}")).json
    assert {name: stored[name] for name in NEW} == NEW
    assert (stored["groupId"], stored["createdBy"]) == (world.group_id, world.owner.user_id)
    (entry,) = (await world.client.get(f"/trips/{trip_id}/history")).json["items"]
    assert entry["via"] == "web"
    shown = await olga.get(made.location)
    assert "Slow Slovenia" in shown.text
    assert "The trip is there" in shown.text
    assert "Slow Slovenia" in (await olga.get("/trips")).text


async def test_a_form_sent_twice_makes_one_trip(world, olga):
    form = {**NEW, "clientRef": (await olga.get("/trips/new")).value("clientRef")}
    first, second = await asyncio.gather(olga.post("/trips", form), olga.post("/trips", form))
    assert first.status == second.status == 303
    assert first.location == second.location
    # A browser that goes back has the same form: another trip is another one.
    other = await olga.post("/trips", {**form, "title": "Slow Croatia"})
    titles = [trip["title"] for trip in (await world.client.get("/trips")).json["items"]]
    assert sorted(titles) == ["Cotswolds", "Slow Croatia", "Slow Slovenia"]
    assert other.location != first.location


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"title": ""}, "Please fill this in."),
        ({"title": "   "}, "Please fill this in."),
        ({"title": "x" * 201}, "This is too long."),
        ({"startDate": ""}, "Please fill this in."),
        ({"startDate": "2030-02-30"}, "This does not look right."),
        ({"endDate": "2030-06-11"}, "A trip cannot end before it starts."),
    ],
)
async def test_a_form_that_is_wrong_is_shown_again_with_what_was_sent(world, olga, changed, told):
    sent = {**NEW, **changed}
    for path in ("/trips", f"/trips/{world.trip_id}/edit"):
        refused = await olga.post(path, sent)
        assert refused.status == 400
        assert told in refused.text
        for name in NEW.keys() - changed.keys():
            assert f'value="{NEW[name]}"' in refused.html
    assert len((await world.client.get("/trips")).json["items"]) == 1
    assert (await world.client.get(f"/trips/{world.trip_id}")).json["title"] == "Cotswolds"


async def test_who_writes_in_several_groups_chooses_one(world, olga):
    async def add(tx):
        group_id = await groups.create(tx, name="Chess <club>", now=now())
        await groups.add_member(
            tx, group_id=group_id, user_id=world.owner.user_id, role=Role.EDITOR, now=now()
        )
        return group_id

    club = await world.store.write(add)
    form = await olga.get("/trips/new")
    assert f'<option value="{club}">Chess &lt;club&gt;</option>' in form.html
    made = await olga.post("/trips", {**NEW, "groupId": club})
    trip_id = made.location.removeprefix("/trips/").removesuffix("?done=created")
    assert (await world.client.get(f"/trips/{trip_id}")).json["groupId"] == club


async def test_a_group_that_is_not_ones_own_is_refused(world):
    stranger = await member(world, "stranger", None)
    assert (await stranger.get("/trips/new")).status == 403
    assert (await stranger.post("/trips", NEW)).status == 403
    assert (await stranger.post("/trips", {**NEW, "groupId": world.group_id})).status == 403


async def test_viewers_make_no_trips(world):
    mika = await member(world, "mika", Role.VIEWER)
    assert "/trips/new" not in (await mika.get("/trips")).html
    assert (await mika.get("/trips/new")).status == 403
    assert (await mika.post("/trips", {**NEW, "groupId": world.group_id})).status == 403
    assert (await mika.get(f"/trips/{world.trip_id}/edit")).status == 403


async def test_without_trips_one_is_invited_to_begin(world):
    person = await add_person(world.store, "newcomer", None)
    newcomer = Visitor(world, await add_session(world.store, person.user_id))
    page = await newcomer.get("/trips")
    assert "No trips yet" in page.text
    assert "Begin one" not in page.text

    async def give_group(tx):
        group_id = await groups.create(tx, name="Mine", now=now())
        await groups.add_member(
            tx, group_id=group_id, user_id=person.user_id, role=Role.OWNER, now=now()
        )

    await world.store.write(give_group)
    assert "Begin one" in (await newcomer.get("/trips")).text


async def test_trips_are_in_the_order_in_which_they_matter(world, olga):
    for title, start, end in (
        ("Last year", "2024-01-01", "2024-01-05"),
        ("Far", "2099-01-01", "2099-01-05"),
        ("Long ago", "2001-01-01", "2001-01-05"),
        ("Soon", "2098-01-01", "2098-01-05"),
        ("Now", "2020-01-01", "2090-01-05"),
    ):
        await new_trip(world, title, start, end)
    page = (await olga.get("/trips")).text
    told = ["Now", "Soon", "Far", "Cotswolds", "Last year", "Long ago"]
    places = [page.index(title) for title in told]
    assert places == sorted(places)


async def test_many_trips_come_in_pages(world, olga):
    for number in range(50):
        await new_trip(world, f"No. {number:02}", f"2050-01-{number % 28 + 1:02}", "2050-02-01")
    first, second = await olga.get("/trips"), await olga.get("/trips?page=2")
    assert first.html.count("trip-card") == 50
    assert second.html.count("trip-card") == 1
    assert "Page 1 of 2" in first.text
    assert "Cotswolds" in second.text
    for page in ("0", "3", "-1", "x", "1000000000"):
        assert (await olga.get(f"/trips?page={page}")).status == 404


async def test_a_card_tells_of_its_legs(world, olga):
    legs = [("Kyoto, Japan", "2026-07-15", "2026-07-18"), ("Nara", "2026-07-18", "2026-07-19")]
    for order, (destination, start, end) in enumerate(legs):
        body = {**SAMPLES["leg"], "destination": destination, "order": order}
        await world.make("/legs", {**body, "startDate": start, "endDate": end})
    page = await olga.get("/trips")
    assert "Kyoto, Nara" in page.text
    assert 'class="leg-0 n-3"' in page.html
    assert "Ended on 22 July 2026" in page.text


async def test_a_trip_is_changed_by_a_form(world, olga):
    form = await olga.get(f"/trips/{world.trip_id}/edit")
    assert form.value("title") == "Cotswolds"
    sent = {**NEW, "status": "active"}
    changed = await olga.post(f"/trips/{world.trip_id}/edit", sent)
    assert (changed.status, changed.location) == (303, f"/trips/{world.trip_id}?done=saved")
    stored = (await world.client.get(world.trip)).json
    assert {name: stored[name] for name in sent} == sent
    wrong = await olga.post(f"/trips/{world.trip_id}/edit", {**NEW, "status": "cancelled"})
    assert wrong.status == 400
    assert (await world.client.get(world.trip)).json["status"] == "active"
