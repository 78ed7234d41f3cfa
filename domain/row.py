"""A row of a trip: a document, and what it is found and sorted by."""

import copy

import msgspec

from domain.merge import Document


class Row(msgspec.Struct, eq=False, gc=False):
    """A row of a trip, stored or about to be.

    Its document is JSON text, and decoded when it is looked into: most rows of an import, the
    first time or again, never are.
    """

    kind: str
    id: str
    parent_id: str
    """"" where there is no parent."""
    json: str
    sort_key: str = ""
    rev: int = 0
    """The trip's revision at the row's last change; 0 until it is stored."""
    client_ref: str | None = None
    """What the row is found by: of messages it has the author's id in it."""
    created_rev: int = 0
    """The revision that made it; 0 until it is stored, and of rows of before there were any."""
    _decoded: Document | None = None

    @property
    def document(self) -> Document:
        """All its members, not to be changed."""
        if self._decoded is None:
            self._decoded = msgspec.json.decode(self.json)
        return self._decoded

    def copy(self) -> "Row":
        """The same row, which stays as it is when this one is rewritten."""
        return copy.copy(self)

    def rewrite(self, json: str, client_ref: str | None) -> None:
        """Gives it another document, and what it is found by."""
        self.json, self.client_ref, self._decoded = json, client_ref, None

    def has(self, members: str, start: int) -> bool:
        """Whether its JSON goes on at `start` with just these members, by `members_text`."""
        # The comma tells that the last member ends there.
        return self.json.startswith(f"{members},", start)
