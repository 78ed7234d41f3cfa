"""The revisions of a trip (contract sections 10 and 11)."""

import msgspec


class Revisions(msgspec.Struct, frozen=True):
    """A trip's revision, and those of the last writes that touched a part of it."""

    rev: int
    content: int
    """Of all that the trip holds, its own document included, but for messages."""
    messages: int
    doc: int
    """Of the trip's own document."""

    @classmethod
    def stored(cls, rev: int, content: int, messages: int, doc: int) -> "Revisions":
        """From their columns.

        A server from before there were several raises `rev` alone: a revision that none of the
        others tells of may have touched anything.
        """
        if rev > content and rev > messages:
            return cls(rev, rev, rev, rev)
        return cls(rev, content, messages, doc)

    def after(self, *, content: bool, messages: bool, doc: bool) -> "Revisions":
        """The revisions after one more write, which touched these parts."""
        rev = self.rev + 1
        return Revisions(
            rev,
            rev if content else self.content,
            rev if messages else self.messages,
            rev if doc else self.doc,
        )
