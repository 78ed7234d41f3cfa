"""What becomes of rows that name a row which goes."""

from collections.abc import Set

import msgspec

from domain.resources import BY_KIND
from domain.row import Row


def unlink(row: Row, removed: Set[str], now: str) -> None:
    """Clears the links of a row that name any of these ids (contract section 6)."""
    resource = BY_KIND[row.kind]
    document = row.document
    links = {link.field for link in resource.links if document.get(link.field) in removed}
    rest = {name: value for name, value in document.items() if name not in links}
    rest["updatedAt"] = max(now, document["createdAt"])
    row.rewrite(msgspec.json.encode(rest).decode(), row.client_ref)
