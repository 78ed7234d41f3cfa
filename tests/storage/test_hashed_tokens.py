"""Links of a database that had their tokens in clear, and what is at rest of them now."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.account import key_hash
from domain.link_token import seal, unseal
from domain.resources import LEG
from storage import calendar_tokens, server_state, shares, snapshots
from storage.migrate import migrate
from storage.sqlite import path_of
from storage.store import Store, Tx
from tests.storage import releases
from tests.storage.home import SECRET
from tests.support import now

TOKEN = "LG7wxgTqiIWKIE4IcheHqFkKebxypdchvU1n7nalKeS"
FEED = "2pFZVPZVrKSEBYYKvYLJzycSpTtI8UB4uXdx9qXs2yz"
AT = "2026-11-24T14:04:50.133Z"

DATA = f"""
INSERT INTO server_state (name, value) VALUES ('signing-secret', 'EFoxU3PC4QD7PTjbetxSEG4k');
INSERT INTO users (id, email, name, created_at) VALUES ('u', 'olga@example.org', 'Olga', '{AT}');
INSERT INTO groups (id, name, created_at) VALUES ('g', 'Family', '{AT}');
INSERT INTO trips (id, group_id, rev, doc) VALUES
('t', 'g', 1, '{{"_id":"t"}}'), ('u', 'g', 1, '{{}}');
INSERT INTO shares (trip_id, token, created_at) VALUES ('t', '{TOKEN}', '{AT}');
INSERT INTO calendar_tokens (user_id, token, created_at) VALUES ('u', '{FEED}', '{AT}');
"""
"""What a program with schema 10 has written."""


@pytest.fixture
async def old(storage_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    data = tmp_path / "0010.sql"
    data.write_text(DATA)
    async with releases.opened(data, storage_url, tmp_path) as opened:
        yield opened


async def test_links_that_were_given_out_go_on_working_and_are_told_again(old):
    assert await migrate(old, now())
    secret = await old.write(server_state.signing_secret)

    async def look(tx: Tx) -> None:
        assert await shares.active(tx, "t", secret) == shares.Share(TOKEN, AT)
        assert await calendar_tokens.active(tx, "u", secret) == FEED
        assert await calendar_tokens.user_of(tx, FEED) == "u"
        shown = await snapshots.of_share(tx, TOKEN, (LEG,))
        assert shown is not None
        assert shown.trip == '{"_id":"t"}'
        assert await snapshots.of_share(tx, FEED, (LEG,)) is None

    await old.read(look)


@pytest.mark.parametrize("storage_url", ["sqlite"], indirect=True)
async def test_links_of_what_was_deleted_by_hand_are_left_out(old, storage_url):
    with contextlib.closing(sqlite3.connect(path_of(storage_url))) as hand, hand:
        hand.execute("DELETE FROM trips WHERE id = 't'")
        hand.execute("DELETE FROM users WHERE id = 'u'")
    assert await migrate(old, now())
    for table in ("shares", "calendar_tokens"):
        sql = f"SELECT count(*) FROM {table}"
        assert await old.read(lambda tx, sql=sql: tx.fetchval(sql)) == 0


async def test_a_trip_without_a_link_has_none_afterwards(old):
    await migrate(old, now())
    assert await old.read(lambda tx: shares.active(tx, "u", SECRET)) is None


async def test_nothing_of_them_is_left_in_clear(old, storage_url):
    await migrate(old, now())

    async def all_of(tx: Tx) -> str:
        return repr(
            [await tx.fetch(f"SELECT * FROM {name}") for name in ("shares", "calendar_tokens")]
        )

    stored = await old.read(all_of)
    assert key_hash(TOKEN) in stored
    assert TOKEN not in stored
    assert FEED not in stored
    if old.dialect.name == "sqlite":
        path = path_of(storage_url)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for file in path.parent.glob(f"{path.name}*"):
            assert TOKEN.encode() not in file.read_bytes()
            assert FEED.encode() not in file.read_bytes()


async def test_a_link_that_is_made_is_at_rest_as_a_hash(home):
    made = await home.store.write(lambda tx: shares.create(tx, home.trip_id, SECRET, now()))
    [row] = await home.store.read(lambda tx: tx.fetch("SELECT hash, sealed FROM shares"))
    assert row[0] == key_hash(made.token)
    assert made.token not in repr(row)
    assert made.token.encode().hex() not in row[1]


def test_two_tokens_are_masked_differently():
    """Else what two of them differ in could be read from two rows."""
    tokens = ("a" * 43, "b" * 43)
    first, second = (bytes.fromhex(seal(SECRET, token)) for token in tokens)
    difference = {one ^ other for one, other in zip(first, second, strict=True)}
    assert len(difference) > 10


def test_another_secret_opens_nothing():
    sealed = seal(SECRET, TOKEN)
    assert unseal(SECRET, key_hash(TOKEN), sealed) == TOKEN
    with pytest.raises(ValueError, match="another secret"):
        unseal(b"another", key_hash(TOKEN), sealed)
    with pytest.raises(ValueError, match="cannot be sealed"):
        seal(SECRET, "x" * 65)
