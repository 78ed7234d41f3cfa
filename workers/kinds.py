"""The registry: every kind of job, and everything that is done by the clock."""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

from runtime import measured
from runtime.settings import Settings
from storage.job_claims import Claim
from storage.store import Store, Tx
from workers import file_imports, imports, new_trip_imports, pruning, undo


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """How jobs of one kind are done.

    What `decode`, `prepare` or `run` raises decides what becomes of the job: after `Unavailable`, a
    time-out or a bug it is tried again; another `CarnetError`, or whatever else `decode` raises,
    ends it as failed.
    """

    name: str
    """As it stands in the jobs table: it never changes."""
    decode: Callable[[Claim], Any]
    """What a job is to do, from its `params` and `payload`. Runs in a thread of its own."""
    run: Callable[..., Awaitable[tuple[int, bytes]]]
    """Does what was decoded: `run(tx, claim, decoded)` where the effects are inside, and else
    `run(store, claim, decoded)`. Gives the result: an HTTP status, and JSON or nothing."""
    effects: Literal["inside", "outside"]
    """Inside: `run` awaits nothing but its transaction, in which the job also ends, so that its
    effects happen once. Outside: `run` may await the network, the job ends in a transaction after
    it, and what it does may happen more than once."""
    prepare: Callable[[Tx, Claim, Any], Awaitable[Any]] | None = None
    """What can be done in a read before `run`, where the effects are inside: gives what was decoded
    with what it found, in place of it."""
    attempts: int
    backoff: Callable[[int], float]
    """Seconds from the end of an attempt, counted from 1, to the next one."""
    timeout: float
    """Seconds that an attempt may take."""
    concurrency: int
    """Jobs of the kind's group that a worker process does at a time. No other group waits for
    these."""
    group: str
    """Kinds of one group share their slots, and so are done in the order in which they are due."""


@dataclasses.dataclass(frozen=True)
class Schedule:
    """What each worker process does when it starts, and again and again."""

    name: str
    every_seconds: float
    run: Callable[[Store, Settings], Awaitable[None]]


def _import(name: str, does: Any = imports) -> Kind:
    # One at a time, batches, syncs and undos together: an embedded worker applies them in the order
    # in which they were sent, and 50,000 items take memory.
    return Kind(
        name=name,
        decode=does.decode,
        prepare=does.plan,
        run=does.run,
        effects="inside",
        attempts=5,
        backoff=lambda attempt: 0.5 * 2**attempt,
        timeout=120.0,
        concurrency=1,
        group="import",
    )


KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        _import("batch"),
        _import("sync"),
        _import("import", file_imports),
        _import("new_trip", new_trip_imports),
        _import("undo", undo),
    )
}

measured.foresee_kinds(KINDS)

HOUR: Final = 3600.0

SCHEDULES: Final = (
    Schedule("prune_idempotency", HOUR, pruning.prune_idempotency),
    Schedule("prune_jobs", HOUR, pruning.prune_jobs),
    Schedule("prune_history", HOUR, pruning.prune_history),
    Schedule("prune_deliveries", HOUR, pruning.prune_deliveries),
    Schedule("prune_sign_ins", HOUR, pruning.prune_sign_ins),
    Schedule("fail_unknown_jobs", HOUR, lambda store, _: pruning.fail_unknown_jobs(store, KINDS)),
)

measured.foresee_schedules(schedule.name for schedule in SCHEDULES)
