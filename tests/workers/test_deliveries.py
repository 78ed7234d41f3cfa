"""What a webhook is told, in which order, how often, and what becomes of it."""

import itertools
from typing import Any

import msgspec
import pytest
from standardwebhooks import Webhook

from domain.delivery import RETRY_SECONDS
from domain.history import EVENT_ROWS
from domain.resources import BY_KIND
from operations import rows, webhooks
from operations.rows import Collection
from storage import groups, keys, open_store, webhook_claims
from storage.leases import LeaseLost
from storage.store import Tx
from storage.webhook_claims import LEASE_SECONDS, Answer, Claim
from tests.storage.home import pin
from tests.support import add_key, now
from tests.workers.desk import URL, Desk, actor_of
from workers import deliveries as module
from workers.deliveries import KEY_GONE, NO_MESSAGES, TRIP_GONE


def revs(sent) -> list[int]:
    return [each.json["data"]["rev"] for each in sent]


# What is sent.


async def test_a_change_is_told_with_its_rows(home, desk):
    hook = await desk.hook("trip.changed", url=f"{URL}?a=b")
    made = await home.create("mapPin", pin(name="Senso-ji"))
    (sent,) = await desk.work()
    (listed,) = await desk.listed(hook.id)
    assert sent.url == f"{URL}?a=b"
    assert sent.json == {
        "type": "trip.changed",
        "timestamp": listed["createdAt"],
        "data": {
            "tripId": home.trip_id,
            "rev": 2,
            "by": {"userId": home.user_id, "name": "Olga"},
            "via": "api",
            "items": [{"rev": 2, "kind": "mapPin", "_id": made.id, "document": made.document}],
        },
    }
    assert Webhook(hook.secret).verify(sent.raw, dict(sent.headers))
    assert sent.id == listed["_id"]
    assert int(sent.headers["webhook-timestamp"]) == int(desk.moment)


async def test_a_deletion_is_told(home, desk):
    made = await home.create("mapPin", pin())
    await desk.hook("trip.changed")
    await home.delete("mapPin", made.id)
    (sent,) = await desk.work()
    (item,) = sent.json["data"]["items"]
    assert item == {"rev": 3, "kind": "mapPin", "_id": made.id, "deleted": True}


async def test_what_is_told_is_what_the_change_left(home, desk):
    await desk.hook("trip.changed")
    made = await home.create("mapPin", pin(notes="first"))
    await home.change("mapPin", made.id, {"notes": "second"})
    sent = await desk.work()
    notes = [each.json["data"]["items"][0]["document"]["notes"] for each in sent]
    assert (revs(sent), notes) == ([2, 3], ["first", "second"])


async def test_of_many_rows_it_is_told_that_there_are_more(home, desk):
    await desk.hook("trip.changed")
    await home.sync({"mapPins": [pin() for _ in range(EVENT_ROWS)]})
    await home.sync({"mapPins": [pin() for _ in range(EVENT_ROWS + 1)]})
    few, many = await desk.work()
    assert len(few.json["data"]["items"]) == EVENT_ROWS
    assert "items" not in many.json["data"]
    assert many.json["data"]["more"] is True


async def test_a_new_trip_and_a_message_are_told(home, desk):
    await desk.hook()
    trip_id = await home.new_trip()
    message_id = await home.send("Hello")
    told = {each.json["type"]: each.json["data"] for each in await desk.work()}
    assert [item["kind"] for item in told["trip.created"]["items"]].count("trip") == 1
    assert told["trip.created"]["tripId"] == trip_id
    (message,) = told["message.created"]["items"]
    assert (message["_id"], message["document"]["content"]) == (message_id, "Hello")


async def test_a_channel_is_not_told_to_who_may_not_read_messages(home, desk):
    key = await add_key(home.store, home.user_id, "trips:read")
    desk.actor = await actor_of(home.store, key)
    await desk.hook("trip.created", "trip.changed")
    await home.new_trip()
    (sent,) = await desk.work()
    assert [item["kind"] for item in sent.json["data"]["items"]] == ["trip"]


async def test_what_the_journal_has_not_kept_is_told_as_more(home, desk):
    await desk.hook("trip.changed")
    await home.create("mapPin", pin())
    await home.store.write(lambda tx: tx.execute("UPDATE trips SET pruned_rev = 2"))
    (sent,) = await desk.work()
    assert sent.json["data"] == {"tripId": home.trip_id, "rev": 2, "more": True}


async def test_a_test_tells_nothing(home, desk):
    hook = await desk.hook("job.finished")
    made = await home.store.write(lambda tx: webhooks.test(tx, desk.actor, hook.id, now()))
    (sent,) = await desk.work()
    assert sent.json == {"type": "test", "timestamp": made.created_at, "data": {}}
    assert sent.id == made.id


# In which order.


async def test_changes_of_a_trip_come_in_their_order(home, desk):
    await desk.hook("trip.changed")
    for number in range(9):
        await home.create("mapPin", pin(lat=number))
    assert revs(await desk.work()) == list(range(2, 11))


async def test_the_order_is_that_of_revisions_and_not_of_ids(home, desk):
    """Ids are made before a write has its turn."""
    hook = await desk.hook("trip.changed")
    for _ in range(3):
        await home.create("mapPin", pin())
    rows = await desk.listed(hook.id)

    async def swap(tx: Tx) -> None:
        for number, row in enumerate(rows):
            await tx.execute(
                "UPDATE deliveries SET id = $2 WHERE id = $1", row["_id"], f"x{number}"
            )

    await home.store.write(swap)
    sent = await desk.work()
    assert revs(sent) == [2, 3, 4]
    assert [each.id for each in sent] == ["x2", "x1", "x0"]


async def test_two_workers_tell_one_webhook_one_after_the_other(home, desk, storage_url):
    await desk.hook("trip.changed")
    for _ in range(20):
        await home.create("mapPin", pin())
    other = await open_store(storage_url, create=False)
    mine = await desk.claim()
    assert mine is not None
    assert await desk.claim(other) is None, "it is taken"
    assert await desk.next(mine)
    desk.moment += LEASE_SECONDS + 1
    theirs = await desk.claim(other)
    assert theirs is not None
    assert theirs.lease == mine.lease + 1
    with pytest.raises(LeaseLost):
        await desk.release(mine)
    assert not await desk.next(mine), "it is another's now"
    while await desk.next(theirs, other):
        pass
    assert revs(desk.sent) == list(range(2, 22))
    await other.close()


async def test_who_loses_the_lease_while_sending_records_nothing(home, desk):
    hook = await desk.hook("trip.changed")
    await home.create("mapPin", pin())
    late = await desk.claim()
    assert late is not None

    async def taken_over() -> None:
        desk.moment += LEASE_SECONDS + 1
        again = await desk.claim()
        assert again is not None
        desk.answer = lambda _sent: 200
        assert await desk.next(again)
        assert (await desk.listed(hook.id))[0]["status"] == "succeeded"

    send = desk.send

    async def slow(*arguments):
        desk.send = send
        await taken_over()
        return webhook_claims.Answer(500, "too late", 9)

    desk.send = slow
    with pytest.raises(LeaseLost):
        await desk.next(late)
    (listed,) = await desk.listed(hook.id)
    assert (listed["status"], listed["attempts"], listed["responseStatus"]) == ("succeeded", 1, 200)


async def test_the_lease_lasts_while_there_is_something_to_tell(home, desk):
    await desk.hook("trip.changed")
    for _ in range(4):
        await home.create("mapPin", pin())
    claim = await desk.claim()
    assert claim is not None
    for _ in range(4):
        assert await desk.next(claim)
        desk.moment += LEASE_SECONDS - 1
        assert await desk.claim() is None
    assert not await desk.next(claim)


async def test_one_that_fails_does_not_hold_later_ones_back(home, desk):
    hook = await desk.hook("trip.changed")
    for _ in range(3):
        await home.create("mapPin", pin())
    desk.answer = lambda sent: 500 if sent.json["data"]["rev"] == 2 else 200
    assert revs(await desk.work()) == [2, 3, 4]
    assert [each["status"] for each in await desk.listed(hook.id)] == [
        *("succeeded", "succeeded", "pending"),
    ]
    desk.moment += RETRY_SECONDS[0]
    assert revs(await desk.work()) == [2]


async def test_nor_do_ever_new_ones_hold_back_one_that_has_failed(home, desk):
    hook = await desk.hook("trip.changed")
    desk.answer = lambda _sent: None
    for _ in range(10):
        await home.create("mapPin", pin())
        claim = await desk.claim()
        assert claim is not None
        assert await desk.next(claim)
        await desk.release(claim)
        desk.moment += RETRY_SECONDS[0] * 2
    attempts = [each["attempts"] for each in await desk.listed(hook.id)]
    assert sorted(attempts) == [0, 0, 0, 0, 0, 2, 2, 2, 2, 2]


# How often.


async def test_it_is_tried_again_after_the_times_of_the_contract(home, desk, logged):
    hook = await desk.hook("trip.changed", url=f"{URL}?token=secret")
    await home.create("mapPin", pin())
    desk.answer = lambda _sent: 500
    attempts = await desk.work()
    for number, seconds in enumerate(RETRY_SECONDS, start=1):
        (listed,) = await desk.listed(hook.id)
        assert (listed["status"], listed["attempts"]) == ("pending", number)
        assert (listed["responseStatus"], listed["durationMs"]) == (500, 1)
        assert listed["nextAttemptAt"] == module._text(desk.moment + seconds)
        desk.moment += seconds - 0.01
        assert await desk.work() == []
        desk.moment += 0.02
        attempts += await desk.work()
    assert len(attempts) == 1 + len(RETRY_SECONDS)
    assert len({each.id for each in attempts}) == 1
    assert len({each.raw for each in attempts}) == 1
    timestamps = [int(each.headers["webhook-timestamp"]) for each in attempts]
    assert all(later > earlier for earlier, later in itertools.pairwise(timestamps))
    (listed,) = await desk.listed(hook.id)
    assert (listed["status"], listed["attempts"]) == ("failed", 8)
    assert "nextAttemptAt" not in listed
    shown = await desk.shown(hook.id)
    assert shown["enabled"] is False
    assert shown["disabledReason"] == f"Delivery {listed['_id']} has failed 8 times"
    assert shown["disabledAt"] == module._text(desk.moment)
    told = [line["event"] for line in logged]
    assert (told.count("delivery_failed"), told.count("webhook_disabled")) == (8, 1)
    assert "secret" not in str(logged)
    assert hook.secret not in str(logged)


async def test_its_lines_name_the_request_that_made_the_change(home, desk, logged):
    await desk.hook("trip.changed")
    cause = msgspec.structs.replace(home.cause, request_id="req_1")
    where = Collection(BY_KIND["mapPin"], home.trip_id)
    await home.store.write(lambda tx: rows.create(tx, cause, where, pin()))
    await desk.work()
    told = [line["request_id"] for line in logged if line["event"] == "delivered"]
    assert told == ["req_1"]


async def test_a_disabled_webhook_is_told_nothing_until_it_is_enabled(home, desk):
    hook = await desk.hook("trip.changed")
    await home.create("mapPin", pin())
    await desk.change(hook.id, enabled=False)
    await home.create("mapPin", pin())
    assert await desk.work() == []
    enabled = await desk.change(hook.id, enabled=True)
    assert enabled.disabled_reason is enabled.disabled_at
    await home.create("mapPin", pin())
    assert revs(await desk.work()) == [2, 4], "what was recorded before, and what came after"


async def test_a_response_is_kept_and_a_failure_without_one_explained(home, desk):
    hook = await desk.hook("trip.changed")
    await home.create("mapPin", pin())
    desk.answer = lambda _sent: None
    await desk.work()
    (listed,) = await desk.listed(hook.id)
    assert "responseStatus" not in listed
    assert listed["response"] == "nobody there"
    desk.answer = lambda _sent: 204
    desk.moment += 5
    await desk.work()
    (listed,) = await desk.listed(hook.id)
    assert (listed["status"], listed["responseStatus"], listed["attempts"]) == ("succeeded", 204, 2)


async def test_what_was_delivered_can_be_delivered_again(home, desk):
    hook = await desk.hook("trip.changed")
    await home.create("mapPin", pin())
    (first,) = await desk.work()
    again = await home.store.write(lambda tx: webhooks.redeliver(tx, desk.actor, hook.id, first.id))
    assert (again.id, again.status, again.attempts) == (first.id, "pending", 0)
    (second,) = await desk.work()
    assert (second.id, second.raw) == (first.id, first.raw)


async def test_what_has_failed_for_good_begins_anew_when_it_is_delivered_again(home, desk):
    hook = await desk.hook("trip.changed")
    await home.create("mapPin", pin())
    desk.answer = lambda _sent: 500
    await desk.work()
    for seconds in RETRY_SECONDS:
        desk.moment += seconds
        await desk.work()
    (listed,) = await desk.listed(hook.id)
    await desk.change(hook.id, enabled=True)
    assert await desk.work() == []
    await home.store.write(lambda tx: webhooks.redeliver(tx, desk.actor, hook.id, listed["_id"]))
    assert len(await desk.work()) == 1
    (listed,) = await desk.listed(hook.id)
    assert (listed["status"], listed["attempts"]) == ("pending", 1)
    assert (await desk.shown(hook.id))["enabled"]


async def test_a_deleted_webhook_is_told_nothing(home, desk):
    hook = await desk.hook()
    await home.create("mapPin", pin())
    claim = await desk.claim()
    assert claim is not None
    await home.store.write(lambda tx: webhooks.delete(tx, desk.actor, hook.id, now()))
    assert not await desk.next(claim)
    assert await desk.work() == []


async def test_receivers_that_fail_or_are_slow_leave_slots_to_others(home, desk):
    answers = {"fails": 500, "slow": 200, "good": 200}

    async def send(url: str, _headers: Any, _body: bytes) -> Answer:
        name = url.rpartition("/")[2]
        return Answer(answers[name], "", 9_000 if name == "slow" else 1)

    desk.send = send
    hooks = {
        name: (await desk.hook("trip.changed", url=f"https://hooks.example.org/{name}")).id
        for name in answers
    }
    await home.create("mapPin", pin())
    await desk.work()
    await home.create("mapPin", pin())

    async def claimed(*, slow: bool) -> list[Claim]:
        found = []
        while claim := await home.store.write(
            lambda tx: webhook_claims.claim_next(tx, desk.moment, slow=slow)
        ):
            found.append(claim)
        return found

    assert [claim.hook_id for claim in await claimed(slow=False)] == [hooks["good"]]
    assert not await home.store.read(lambda tx: webhook_claims.any_due(tx, desk.moment, slow=False))
    others = await claimed(slow=True)
    assert {claim.hook_id for claim in others} == {hooks["fails"], hooks["slow"]}
    assert all(claim.slow for claim in others)


async def test_enabled_again_what_waited_begins_anew(home, desk):
    hook = await desk.hook("trip.changed")
    await home.create("mapPin", pin())
    desk.answer = lambda _sent: 500
    await desk.work()
    assert [each["attempts"] for each in await desk.listed(hook.id)] == [1]
    await desk.change(hook.id, enabled=False)
    await desk.change(hook.id, enabled=True)
    (waiting,) = await desk.listed(hook.id)
    assert (waiting["attempts"], waiting["status"]) == (0, "pending")
    assert len(await desk.work()) == 1


# By which right.


async def test_a_revoked_key_disables_its_webhooks(home, desk):
    key = await add_key(home.store, home.user_id)
    owner, desk.actor = desk.actor, await actor_of(home.store, key)
    hook = await desk.hook()
    await home.create("mapPin", pin())
    key_id = desk.actor.key_id or ""
    await home.store.write(lambda tx: keys.revoke(tx, key_id, now()))
    assert await desk.work() == []
    desk.actor = owner
    shown = await desk.shown(hook.id)
    assert (shown["enabled"], shown["disabledReason"]) == (False, KEY_GONE)
    (listed,) = await desk.listed(hook.id)
    assert (listed["status"], listed["attempts"]) == ("pending", 0)
    # Another key of the user's takes it over.
    await desk.change(hook.id, enabled=True)
    assert len(await desk.work()) == 1


async def test_so_does_a_key_that_expires(home, desk):
    key = await add_key(home.store, home.user_id, expires_at="2999-01-01T00:00:00.000Z")
    owner, desk.actor = desk.actor, await actor_of(home.store, key)
    hook = await desk.hook()
    await home.create("mapPin", pin())
    assert len(await desk.work()) == 1
    await home.store.write(
        lambda tx: tx.execute(
            "UPDATE api_keys SET expires_at = $1 WHERE id = $2", now(), desk.actor.key_id
        )
    )
    await home.create("mapPin", pin())
    desk.moment += 60
    assert await desk.work() == []
    desk.actor = owner
    assert (await desk.shown(hook.id))["disabledReason"] == KEY_GONE


async def test_who_has_left_is_not_told_what_was_recorded_before(home, desk):
    member = await home.join("member")
    key = await add_key(home.store, member)
    other = Desk(home, await actor_of(home.store, key))
    hook = await other.hook("trip.changed")
    await home.create("mapPin", pin())

    async def leave(tx: Tx) -> None:
        await groups.remove_member(tx, group_id=home.group_id, user_id=member)

    await home.store.write(leave)
    await home.create("mapPin", pin())
    assert await other.work() == []
    (listed,) = await other.listed(hook.id)
    assert (listed["status"], listed["attempts"], listed["response"]) == ("failed", 0, TRIP_GONE)
    assert (await other.shown(hook.id))["enabled"]


async def test_a_key_that_may_not_read_messages_any_more_is_not_told_them(home, desk):
    hook = await desk.hook("trip.changed", "message.created")
    await home.send("Hello")
    await home.create("mapPin", pin())
    await home.store.write(lambda tx: tx.execute("UPDATE api_keys SET scopes = '[\"trips:read\"]'"))
    (sent,) = await desk.work()
    assert sent.json["type"] == "trip.changed"
    _, message = await desk.listed(hook.id)
    assert (message["status"], message["response"]) == ("failed", NO_MESSAGES)


async def test_a_webhook_made_without_a_key_is_told_what_its_user_may_read(home, desk):
    await desk.hook()
    await home.store.write(lambda tx: tx.execute("UPDATE webhooks SET key_id = NULL"))
    await home.send("Hello")
    (sent,) = await desk.work()
    assert sent.json["type"] == "message.created"
