"""The journal, read from the store."""

import msgspec

from domain.history import EVENT_ROWS
from storage import history
from tests.storage.home import Home, pin


async def events(home: Home, after: int, limit: int = 100):
    return await home.store.read(lambda tx: history.events(tx, home.trip_id, after, limit))


async def test_events_are_in_order_with_the_rows_as_each_left_them(home):
    await home.make("mapPins", *[pin(clientRef=f"{n}") for n in range(EVENT_ROWS)])
    many = await home.make("mapPins", *[pin() for _ in range(EVENT_ROWS + 1)])
    await home.sync({"mapPins": [{"clientRef": "0", "lat": 1}]})
    await home.sync({"mapPins": [{"clientRef": "0", "lat": 2}]})
    await home.delete("mapPin", many[0])
    told = await events(home, 1)
    assert [event.rev for event in told] == [2, 3, 4, 5, 6]
    assert [event.more for event in told] == [False, True, False, False, False]
    assert [len(event.items or ()) for event in told] == [EVENT_ROWS, 0, 1, 1, 1]
    assert [b'"lat":%d' % n in bytes(told[n + 1].items[0].document) for n in (1, 2)] == [True, True]
    assert told[4].items[0].deleted
    assert [event.rev for event in await events(home, 3, limit=2)] == [4, 5]
    assert await events(home, 6) == []


async def test_messages_are_seen_by_those_who_may_read_them(home):
    message_id = await home.send("Hello")
    made, said = await events(home, 0)
    assert [item.id for item in said.items] == [message_id]
    assert said.without_messages() is None
    assert [item.kind for item in made.without_messages().items] == ["trip"]
    await home.make("mapPins", *[pin() for _ in range(EVENT_ROWS + 1)])
    (large,) = await events(home, 2)
    assert large.without_messages() is large


async def test_what_a_server_of_before_wrote_is_not_kept(home):
    await home.make("mapPins", pin())
    raise_alone = "UPDATE trips SET rev = rev + 1 WHERE id = $1"
    await home.store.write(lambda tx: tx.execute(raise_alone, home.trip_id))
    kept = await home.store.read(lambda tx: history.kept(tx, home.trip_id))
    assert kept == history.Kept(3, 3)
    await home.make("mapPins", pin())
    kept = await home.store.read(lambda tx: history.kept(tx, home.trip_id))
    assert kept == history.Kept(4, 3)
    assert [event.rev for event in await events(home, 0)] == [4]
    entries, _ = await home.store.read(
        lambda tx: history.entries(tx, home.trip_id, None, 9, messages=True)
    )
    assert [entry.rev for entry in entries] == [4]


async def test_what_is_dropped_while_it_is_read_is_not_told_in_part(home):
    await home.make("mapPins", *[pin(clientRef=f"{n}") for n in range(3)])
    await home.sync({"mapPins": [{"clientRef": f"{n}", "lat": 1} for n in range(3)]})
    # As journal.prune leaves it in the middle, where a reader has its entry already.
    drop = "DELETE FROM prior_rows WHERE trip_id = $1 AND id IN (SELECT max(id) FROM prior_rows)"
    await home.store.write(lambda tx: tx.execute(drop, home.trip_id))
    created, changed = await events(home, 1)
    assert (created.more, created.items) == (True, msgspec.UNSET)
    assert len(changed.items) == 3
