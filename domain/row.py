"""A row of a trip: a document, and what it is found and sorted by."""

import msgspec

from domain.merge import Document


class Row:
    """A row of a trip, stored or about to be; `parent_id` is "" where there is no parent.

    Its document is JSON text, and decoded when it is looked into: most rows of an import, the
    first time or again, never are.
    """

    __slots__ = (
        "_decoded",
        "client_ref",
        "created_rev",
        "id",
        "json",
        "kind",
        "parent_id",
        "rev",
        "sort_key",
    )

    def __init__(
        self,
        kind: str,
        id: str,
        parent_id: str,
        json: str,
        sort_key: str = "",
        rev: int = 0,
        client_ref: str | None = None,
        created_rev: int = 0,
    ) -> None:
        """`client_ref` is what the row is found by: of messages it has the author's id in it.

        `rev` is the trip's revision at the row's last change, `created_rev` the one that made it;
        both are 0 until it is stored.
        """
        self.kind = kind
        self.id = id
        self.parent_id = parent_id
        self.json = json
        self.sort_key = sort_key
        self.rev = rev
        self.client_ref = client_ref
        self.created_rev = created_rev
        self._decoded: Document | None = None

    @property
    def document(self) -> Document:
        """All its members, not to be changed."""
        if self._decoded is None:
            self._decoded = msgspec.json.decode(self.json)
        return self._decoded

    def copy(self) -> "Row":
        """The same row, which stays as it is when this one is rewritten."""
        copied = Row(
            self.kind,
            self.id,
            self.parent_id,
            self.json,
            self.sort_key,
            self.rev,
            self.client_ref,
            self.created_rev,
        )
        copied._decoded = self._decoded
        return copied

    def rewrite(self, json: str, client_ref: str | None) -> None:
        """Gives it another document, and what it is found by."""
        self.json, self.client_ref, self._decoded = json, client_ref, None

    def has(self, members: Document, start: int) -> bool:
        """Whether its JSON goes on at `start` with just these members."""
        text = msgspec.json.encode(members)[1:-1].decode()
        # The comma tells that the last member ends there.
        return self.json.startswith(f"{text},", start)
