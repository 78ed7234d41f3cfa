"""What a stored row must be by itself: its document, and the columns that are taken from it."""

from collections.abc import Iterator
from typing import Final

import msgspec

from domain.merge import Document
from domain.message import CHANNEL, MESSAGE
from domain.resource import SERVER_MEMBERS, Resource
from domain.resources import RESOURCES
from domain.row import Row
from domain.trip import TRIP

KINDS: Final[dict[str, Resource]] = {r.kind: r for r in (*RESOURCES, CHANNEL, MESSAGE, TRIP)}
"""All kinds of rows, the trip itself among them."""


def wrong_in_document(row: Row, members: Document) -> Iterator[str]:
    """What is wrong with a row's document, which must have these members of the server's."""
    resource = KINDS.get(row.kind)
    if resource is None:
        yield f"this release has no kind {row.kind!r}"
        return
    document = _decoded(row)
    if document is None:
        yield "the document is not a JSON object"
        return
    for name, value in members.items():
        if document.get(name) != value:
            yield f"the document's {name} is not {value!r}"
    known = {*resource.fields, *resource.stamped, *members, *SERVER_MEMBERS}
    for name in document.keys() - known:
        yield f"the document has a member that is none of a {row.kind}: {name!r}"
    for detail in resource.validated(resource.fields_of(document))[1]:
        yield f"{detail.path}: {detail.message}"


def as_derived(row: Row) -> Row | None:
    """The row with the columns that its document says; None where they are so.

    The document is one that nothing is wrong with.
    """
    resource, document = KINDS[row.kind], row.document
    right = row.copy()
    right.sort_key = resource.sort_key(resource.fields_of(document))
    right.client_ref = document.get("clientRef")
    if row.kind == MESSAGE.kind and right.client_ref is not None:
        right.client_ref = f"{document['authorId']}/{right.client_ref}"
    same = (right.sort_key, right.client_ref) == (row.sort_key, row.client_ref)
    return None if same else right


def _decoded(row: Row) -> Document | None:
    try:
        return msgspec.json.decode(row.json, type=dict)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
