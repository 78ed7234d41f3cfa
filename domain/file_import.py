"""A file imported into a trip (contract section 16), or a new one: what is asked for."""

from typing import Final

import msgspec

MAX_REJECTS: Final = 1000
"""The most rejects of an answer; of more it tells how many."""


class FileImportRequest(msgspec.Struct, omit_defaults=True):
    """What to do with a file; stored with a job, so that a worker can do it."""

    filename: str = ""
    dry_run: bool = False
    max_items: int = 0
    """How many rows it may have: the limit of the server that took it."""
    content_rev: int | None = None
    """The revision of the trip's content that it was asked for with `If-Match`; it must not have
    changed when the import is done."""

    @property
    def kind(self) -> str:
        """The kind of the job."""
        return "import"


class NewTripRequest(msgspec.Struct):
    """A trip to make of a file; stored with a job, so that a worker can do it."""

    file: FileImportRequest
    trip: dict[str, str]
    """The body of the new trip; what the file itself tells is only looked for where it has none."""

    @property
    def kind(self) -> str:
        """The kind of the job."""
        return "new_trip"
