"""Jobs to do, and a clock that goes when it is told to."""

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from domain.imports import ImportRequest
from runtime.ids import new_id
from runtime.signals import Signals
from storage import job_claims, jobs
from storage.store import Store
from tests.storage.home import Home
from tests.support import now
from workers import loop, runner
from workers.kinds import Kind
from workers.runner import claim_next, run

SYNC = ImportRequest("sync")


async def queue(
    home: Home, body: Any, request: ImportRequest = SYNC, *, due_at: float = 0.0, total: int = 1
) -> str:
    """The id of a new job."""
    job_id = new_id()
    await home.store.write(
        lambda tx: jobs.insert(
            tx,
            job_id=job_id,
            user_id=home.user_id,
            trip_id=home.trip_id,
            kind=request.kind,
            params=msgspec.json.encode(request).decode(),
            payload=msgspec.json.encode(body),
            total=total,
            now=now(),
            due_at=due_at,
        )
    )
    return job_id


async def show(home: Home, job_id: str) -> dict[str, Any]:
    """A job as its user sees it."""
    job = await home.store.read(lambda tx: jobs.get(tx, home.user_id, job_id))
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(job))
    return decoded


async def claim(home: Home, moment: float) -> job_claims.Claim:
    """The next job, taken by a worker."""
    found = await home.store.write(lambda tx: job_claims.claim_next(tx, "sync", now(), moment))
    assert found is not None
    return found


class Clock:
    """Stands in for `time` in the runner and its loop."""

    def __init__(self, monkeypatch: Any) -> None:
        self.moment = 1_000_000.0
        self.perf_counter = time.perf_counter
        monkeypatch.setattr(runner, "time", self)
        monkeypatch.setattr(loop, "time", self)

    def time(self) -> float:
        return self.moment


async def run_next(store: Store, signals: Signals, kinds: Mapping[str, Kind]) -> bool:
    """Does the job of these kinds that is due first, if one is; whether one was."""
    claim = await claim_next(store, kinds)
    if claim is None:
        return False
    await run(store, signals, kinds[claim.kind], claim)
    return True
