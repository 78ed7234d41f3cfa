"""Which statements name the key that their table is split by, and which need not."""

import re
from collections.abc import Sequence
from typing import Any

from tests.storage.home import Statement

KEYS: dict[str, str] = {
    "trips": "id",
    **dict.fromkeys(("items", "links", "changesets", "prior_rows"), "trip_id"),
    "jobs": "user_id",
    "idempotency": "api_key_id",
    "deliveries": "webhook_id",
}
"""The column by which each table that grows is split."""

REFERENCE = {
    *("users", "groups", "group_members", "api_keys", "sessions", "passkeys", "identities"),
    *("invites", "resets", "calendar_tokens", "shares"),
}
"""Small tables of which each part of the database has a copy."""

SINGLE = {"webhooks", "counters", "server_state", "challenges", "sign_in_failures"}
"""Small tables that nothing but each other is looked up with: they are in one place."""

TABLES = {*KEYS, *REFERENCE, *SINGLE}

ON_COORDINATOR = {*SINGLE, "jobs", "deliveries"}
"""What `ops/citus.sql` leaves in one place: workers take from these tables, whoever's it is."""

GLOBAL = {
    "FROM trips WHERE group_id IN (SELECT group_id FROM group_members": "a user's trips are in "
    "all parts: one index range of each",
    "FROM trips t WHERE t.group_id IN (SELECT group_id FROM group_members": "so are those of the "
    "user's calendar",
    "SET status = 'running', attempts": "a worker takes the job that is due first, whoever's",
    "SELECT min(due_at) FROM jobs": "and looks before it takes",
}
"""Statements that may go to every part, each with its reason. None is on a hot path."""

BY_HASH = "WHERE k.hash = $1"
"""The exception on every path: whose a key is, is found by its hash, whoever's it may be."""


def tables_of(sql: str) -> dict[str, str]:
    """The aliases of the tables a statement speaks of, and those tables."""
    found = re.findall(
        r"\b(?:FROM|JOIN|UPDATE|INTO)\s+([a-z_]+)(?:\s+(?:AS\s+)?(?!set\b|where\b|on\b|as\b)"
        r"([a-z]+)\b)?",
        sql,
        re.IGNORECASE,
    )
    return {
        alias if alias and alias.islower() else table: table
        for table, alias in found
        if table in TABLES
    }


def is_keyed(statement: Statement) -> bool:
    """Whether every distributed table of a statement has its key set equal to something.

    That is a parameter, or the key of another table of the statement that has it so.
    """
    verb, sql, args = statement
    if verb == "insert":
        columns, rows = args
        key = KEYS[sql]
        return key in columns and len({row[list(columns).index(key)] for row in rows}) == 1
    return all(map(_is_keyed, steps(sql)))


def _is_keyed(sql: str) -> bool:
    if sql.startswith("INSERT INTO"):
        table, columns = re.findall(r"INSERT INTO (\w+) \((.*?)\)", sql)[0]
        return table not in KEYS or KEYS[table] in columns.split(", ")
    return not _unkeyed(sql)


def steps(sql: str) -> list[str]:
    """The statements within one that begins with `WITH`, and its own; else just that."""
    found = []
    while match := re.match(r"(?:WITH|,) (\w+) AS (?=\()", sql):
        end = _closing(sql, match.end())
        found.append(sql[match.end() + 1 : end])
        sql = sql[end + 1 :]
    return [*found, sql.strip()]


def _closing(sql: str, start: int) -> int:
    """Where the bracket ends that begins at `start`."""
    depth = 0
    for place in range(start, len(sql)):
        depth += {"(": 1, ")": -1}.get(sql[place], 0)
        if depth == 0:
            return place
    raise ValueError(sql)


def _unkeyed(sql: str) -> list[str]:
    """The distributed tables in a statement or in any of its subqueries that are not keyed."""
    missing = []
    for query, outer in _queries(sql):
        for alias, table in tables_of(query).items():
            if table in KEYS and not _names_key(query, alias, KEYS[table], outer):
                missing.append(table)
    return missing


def _names_key(query: str, alias: str, key: str, outer: str) -> bool:
    """Whether `key = $n`, `alias.key = $n`, or the key of a table around it stands there."""
    condition = re.search(rf"(?<![\w.])(?:{alias}\.)?{key} = (\$\d+|[a-z]\.(?:id|trip_id))", query)
    if condition is None:
        return False
    where = condition[1]
    return where.startswith("$") or re.search(rf"{re.escape(where)} = \$\d", outer) is not None


def _queries(sql: str, outer: str = "") -> list[tuple[str, str]]:
    """A statement without its subqueries, and those; each with the text around it."""
    found: list[tuple[str, str]] = []
    flat, depth, start = "", 0, 0
    for place, letter in enumerate(sql):
        if letter == "(":
            if depth == 0:
                start = place + 1
            depth += 1
        elif letter == ")":
            depth -= 1
            if depth == 0:
                inner = sql[start:place]
                flat += f"({inner})" if "SELECT" not in inner else "(...)"
                if "SELECT" in inner:
                    found += _queries(inner, outer + sql)
        elif depth == 0:
            flat += letter
    return [(flat, outer), *found]


def everywhere(statements: Sequence[Statement]) -> list[Statement]:
    """The statements that would be sent to every part of the database."""
    return [each for each in statements if not is_keyed(each)]


def unexplained(statements: Sequence[Statement]) -> list[str]:
    """Those of them that nobody has given a reason for."""
    return [
        each.sql for each in everywhere(statements) if not any(part in each.sql for part in GLOBAL)
    ]


def values_of(statements: Sequence[Statement]) -> set[Any]:
    """Every value the statements were given."""
    found: set[Any] = set()
    for each in statements:
        if each.verb == "insert":
            found |= {value for row in each.args[1] for value in row}
        elif each.verb == "executemany":
            found |= {value for row in each.args[0] for value in row}
        else:
            found |= set(each.args)
    return found


def touching(statements: Sequence[Statement], *tables: str) -> list[Statement]:
    return [
        each
        for each in statements
        if each.sql in tables or set(tables) & set(tables_of(each.sql).values())
    ]
