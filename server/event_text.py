"""Events as they stand on a stream (WHATWG HTML, section 9.2: server-sent events).

JSON has no line break in it, so that an event's data is one line.
"""

from typing import Final, NamedTuple

import msgspec

from domain.history import ChangesetEvent

MEDIA_TYPE: Final = "text/event-stream"
COMMENT: Final = b":\n\n"
"""Nothing, so that whoever is between sees that the stream goes on."""
RETRY: Final = b"retry: 1000\n\n"
"""How long a client is to wait before it comes back, in milliseconds."""


class Told(NamedTuple):
    """A changeset as the streams of a trip tell it, encoded once for all."""

    rev: int
    whole: bytes
    without_messages: bytes
    """For those who may not read messages; empty where they see nothing of it."""

    @classmethod
    def of(cls, event: ChangesetEvent) -> "Told":
        """From a changeset."""
        whole = _change(event)
        seen = event.without_messages()
        if seen is event:
            return cls(event.rev, whole, whole)
        return cls(event.rev, whole, b"" if seen is None else _change(seen))


def hello(start: int, rev: int) -> bytes:
    """The first event: where the stream begins, and the trip's present revision."""
    return b'event: hello\nid: %d\ndata: {"rev":%d}\n\n' % (start, rev)


def reset(rev: int) -> bytes:
    """That what the client does not know is no longer kept; it goes on from this revision."""
    return b'event: reset\nid: %d\ndata: {"rev":%d}\n\n' % (rev, rev)


def _change(event: ChangesetEvent) -> bytes:
    return b"event: change\nid: %d\ndata: %b\n\n" % (event.rev, msgspec.json.encode(event))
