"""What is kept in a process: replies while nothing in their trip changes, and the ids of keys."""

import collections
from typing import Final

MAX_BYTES: Final = 8 * 1024 * 1024
LARGEST_SHARE: Final = 4
"""No body takes more than this part of the room."""

MOST_KEYS: Final = 10_000


class KeptBodies:
    """The bodies of the latest reads by path, each good for one revision of its trip.

    The revision is read from the database with every request, so a kept body is never older
    than the revision it is given for, whoever wrote in the meantime.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: collections.OrderedDict[str, tuple[int, bytes]] = collections.OrderedDict()

    def get(self, path: str, rev: int) -> bytes | None:
        """The body of this path at this revision, if it is kept."""
        kept = self._kept.get(path)
        if kept is None or kept[0] != rev:
            return None
        self._kept.move_to_end(path)
        return kept[1]

    def put(self, path: str, rev: int, body: bytes) -> None:
        """Keeps a body, in place of what was least used."""
        self._drop(path)
        if len(body) > self._max_bytes // LARGEST_SHARE:
            return
        self._kept[path] = (rev, body)
        self._bytes += len(body)
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, path: str) -> None:
        kept = self._kept.pop(path, None)
        if kept is not None:
            self._bytes -= len(kept[1])


class KeyIds:
    """The ids of keys that were used lately, by their hashes: a key has its id for good."""

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        self._ids: dict[str, str] = {}

    def get(self, hashed: str) -> str | None:
        """A key's id, if it is kept; whether the key is still good, only the database knows."""
        return self._ids.get(hashed)

    def put(self, hashed: str, key_id: str) -> None:
        """Keeps an id, in place of the one kept longest."""
        if len(self._ids) >= self._most:
            del self._ids[next(iter(self._ids))]
        self._ids[hashed] = key_id
