"""What a call may be given beside its ids, body and query."""

from typing import TypedDict


class Options(TypedDict, total=False):
    """Of any call."""

    timeout: float | None
    """Seconds for all attempts together; None: as long as it takes."""
    max_retries: int


class ReadOptions(Options, total=False):
    """Of a read."""

    if_none_match: str
    """The `ETag` that is known: where it still is the present one, the answer is a 304."""


class WriteOptions(Options, total=False):
    """Of a write."""

    idempotency_key: str
    """Made by the client where none is given."""
    if_match: str
    """The `ETag` of what is to be changed."""


class CreateOptions(WriteOptions, total=False):
    """Of a create, which may merge into a row with its clientRef."""

    if_none_match: str
    """`*`: it must not merge."""


class JobOptions(WriteOptions, total=False):
    """Of a write that may become a job."""

    prefer: str
    """`respond-async`, or `wait=N` seconds."""
