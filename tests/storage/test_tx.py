"""What a transaction can do. Every backend passes this as it stands."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from storage.store import Store, Tx
from tests.storage.test_store import adding, failure


async def test_verbs(store):
    async def use(tx: Tx) -> None:
        rows = [(f"{n}", "v" * n) for n in range(5)]
        await tx.executemany("INSERT INTO server_state (name, value) VALUES ($1, $2)", rows)
        assert await tx.execute("UPDATE server_state SET value = 'w' WHERE name > $1", "2") == 2
        assert await tx.execute("DELETE FROM server_state WHERE name = $1", "nobody") == 0
        found = await tx.fetch("SELECT name, value FROM server_state ORDER BY name")
        assert [tuple(row) for row in found] == [
            *(("0", ""), ("1", "v"), ("2", "vv"), ("3", "w"), ("4", "w"))
        ]
        row = await tx.fetchrow("SELECT name, value FROM server_state WHERE name = $1", "1")
        assert row is not None
        assert tuple(row) == ("1", "v")
        assert await tx.fetchrow("SELECT 1 FROM server_state WHERE name = $1", "9") is None
        assert await tx.fetchval("SELECT value FROM server_state WHERE name = $1", "2") == "vv"
        assert await tx.fetchval("SELECT value FROM server_state WHERE name = $1", "9") is None
        assert await tx.fetch("SELECT 1 FROM server_state WHERE name = $1", "9") == []
        returned = await tx.fetchval(
            "UPDATE server_state SET value = $1 WHERE name = $2 RETURNING value", "new", "0"
        )
        assert returned == "new"

    await store.write(use)


async def test_parameters_may_come_in_any_order_and_more_than_once(store):
    async def use(tx: Tx) -> None:
        await tx.execute("INSERT INTO server_state (value, name) VALUES ($2, $1)", "n", "v")
        await tx.executemany(
            "INSERT INTO server_state (value, name) VALUES ($2, $1)", [("m", "w"), ("l", "u")]
        )
        again = "SELECT name FROM server_state WHERE name = $2 AND value = $1 AND name <> $1"
        assert await tx.fetchval(again, "v", "n") == "n"
        assert [
            tuple(row)
            for row in await tx.fetch("SELECT name, value FROM server_state ORDER BY name")
        ] == [*(("l", "u"), ("m", "w"), ("n", "v"))]

    await store.write(use)


@pytest.mark.parametrize("text", ["", "é", "🗼", "it's", '"', "$1 ? :x", "x" * 100_000, "\n\t"])
async def test_text_comes_back_as_it_went(store, text):
    async def use(tx: Tx) -> None:
        await tx.execute("INSERT INTO server_state (name, value) VALUES ('t', $1)", text)
        assert await tx.fetchval("SELECT value FROM server_state WHERE value = $1", text) == text

    await store.write(use)


@pytest.mark.parametrize("count", [1, 2, 99, 100, 101, 159, 160, 161, 650])
async def test_however_many_rows_are_inserted_all_are_there(store, count):
    texts = [
        "",
        "\t",
        "\n",
        "\r\n",
        "\\",
        "\\N",
        "\\.",
        r"\t\n",
        "é🗼",
        '{"a":"\\"\\\\"}',
        "\x01\x7f\u2028",
        " ",
    ]

    async def use(tx: Tx) -> None:
        rows = [(f"{number:04}", texts[number % len(texts)] * 2) for number in range(count)]
        await tx.insert("server_state", ("name", "value"), rows)
        found = await tx.fetch("SELECT name, value FROM server_state ORDER BY name")
        assert [tuple(row) for row in found] == rows

    await store.write(use)


class Broken:
    """Rows of which the last cannot be had."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Sequence[Any]:
        return list(self)[index]

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for number in range(self.count - 1):
            yield f"{number}", ""
        raise LookupError("this row")


async def how_many(store: Store) -> object:
    return await store.read(lambda tx: tx.fetchval("SELECT count(*) FROM server_state"))


@pytest.mark.parametrize("count", [1, 150, 450])
async def test_a_row_that_cannot_be_had_undoes_those_before_it(store, count):
    with pytest.raises(LookupError, match="this row"):
        await store.write(lambda tx: tx.insert("server_state", ("name", "value"), Broken(count)))
    assert await how_many(store) == 0


@pytest.mark.parametrize("count", [2, 150, 450])
async def test_a_row_that_cannot_be_stored_undoes_those_before_it(store, count):
    rows = [(f"{number % (count - 1)}", "") for number in range(count)]
    with pytest.raises(Exception, match=r"(?i)unique"):
        await store.write(lambda tx: tx.insert("server_state", ("name", "value"), rows))
    assert await how_many(store) == 0


async def test_a_json_array_stands_for_a_list_of_strings(store):
    async def use(tx: Tx) -> list[str]:
        for name in ("a", "b", "it's", "é"):
            await adding(name)(tx)
        found = await tx.fetch(
            f"SELECT name FROM server_state WHERE name {tx.dialect.among('$1')} ORDER BY name",
            '["b","é","it\'s","nobody"]',
        )
        return [row[0] for row in found]

    assert await store.write(use) == ["b", "it's", "é"]


async def test_tables_are_found_by_name(store):
    async def use(tx: Tx) -> tuple[object, object]:
        has = tx.dialect.has_table
        return await tx.fetchval(has, "items"), await tx.fetchval(has, "nothing_like_it")

    found, missing = await store.read(use)
    assert found
    assert not missing


async def test_references_must_hold(store):
    async def orphan(tx: Tx) -> None:
        await tx.execute(
            "INSERT INTO group_members (group_id, user_id, role, created_at)"
            " VALUES ('nowhere', 'nobody', 'owner', '2026')"
        )

    await failure(store.write(orphan))
