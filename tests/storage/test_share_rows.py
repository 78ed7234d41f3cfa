"""Share links at rest."""

import re

import pytest

from storage import shares
from tests.storage.home import SECRET
from tests.support import now


async def test_a_trip_has_one_share_at_most(home):
    assert await home.store.read(lambda tx: shares.active(tx, home.trip_id, SECRET)) is None
    made = await home.store.write(lambda tx: shares.create(tx, home.trip_id, SECRET, now()))
    assert await home.store.read(lambda tx: shares.active(tx, home.trip_id, SECRET)) == made
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        await home.store.write(lambda tx: shares.create(tx, home.trip_id, SECRET, now()))
    assert await home.store.read(lambda tx: shares.active(tx, home.trip_id, SECRET)) == made


async def test_a_token_cannot_be_guessed(home):
    made = await home.store.write(lambda tx: shares.create(tx, home.trip_id, SECRET, now()))
    assert re.fullmatch(r"[0-9A-Za-z]{32,64}", made.token)


async def test_after_a_revocation_the_next_share_is_another(home):
    first = await home.store.write(lambda tx: shares.create(tx, home.trip_id, SECRET, now()))
    await home.store.write(lambda tx: shares.revoke(tx, home.trip_id))
    assert await home.store.read(lambda tx: shares.active(tx, home.trip_id, SECRET)) is None
    await home.store.write(lambda tx: shares.revoke(tx, home.trip_id))
    second = await home.store.write(lambda tx: shares.create(tx, home.trip_id, SECRET, now()))
    assert second.token != first.token
