"""When keys and sessions were used last, in the database."""

import pytest
from msgspec import UNSET

from storage import keys, last_use, sessions
from storage.last_use import Use
from tests.storage.home import Home

FIRST, WITHIN, LATER = (f"2026-11-28T12:{time}.000Z" for time in ("00:00", "00:59", "01:00"))


@pytest.fixture
async def key_id(home: Home) -> str:
    made, _ = await home.store.write(
        lambda tx: keys.create(tx, user_id=home.user_id, name="a key", now=FIRST)
    )
    return made


async def test_a_use_of_a_key_is_written_once_a_minute(home, key_id):
    async def use(at, user_id=home.user_id):
        used = Use("api_keys", user_id, key_id, at, f"from {at}")
        await home.store.write(lambda tx: last_use.record(tx, [used]))
        found = await home.store.read(lambda tx: keys.of_user(tx, home.user_id, 100))
        [mine] = [each for each in found if each.id == key_id]
        return mine.last_used_at, mine.last_used_from

    assert await use(FIRST) == (FIRST, f"from {FIRST}")
    assert await use(WITHIN) == (FIRST, f"from {FIRST}")
    assert await use(LATER) == (LATER, f"from {LATER}")
    # One that is late changes nothing.
    assert await use(FIRST) == (LATER, f"from {LATER}")


async def test_keys_and_sessions_are_written_together(home, key_id):
    session, _ = await home.store.write(
        lambda tx: sessions.create(tx, user_id=home.user_id, used_from="sign-in", now=FIRST)
    )
    uses = [
        Use("sessions", home.user_id, session.id, LATER, "a browser"),
        Use("api_keys", home.user_id, key_id, LATER, "a script"),
        Use("api_keys", home.user_id, "gone", LATER, "nothing"),
    ]
    await home.store.write(lambda tx: last_use.record(tx, uses))
    shown = await home.store.read(lambda tx: sessions.get(tx, home.user_id, session.id))
    assert (shown.last_used_at, shown.last_used_from) == (LATER, "a browser")
    found = await home.store.read(lambda tx: keys.of_user(tx, home.user_id, 100))
    assert [each.last_used_from for each in found if each.id == key_id] == ["a script"]


async def test_of_nothing_nothing_is_written(home, key_id):
    await home.store.write(lambda tx: last_use.record(tx, []))
    found = await home.store.read(lambda tx: keys.of_user(tx, home.user_id, 100))
    assert [each.last_used_at for each in found if each.id == key_id] == [UNSET]
