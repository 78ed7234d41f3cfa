"""The one road by which rows and revisions change, and the journal of it."""

import asyncio

import msgspec
import pytest

from domain.actor import SYSTEM, Actor
from domain.changes import Cause, ChangeSet
from domain.errors import NotFound, ValidationFailed
from domain.resources import LEG, MAP_PIN
from domain.scopes import BASE_SCOPES, Scopes
from operations import messages, rows, shares
from operations import trips as trip_operations
from operations.rows import Collection
from storage import items, trips
from tests.storage.home import SECRET, event, leg, pin, soon, stay
from tests.storage.journal import changesets, everything, prior_rows, revs, row, stored_items
from tests.support import TRIP as TRIP_SAMPLE

MOMENT = "2026-07-15T12:00:00.000Z"


# One changeset for each commit


async def test_a_new_trip_begins_its_journal(home):
    (first,) = await changesets(home.store, home.trip_id)
    assert first["rev"] == 1
    assert (first["user_id"], first["via"], first["undoes"]) == (home.user_id, "api", None)
    assert first["summary"] == {
        "trip": {"created": 1, "updated": 0, "deleted": 0},
        "channels": {"created": 1, "updated": 0, "deleted": 0},
    }
    assert await prior_rows(home.store, home.trip_id) == []
    assert await revs(home.store, home.trip_id) == (1, 1, 1, 1)
    (channel,) = (await stored_items(home.store, home.trip_id)).values()
    assert (channel["rev"], channel["created_rev"]) == (1, 1)


async def test_what_is_imported_into_a_new_trip_is_its_second_changeset(home):
    imported = [row("mapPin", f"p{n}") for n in range(3)]
    body = {**TRIP_SAMPLE, "groupId": home.group_id}
    document = trip_operations.composed(home.cause, body)
    made = await home.store.write(
        lambda tx: trip_operations.add(tx, home.cause, document, imported)
    )
    first, second = await changesets(home.store, made.id)
    assert [*first["summary"]] == ["trip", "channels"]
    assert second["summary"] == {"mapPins": {"created": 3, "updated": 0, "deleted": 0}}
    assert await prior_rows(home.store, made.id) == []
    assert await revs(home.store, made.id) == (2, 2, 1, 1)
    stored = (await stored_items(home.store, made.id)).values()
    ages = sorted((each["kind"], each["rev"], each["created_rev"]) for each in stored)
    assert ages == [("channel", 1, 1), *[("mapPin", 2, 2)] * 3]


async def test_each_commit_raises_the_revision_by_one_and_has_one_row(home):
    created = await home.create("mapPin", pin(clientRef="a"))
    await home.change("mapPin", created.id, {"notes": "x"})
    await home.create("mapPin", {"clientRef": "a", "notes": "y"})
    await home.sync({"legs": [leg(), leg(order=1)], "mapPins": [{"clientRef": "a", "lat": 1}]})
    await home.send("Hello")
    await home.store.write(lambda tx: trip_operations.archive(tx, home.cause, home.trip_id))
    await home.delete("mapPin", created.id)
    found = await changesets(home.store, home.trip_id)
    assert [each["rev"] for each in found] == list(range(1, 9))
    assert await home.rev() == 8

    def one(name: str, outcome: str, count: int = 1) -> dict[str, dict[str, int]]:
        return {name: {"created": 0, "updated": 0, "deleted": 0, outcome: count}}

    assert [each["summary"] for each in found][1:] == [
        one("mapPins", "created"),
        one("mapPins", "updated"),
        one("mapPins", "updated"),
        one("legs", "created", 2) | one("mapPins", "updated"),
        one("messages", "created"),
        one("trip", "updated"),
        one("mapPins", "deleted"),
    ]


@pytest.mark.parametrize(
    "by",
    [
        Cause(Actor("u1", "Olga", "", Scopes(BASE_SCOPES), key_id="k1"), MOMENT),
        Cause(
            Actor("u1", "Olga", "", Scopes(BASE_SCOPES), session_id="s1"),
            MOMENT,
            via="web",
            request_id="req_1",
        ),
        Cause(
            Actor("u1", "Olga", "", Scopes(()), key_id="k1"),
            MOMENT,
            via="import",
            request_id="req_2",
            job_id="j1",
        ),
        Cause(Actor("u1", "Olga", "", Scopes(())), MOMENT, via="undo", undoes=1),
        Cause(SYSTEM, MOMENT, via="system"),
    ],
    ids=lambda by: by.via,
)
async def test_a_changeset_tells_by_whom_when_and_for_what(home, by):
    assert await home.commit(ChangeSet([row("mapPin", "p1")]), by) == 2
    *_, found = await changesets(home.store, home.trip_id)
    assert found == {
        "rev": 2,
        "at": MOMENT,
        "user_id": by.actor.user_id,
        "key_id": by.actor.key_id,
        "session_id": by.actor.session_id,
        "via": by.via,
        "request_id": by.request_id,
        "job_id": by.job_id,
        "undoes": by.undoes,
        "summary": {"mapPins": {"created": 1, "updated": 0, "deleted": 0}},
    }


async def test_a_thousand_new_rows_are_one_changeset_and_no_prior_row(home):
    await home.sync({"mapPins": [pin(clientRef=f"{n}") for n in range(1_000)]})
    assert await home.rev() == 2
    _, found = await changesets(home.store, home.trip_id)
    assert found["summary"] == {"mapPins": {"created": 1_000, "updated": 0, "deleted": 0}}
    assert await prior_rows(home.store, home.trip_id) == []
    stored = await stored_items(home.store, home.trip_id)
    assert {(each["rev"], each["created_rev"]) for each in stored.values()} == {(1, 1), (2, 2)}


# Rows as they were


async def test_what_is_updated_is_in_the_journal_as_it_was(home):
    created = await home.create("leg", leg(order=1, clientRef="a"))
    before = (await stored_items(home.store, home.trip_id))[created.id]
    await home.change("leg", created.id, {"order": 2, "clientRef": "b", "title": "Kyōto"})
    after = (await stored_items(home.store, home.trip_id))[created.id]
    await home.change("leg", created.id, {"clientRef": None})
    first, second = await prior_rows(home.store, home.trip_id)
    for prior, was, rev in ((first, before, 3), (second, after, 4)):
        assert (prior.pop("rev"), prior.pop("was_rev"), prior.pop("deleted")) == (
            *(rev, was["rev"]),
            0,
        )
        assert prior == {name: value for name, value in was.items() if name != "rev"}
    assert (before["sort_key"], before["client_ref"]) != (after["sort_key"], after["client_ref"])


async def test_what_is_deleted_is_in_the_journal_with_what_goes_along(home):
    tokyo = await home.create("leg", leg(clientRef="t"))
    ryokan = await home.create("stay", stay(clientRef="s"), tokyo.id)
    dinner = await home.create("commitment", event(legId=tokyo.id))
    other = await home.create("commitment", event())
    before = await stored_items(home.store, home.trip_id)
    await home.delete("leg", tokyo.id)
    found = {prior["id"]: prior for prior in await prior_rows(home.store, home.trip_id)}
    assert {row_id: prior["deleted"] for row_id, prior in found.items()} == {
        tokyo.id: 1,
        ryokan.id: 1,
        dinner.id: 0,
    }
    for row_id, prior in found.items():
        assert (prior["rev"], prior["was_rev"]) == (6, before[row_id]["rev"])
        for name in ("kind", "parent_id", "sort_key", "created_rev", "client_ref", "doc"):
            assert prior[name] == before[row_id][name]
    *_, last = await changesets(home.store, home.trip_id)
    assert last["summary"] == {
        "commitments": {"created": 0, "updated": 1, "deleted": 0},
        "legs": {"created": 0, "updated": 0, "deleted": 1},
        "stays": {"created": 0, "updated": 0, "deleted": 1},
    }
    left = await stored_items(home.store, home.trip_id)
    assert left[other.id] == before[other.id]
    assert left[dinner.id]["rev"] == 6


async def test_a_stay_that_moves_is_in_the_journal_where_it_was(home):
    tokyo, kyoto = await home.make("legs", leg(), leg(order=1))
    ryokan = await home.create("stay", stay(), tokyo)
    await home.sync({"stays": [{"_id": ryokan.id, "legId": kyoto}]})
    (prior,) = await prior_rows(home.store, home.trip_id)
    assert (prior["parent_id"], msgspec.json.decode(prior["doc"])["legId"]) == (tokyo, tokyo)


async def test_the_trips_own_document_is_in_the_journal_as_it_was(home):
    before = await home.store.read(lambda tx: trips.get(tx, home.trip_id))
    body = {"title": "Kyōto"}
    changed = await home.store.write(
        lambda tx: trip_operations.change(tx, home.cause, home.trip_id, body)
    )
    (prior,) = await prior_rows(home.store, home.trip_id)
    assert (prior["id"], prior["kind"], prior["deleted"]) == (home.trip_id, "trip", 0)
    assert (prior["doc"], prior["rev"], prior["was_rev"]) == (before.json, 2, 1)
    assert changed.rev == 2
    stored = await home.store.read(lambda tx: trips.get(tx, home.trip_id))
    assert (stored.json, stored.rev) == (changed.json, 2)


async def test_of_many_changes_in_one_commit_the_state_before_the_first_is_told(home):
    await home.sync({"mapPins": [pin(clientRef="a", notes="0"), pin(clientRef="b")]})
    stored = await stored_items(home.store, home.trip_id)
    (before,) = (each for each in stored.values() if each["client_ref"] == "a")
    steps = [{"clientRef": "a", "notes": "1"}, {"clientRef": "a", "notes": "2"}, pin(clientRef="c")]
    await home.sync({"mapPins": [*steps, {"clientRef": "c", "notes": "3"}]})
    (prior,) = await prior_rows(home.store, home.trip_id)
    assert (prior["doc"], prior["was_rev"]) == (before["doc"], 2)


async def test_created_rev_stays_through_updates(home):
    created = await home.create("mapPin", pin(clientRef="a"))
    for number in range(3):
        await home.change("mapPin", created.id, {"notes": f"{number}"})
        await home.sync({"mapPins": [{"clientRef": "a", "lat": number}]})
    stored = (await stored_items(home.store, home.trip_id))[created.id]
    assert (stored["created_rev"], stored["rev"]) == (2, 8)
    assert {prior["created_rev"] for prior in await prior_rows(home.store, home.trip_id)} == {2}


async def test_a_row_that_comes_back_has_the_age_it_had(home):
    first, second, third = await home.make("mapPins", *(pin(name=name) for name in "abc"))
    where = home.trip_id
    gone = await home.store.read(lambda tx: items.get(tx, where, "mapPin", second))
    await home.delete("mapPin", second)
    fourth = await home.create("mapPin", pin(name="d"))
    await home.commit(ChangeSet(restored=[gone]))
    assert [each["_id"] for each in await home.rows("mapPins")] == [
        *(first, second, third),
        fourth.id,
    ]
    stored = (await stored_items(home.store, where))[second]
    assert (stored["created_rev"], stored["rev"]) == (2, 5)


# What changes nothing


async def test_nothing_is_written_for_what_changes_nothing(home):
    body = {"legs": [leg(clientRef="l")], "mapPins": [pin(clientRef="a")]}
    await home.sync(body)
    (tokyo,) = (each["_id"] for each in await home.rows("legs"))
    before = await home.store.read(everything)
    trip, by = home.trip_id, home.cause
    legs, pins = Collection(LEG, trip), Collection(MAP_PIN, trip)
    await home.sync(body)
    await home.sync({"mapPins": [pin(), {"clientRef": "a", "lat": 5}]}, dry_run=True)
    await home.sync({"mapPins": [{"lat": 99}, "no object"]})
    await home.sync({})
    assert await home.change("leg", tokyo, leg()) is not None
    assert await home.create("mapPin", {"clientRef": "a"}) is not None
    title = {"title": TRIP_SAMPLE["title"]}
    await home.store.write(lambda tx: trip_operations.change(tx, by, trip, title))
    refused = [
        lambda tx: rows.create(tx, by, pins, {"name": ""}),
        lambda tx: rows.change(tx, by, pins, "nowhere", {}),
        lambda tx: rows.change(tx, by, legs, tokyo, {"endDate": "2000-01-01"}),
        lambda tx: rows.delete(tx, by, legs, "nowhere"),
        lambda tx: trip_operations.change(tx, by, trip, {"title": ""}),
        lambda tx: messages.send(tx, by, trip, "nowhere", {"content": "x"}),
    ]
    for operation in refused:
        with pytest.raises((NotFound, ValidationFailed)):
            await home.store.write(operation)
    assert await home.store.read(everything) == before


async def test_shares_and_memberships_raise_no_revision(home):
    before = await revs(home.store, home.trip_id)
    by = home.cause
    await home.store.write(lambda tx: shares.share(tx, by, home.trip_id, SECRET))
    await home.store.write(lambda tx: shares.stop_sharing(tx, home.trip_id))
    await home.join("zoe")
    assert await revs(home.store, home.trip_id) == before
    assert len(await changesets(home.store, home.trip_id)) == 1


async def test_writes_of_a_trip_come_one_after_another(home):
    """Each sees what the one before has done, so revisions and changesets have no gap."""
    count = 20
    await soon(
        asyncio.gather(
            *(home.sync({"mapPins": [pin(clientRef="a", lat=n)]}) for n in range(count // 2)),
            *(home.create("mapPin", pin(name=f"{n}")) for n in range(count // 2)),
        )
    )
    found = [each["rev"] for each in await changesets(home.store, home.trip_id)]
    assert found == list(range(1, await home.rev() + 1))
    assert len(await home.rows("mapPins")) == count // 2 + 1
    priors = await prior_rows(home.store, home.trip_id)
    assert [prior["was_rev"] for prior in priors] == sorted(prior["was_rev"] for prior in priors)


@pytest.mark.parametrize("body", [pin(), pin(clientRef="a")])
async def test_a_row_tells_the_revision_that_stored_it(home, body):
    made = await home.create("mapPin", body)
    assert made.rev == await home.rev()
    stored = await home.store.read(lambda tx: items.get(tx, home.trip_id, "mapPin", made.id))
    assert (stored.rev, stored.created_rev, stored.json) == (made.rev, made.rev, made.json)
    changed = await home.change("mapPin", made.id, {"notes": "x"})
    assert (changed.rev, changed.created_rev) == (await home.rev(), stored.created_rev)
