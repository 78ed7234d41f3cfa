"""What a process caches: replies while nothing in their trip changes, and the ids of keys."""

import collections
from typing import Final

MAX_BYTES: Final = 8 * 1024 * 1024
LARGEST_SHARE: Final = 4
"""No reply takes more than this part of the room."""
ENTRY_BYTES: Final = 512
"""What an entry takes beside its body and its names: measured, and rounded up."""

MOST_KEYS: Final = 10_000


class ResponseCache:
    """The bodies of the latest reads by target, each good for one entity tag.

    The revision in a tag is read from the database with every request, so a cached body is never
    older than the tag it is given for, whichever process wrote in the meantime.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: collections.OrderedDict[str, tuple[str, bytes]] = collections.OrderedDict()

    def get(self, target: str, tag: str) -> bytes | None:
        """The body of this path and query under this tag, if it is cached."""
        entry = self._entries.get(target)
        if entry is None or entry[0] != tag:
            return None
        self._entries.move_to_end(target)
        return entry[1]

    def put(self, target: str, tag: str, body: bytes) -> None:
        """Caches a body, in place of what was least used."""
        self._drop(target)
        size = _size(target, tag, body)
        if size > self._max_bytes // LARGEST_SHARE:
            return
        self._entries[target] = (tag, body)
        self._bytes += size
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._entries)))

    def _drop(self, target: str) -> None:
        entry = self._entries.pop(target, None)
        if entry is not None:
            self._bytes -= _size(target, *entry)


def _size(target: str, tag: str, body: bytes) -> int:
    return ENTRY_BYTES + len(target) + len(tag) + len(body)


class KeyIds:
    """The ids of keys that were used lately, by their hashes: a key has its id for good."""

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        self._ids: dict[str, str] = {}

    def get(self, hashed: str) -> str | None:
        """A key's id, if it is cached; whether the key is still good, only the database tells."""
        return self._ids.get(hashed)

    def put(self, hashed: str, key_id: str) -> None:
        """Caches an id, in place of the oldest."""
        if len(self._ids) >= self._most:
            del self._ids[next(iter(self._ids))]
        self._ids[hashed] = key_id
