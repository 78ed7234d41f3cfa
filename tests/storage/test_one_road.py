"""Nothing but `storage.changes` writes rows, their links, the journal, or a trip's revision."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_layers import PACKAGES, ROOT

TABLES = ("items", "links", "changesets", "prior_rows", "trips")

ROAD = "storage/changes.py"
"""What may write them."""

PRUNING = "storage/journal.py"
"""What may drop what is too old of the journal, and note up to where."""
PRUNES = ("DELETE FROM changesets", "DELETE FROM prior_rows", "UPDATE trips SET pruned_rev")

REMOVAL = "storage/removal.py"
"""What may delete trips, with all that is in them: those of a group that nobody is left in."""
REMOVES = ("DELETE FROM trips", "DELETE FROM {}")

OPEN = {
    **dict.fromkeys(("storage/postgres_tx.py", "storage/sqlite_engine.py"), "INSERT INTO {}"),
    "storage/clear_tokens.py": "insert {}",
    "storage/last_use.py": "UPDATE {} SET last_used_at",
    "storage/leases.py": "UPDATE {} SET {} = $1",
}
"""What writes tables that it is given: those of links, of keys and sessions, of what has a lease;
and a transaction's own verb, which is seen where it is used."""

FILES = [
    pytest.param(path, id=str(path.relative_to(ROOT)))
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
]

_STATEMENT = re.compile(
    r"\b(?:(?:INSERT INTO|UPDATE(?: ONLY)?|DELETE FROM|TRUNCATE(?: TABLE)?|REPLACE INTO|MERGE INTO)"
    rf" (?:(?:{'|'.join(TABLES)})\b|{{}})|COPY (?:{'|'.join(TABLES)})\b).{{0,20}}",
    re.IGNORECASE,
)
"""One of them; `{}` stands for a table that the statement is given."""


def texts(source: str) -> Iterator[str]:
    """The strings of a source, as far as they are constant, each on one line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
            yield " ".join("".join(map(str, parts)).split())
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield " ".join(node.value.split())


def insertions(source: str) -> Iterator[str]:
    """The tables that rows are inserted into by a transaction's verb."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("insert", "copy_records_to_table")
            and node.args
        ):
            table, *rest = node.args
            if not isinstance(table, ast.Constant) and len(rest) == len(("columns", "rows")):
                yield "insert {}"
            elif isinstance(table, ast.Constant) and table.value in TABLES:
                yield f"insert {table.value}"


def writes(source: str) -> set[str]:
    """What in a source writes any of the tables."""
    statements = {found for text in texts(source) for found in _STATEMENT.findall(text)}
    return statements | set(insertions(source))


@pytest.mark.parametrize("path", FILES)
def test_there_is_one_road(path):
    name = str(path.relative_to(ROOT))
    found = writes(path.read_text())
    if name == ROAD:
        assert found
    elif name == PRUNING:
        assert all(each.startswith(PRUNES) for each in found), found
    elif name == REMOVAL:
        assert all(each.startswith(REMOVES) for each in found), found
    elif name in OPEN:
        assert all(each.startswith(OPEN[name]) for each in found), found
    else:
        assert found == set()


@pytest.mark.parametrize("table", TABLES)
def test_the_road_writes_each_of_the_tables(table):
    assert any(re.search(rf"\b{table}\b", each) for each in writes((ROOT / ROAD).read_text()))


@pytest.mark.parametrize(
    "source",
    [
        "tx.execute('UPDATE trips SET rev = rev + 1 WHERE id = $1')",
        "tx.execute(f'DELETE  FROM\\n items WHERE {x}')",
        "x = ('WITH a AS (INSERT INTO'\n ' links (a) VALUES (1)) SELECT 1')",
        "await tx.insert('prior_rows', columns, rows)",
        "tx.execute('insert into changesets values (1)')",
        "for t in ('items', 'links'):\n tx.execute(f'DELETE FROM {t} WHERE trip_id = $1')",
        "await tx.insert(table, columns, rows)",
    ],
)
def test_another_road_would_be_seen(source):
    assert writes(source)


@pytest.mark.parametrize(
    "source",
    [
        "tx.fetch('SELECT rev FROM trips WHERE id = $1 FOR UPDATE')",
        "tx.execute('UPDATE groups SET rev = rev + 1')",
        "tx.execute('DELETE FROM items_before')",
        "tx.insert('jobs', columns, rows)",
        "names.insert(0, 'items')",
    ],
)
def test_other_statements_are_no_road(source):
    assert not writes(source)


def test_migrations_are_no_python():
    assert not list(Path(ROOT / "storage" / "migrations").rglob("*.py"))
