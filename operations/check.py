"""Whether all that is stored fits together: `carnet check`.

It is read in batches, and at one moment, so that it may be done while servers write.
"""

import functools
from typing import Final

from operations import check_trips
from operations.findings import Finding
from storage import inspection
from storage.inspection import JobFacts
from storage.leases import FURTHEST_SECONDS
from storage.store import Tx

_BATCH: Final = 200

_RESTORE: Final = "restore a backup"
_ASK_AGAIN: Final = "delete the job, and ask for it again"


async def check(tx: Tx, unix_now: float, now: str) -> list[Finding]:
    """All that is found, in one read; the moment is given in Unix seconds and as documents do."""
    damage = [Finding("database", "file", text, _RESTORE) for text in await inspection.damage(tx)]
    if damage:
        # Whatever else is found may be no more than that.
        return damage
    found = [*await _references(tx), *await _counters(tx), *await _jobs(tx, unix_now)]
    after = ""
    while trips := await inspection.trips(tx, after, _BATCH):
        for trip in trips:
            found += await check_trips.check(tx, trip, now)
        after = trips[-1].id
    return found


async def _references(tx: Tx) -> list[Finding]:
    found = []
    for table, column, other in inspection.REFERENCES:
        for value, number in await inspection.dangling(tx, table, column, other):
            found.append(
                Finding(
                    "reference",
                    f"{table}.{column}={value}",
                    f"{number} rows name what is not in {other}",
                    f"bring that back from a backup, or delete these rows of {table}",
                )
            )
    return found


async def _counters(tx: Tx) -> list[Finding]:
    found = []
    for name, needed in await inspection.counters_behind(tx):
        repair = functools.partial(inspection.advance_counter, name=name, needed=needed)
        what = f"it is behind what it has counted, {needed}"
        found.append(Finding("counter", name, what, "", repair))
    return found


async def _jobs(tx: Tx, unix_now: float) -> list[Finding]:
    found: list[Finding] = []
    after = ("", "")
    while batch := await inspection.jobs(tx, after, _BATCH):
        for job in batch:
            whole = f"{job.user_id}/{job.id}"
            bodies = await inspection.job_bodies(tx, job.user_id, job.id)
            wrong = (*_wrong_in_state(job, bodies), *_unreadable(bodies))
            found += [Finding("job", whole, what, _ASK_AGAIN) for what in wrong]
            if job.status == "running" and job.due_at > unix_now + FURTHEST_SECONDS:
                repair = functools.partial(inspection.make_due, job=job, unix_now=unix_now)
                what = "its lease is longer than any: a worker's clock was ahead"
                found.append(Finding("job", whole, what, "", repair))
        after = (batch[-1].user_id, batch[-1].id)
    return found


def _wrong_in_state(job: JobFacts, bodies: inspection.JobBodies) -> list[str]:
    ended = job.status in ("succeeded", "failed")
    rules = {
        "it has ended, but at no time": ended and job.finished_at is None,
        "it has ended, but with no status": ended and job.result_status is None,
        "it has ended, but is still to be done": ended and bodies.payload is not None,
        "it has failed, but there is no reason": job.status == "failed" and bodies.error is None,
        "it has not ended, but has a time of its end": not ended and job.finished_at is not None,
        "it runs, but no attempt was counted": job.status == "running" and job.attempts < 1,
        "it runs, but has not begun": job.status == "running" and job.started_at is None,
    }
    return [what for what, broken in rules.items() if broken]


def _unreadable(bodies: inspection.JobBodies) -> list[str]:
    return [
        f"its {name} cannot be read"
        for name, body in bodies._asdict().items()
        if body and not inspection.is_readable(body, json=name != "payload")
    ]
