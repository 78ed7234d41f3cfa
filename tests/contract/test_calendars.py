"""Contract section 14: calendars of trips, of shared ones, and the feed of all of a user's."""

import re

import icalendar
import pytest

from domain.scopes import Role
from formats import events
from storage import groups
from tests.contract.kinds import ACCOMMODATION, FLIGHT, channel_path
from tests.contract.tags import tag
from tests.support import SAMPLES, add_key, gather

FEED = "/me/calendar-token"
TOLD_TO_MEMBERS = ("confirmationNumber", "notes", "checkInInstructions", "seat")
TOLD_TO_NOBODY = ("wifiName", "wifiPassword", "doorCode", "hostName", "hostPhone", "url", "unknown")
"""Not to members either: a calendar is copied to whatever service it is kept in."""
SECRETS = {name: f"PLANTED-{name}" for name in (*TOLD_TO_MEMBERS, *TOLD_TO_NOBODY)}
SECRETS["checkInTime"] = "23:59"


async def fill(world, trip=""):
    """A leg with where one sleeps and what one flies, a stay, and a commitment at a pin."""
    trip = trip or world.trip
    rows = {
        "legs": [
            SAMPLES["leg"]
            | {
                "clientRef": "leg",
                "accommodation": ACCOMMODATION | SECRETS,
                "flights": [FLIGHT | SECRETS],
            }
        ],
        "stays": [{"name": "Inn", "legRef": "leg", "clientRef": "stay", "notes": "PLANTED-stay"}],
        "mapPins": [SAMPLES["mapPin"] | {"clientRef": "pin", "notes": "PLANTED-pin"}],
        "commitments": [
            SAMPLES["commitment"]
            | {"startTime": "19:00", "legRef": "leg", "mapPinRef": "pin", "clientRef": "dinner"}
            | {"notes": "PLANTED-dinner"}
        ],
    }
    done = await world.client.post(f"{trip}/sync", rows)
    assert done.status == 200, done.raw
    return {name: found["items"][0]["_id"] for name, found in done.json.items() if name in rows}


def read(response):
    """The events of a calendar by their UIDs."""
    assert response.status == 200, response.raw
    calendar = icalendar.Calendar.from_ical(response.raw)
    return {str(event["UID"]): event for event in calendar.walk("VEVENT")}


def flat(response):
    """The text of a calendar, its lines not folded."""
    return response.raw.decode().replace("\r\n ", "")


async def shared_path(world):
    token = (await world.client.post(f"{world.trip}/share-token")).json["token"]
    return f"/shared/trips/{token}/calendar.ics"


async def feed_of(client):
    return (await client.post(FEED)).json["url"]


async def every_calendar(world):
    """The paths of all calendars that show the trip, each with a client that may read it."""
    stranger = world.as_(None)
    return [
        (f"{world.trip}/calendar.ics", world.client),
        (await shared_path(world), stranger),
        (await feed_of(world.client), stranger),
    ]


# All calendars.


async def test_every_calendar_shows_legs_stays_flights_and_commitments(world):
    rows = await fill(world)
    for path, client in await every_calendar(world):
        found = read(await client.get(path))
        told = [(str(e["SUMMARY"]), str(e["DTSTART"].dt)) for e in found.values()]
        assert told == [
            ("Tokyo", "2026-07-15"),
            ("Ryokan Sawanoya", "2026-07-15"),
            ("JL44 LHR → HND", "2026-07-14 18:05:00+00:00"),
            ("Inn", "2026-07-15"),
            ("Dinner", "2026-07-16 19:00:00+09:00"),
        ], path
        assert {f"{row}@carnet" for name, row in rows.items() if name != "mapPins"} <= set(found)


async def test_every_calendar_says_what_it_is(world):
    for path, client in await every_calendar(world):
        response = await client.get(path)
        assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert response.raw.startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
        assert response.raw.endswith(b"\r\nEND:VCALENDAR\r\n")
        head = await client.send("HEAD", path)
        assert (head.status, head.raw) == (200, b"")
        for name in ("Content-Type", "Content-Length", "ETag"):
            assert head.headers[name] == response.headers[name]


async def test_every_calendar_is_304_until_what_it_shows_changes(world):
    rows = await fill(world)
    for path, client in await every_calendar(world):
        first = await client.get(path)
        known = {"If-None-Match": tag(first)}
        await world.client.post(await channel_path(world), {"content": "Hello"})
        same = await client.get(path, headers=known)
        assert (same.status, same.raw, tag(same)) == (304, b"", tag(first)), path
        assert (await client.get(path)).raw == first.raw
        changed = {"title": f"Tokyo, said {path}"}
        await world.client.patch(f"{world.trip}/legs/{rows['legs']}", changed)
        second = await client.get(path, headers=known)
        assert second.status == 200
        assert changed["title"] in [str(event["SUMMARY"]) for event in read(second).values()]


async def test_every_calendar_is_written_once_a_state(world, monkeypatch):
    await fill(world)
    written = []
    make = events._leg

    def counted(leg):
        written.append(leg)
        return make(leg)

    monkeypatch.setattr(events, "_leg", counted)
    for path, client in await every_calendar(world):
        for _ in range(3):
            assert len(read(await client.get(path))) == 5
        assert len(written) == 1, path
        written.clear()


async def test_an_edit_raises_the_sequence_and_keeps_the_uid(world):
    rows = await fill(world)
    paths = await every_calendar(world)

    async def seen():
        return [
            {uid: (e["SEQUENCE"], e["LAST-MODIFIED"].dt) for uid, e in read(found).items()}
            for found in [await client.get(path) for path, client in paths]
        ]

    before = await seen()
    edits = [
        ("legs", {"title": "Edo"}, 4),
        ("commitments", {"startTime": "20:00"}, 1),
        # The commitment is there.
        ("map-pins", {"name": "Ueno"}, 1),
    ]
    names = {"map-pins": "mapPins"}
    for kind, patch, moved in edits:
        path = f"{world.trip}/{kind}/{rows[names.get(kind, kind)]}"
        assert (await world.client.patch(path, patch)).status == 200
        after = await seen()
        for old, new in zip(before, after, strict=True):
            assert old.keys() == new.keys()
            raised = [uid for uid in new if new[uid][0] > old[uid][0]]
            assert all(new[uid][0] >= old[uid][0] and new[uid][1] >= old[uid][1] for uid in new)
            # A leg's own, its place to sleep, its flight, its stay, and what is in its zone.
            assert len(raised) == (5 if kind == "legs" else moved)
        before = after


async def test_only_the_members_calendar_has_notes_and_codes(world):
    await fill(world)
    (own, client), *others = await every_calendar(world)
    members = flat(await client.get(own))
    for told in (*(SECRETS[name] for name in TOLD_TO_MEMBERS), "23:59", "PLANTED-dinner"):
        assert told in members
    for name in TOLD_TO_NOBODY:
        assert SECRETS[name] not in members
    for path, stranger in others:
        text = flat(await stranger.get(path))
        for secret in ("PLANTED", "23:59", world.owner.email, world.group_id, "Olga"):
            assert secret not in text, path


async def test_an_archived_trip_still_has_its_calendar(world):
    await fill(world)
    assert (await world.client.delete(world.trip)).json["status"] == "completed"
    for path, client in await every_calendar(world):
        assert len(read(await client.get(path))) == 5


async def test_a_trip_without_anything_has_a_calendar_too(world):
    for path, client in await every_calendar(world):
        assert read(await client.get(path)) == {}


async def test_links_in_calendars_lead_to_the_pages_of_the_public_url(world):
    await fill(world)
    object.__setattr__(world.running.services, "public_url", f"{world.running.base}/carnet")
    (own, client), (shared, _), (feed, _) = await every_calendar(world)
    assert feed.startswith(f"{world.running.base}/carnet/api/v1/calendars/")
    page = f"{world.running.base}/carnet/trips/{world.trip_id}"
    assert {str(e["URL"]) for e in read(await client.get(own)).values()} == {page}
    found = read(await world.as_(None).get(feed.replace("/carnet/", "/")))
    assert {str(e["URL"]) for e in found.values()} == {page}
    token = shared.split("/")[-2]
    found = read(await world.as_(None).get(shared))
    assert {str(e["URL"]) for e in found.values()} == {f"{world.running.base}/carnet/t/{token}"}


# Of a trip.


async def test_a_viewer_may_read_a_trips_calendar(world):
    viewer = world.as_((await world.person("vera", Role.VIEWER)).key)
    assert (await viewer.get(f"{world.trip}/calendar.ics")).status == 200


async def test_a_calendar_is_called_what_its_trip_is(world):
    await world.client.patch(world.trip, {"title": "Japan; and Korea"})
    assert "\r\nNAME:Japan\\; and Korea\r\n" in flat(
        await world.client.get(f"{world.trip}/calendar.ics")
    )


# Of a shared trip.


async def test_a_share_that_is_stopped_has_no_calendar(world):
    path = await shared_path(world)
    known = tag(await world.as_(None).get(path))
    await world.client.delete(f"{world.trip}/share-token")
    for headers in ({}, {"If-None-Match": known}, {"If-None-Match": "*"}):
        refused = await world.as_(None).get(path, headers=headers)
        assert (refused.status, refused.code) == (404, "NOT_FOUND")


# The feed.


async def test_a_feed_has_an_address_that_is_given_again_until_it_is_revoked(world):
    made = await world.client.post(FEED)
    assert (made.status, set(made.json)) == (201, {"url"})
    base = re.escape(f"{world.running.base}/api/v1/calendars/")
    assert re.fullmatch(base + r"[A-Za-z0-9]{32,64}\.ics", made.json["url"])
    again = await world.client.post(FEED)
    assert (again.status, again.json) == (200, made.json)
    for _ in range(2):
        revoked = await world.client.delete(FEED)
        assert (revoked.status, revoked.raw) == (204, b"")
    refused = await world.as_(None).get(made.json["url"])
    assert (refused.status, refused.code) == (404, "NOT_FOUND")
    renewed = await world.client.post(FEED)
    assert (renewed.status, renewed.json != made.json) == (201, True)
    assert (await world.as_(None).get(renewed.json["url"])).status == 200


async def test_asking_at_once_makes_one_address(world):
    answers = await gather(*(world.client.post(FEED) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
    assert len({answer.json["url"] for answer in answers}) == 1


async def test_a_feed_has_all_trips_of_its_user_and_no_others(world):
    await fill(world)
    second = await world.new_trip()
    await fill(world, f"/trips/{second}")
    ann = await world.person("ann", Role.VIEWER)
    otto = await world.person("otto", None)
    urls = [await feed_of(world.as_(person.key)) for person in (ann, otto)]
    assert len(set(urls)) == 2
    hers, his = [await world.as_(None).get(url) for url in urls]
    assert (len(read(hers)), len(read(his))) == (10, 0)
    assert {str(e["URL"]).rpartition("/")[2] for e in read(hers).values()} == {
        world.trip_id,
        second,
    }
    # Who leaves a group has nothing of it, whatever was known before.
    await world.store.write(
        lambda tx: groups.remove_member(tx, group_id=world.group_id, user_id=ann.user_id)
    )
    left = await world.as_(None).get(urls[0], headers={"If-None-Match": tag(hers)})
    assert (left.status, read(left)) == (200, {})


async def test_the_address_of_a_feed_needs_a_key_for_all_trips(world):
    limited = await add_key(world.store, world.owner.user_id, f"trips:read:{world.trip_id}")
    for method in ("POST", "DELETE"):
        refused = await world.as_(limited).send(method, FEED)
        assert (refused.status, refused.code) == (403, "FORBIDDEN")
        assert "trips:read for all trips" in refused.json["error"]["message"]
    reader = await add_key(world.store, world.owner.user_id, "trips:read")
    assert (await world.as_(reader).post(FEED)).status == 201


async def test_a_token_opens_nothing_but_its_feed(world):
    url = await feed_of(world.client)
    token = url.rpartition("/")[2].removesuffix(".ics")
    stranger = world.as_(None)
    wrong = [token, f"{token}.ICS", f"{token}.ics.ics", ".ics", f"{token[:-1]}.ics", "%00.ics"]
    for name in wrong:
        refused = await stranger.get(f"/calendars/{name}")
        assert (refused.status, refused.code) == (404, "NOT_FOUND"), name
    assert (await stranger.get(f"/shared/trips/{token}/calendar.ics")).status == 404
    assert (await world.as_(token).get("/me")).status == 401
    shared = await shared_path(world)
    assert (await stranger.get(f"/calendars/{shared.split('/')[-2]}.ics")).status == 404


@pytest.mark.parametrize("authorization", ["Bearer nonsense", "Basic x", ""])
async def test_authorization_and_queries_are_not_looked_at(world, authorization):
    headers = {"Authorization": authorization}
    for path, _ in (await every_calendar(world))[1:]:
        found = await world.as_(None).get(f"{path}?nocache=1&x=2", headers=headers)
        assert found.status == 200
