"""Rows that name others, and what becomes of them when one of those goes."""

import functools
from collections.abc import Set

import msgspec

from domain.resources import BY_KIND
from domain.row import Row


@functools.cache
def link_fields(kind: str) -> list[str]:
    """The fields of a kind that name rows of the trip, rather than members."""
    resource = BY_KIND.get(kind)
    return [link.field for link in resource.links if link.kind in BY_KIND] if resource else []


def named_by(row: Row) -> list[str]:
    """The rows at the ends of a row's links."""
    fields = link_fields(row.kind)
    # Of a kind without links, no document is decoded.
    return [row.document[field] for field in fields if field in row.document] if fields else []


def unlink(row: Row, removed: Set[str], now: str) -> None:
    """Clears the links of a row that name any of these ids (contract section 6)."""
    resource = BY_KIND[row.kind]
    document = row.document
    links = {link.field for link in resource.links if document.get(link.field) in removed}
    rest = {name: value for name, value in document.items() if name not in links}
    rest["updatedAt"] = max(now, document["createdAt"])
    row.rewrite(msgspec.json.encode(rest).decode(), row.client_ref)
