"""What a supervising process and its child tell each other, line by line over pipes."""

from typing import Final

import msgspec

from runtime.metrics import Snapshot

MOST_BYTES: Final = 1024 * 1024
"""A line is not longer: the longest has all that a process has measured."""


class Message(msgspec.Struct, omit_defaults=True):
    """One line of JSON; each member that is set is news of its own.

    Members that the receiver does not know are ignored: parent and child may be of different
    releases while processes are replaced.
    """

    ready: bool = False
    """From the child, first of all: it does its work from now on."""
    reason: str = ""
    """From the child, last of all: why it ends, where that is a failure."""
    work: bool = False
    """To a worker: a job has been committed."""
    job_ended: str | None = None
    """From a worker: the id of a job that has ended."""
    trip: str | None = None
    """From a worker: the id of a trip it has changed, with the `rev` that the trip has now."""
    rev: int = 0
    measure: bool = False
    """To the child: it is to tell what it has measured."""
    measured: Snapshot | None = None
    """From the child, when it was asked, and last of all: what it has measured until now."""

    def line(self) -> bytes:
        """The message as it goes through the pipe."""
        return msgspec.json.encode(self) + b"\n"


def parse(line: bytes) -> Message:
    """The message of a line; `msgspec.DecodeError` when it is none."""
    return msgspec.json.decode(line, type=Message)
