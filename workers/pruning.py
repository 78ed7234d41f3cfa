"""Drops what is past its time, in transactions so small that no other write waits for them."""

import datetime
import time
from asyncio import sleep
from collections.abc import Awaitable, Callable, Collection
from typing import Final

import structlog

from domain.clock import timestamp
from domain.errors import Internal
from domain.session import used_since
from domain.sign_in import WINDOW_SECONDS
from runtime.clock import moment, now
from runtime.settings import Settings
from storage import (
    challenges,
    credentials,
    deliveries,
    idempotency,
    invites,
    job_claims,
    jobs,
    journal,
    sessions,
    sign_in_failures,
    webhooks,
)
from storage.store import Store, Tx

FEWEST: Final = 10
MOST: Final = 1_000
"""Rows of one transaction."""
BATCH_SECONDS: Final = 0.001
"""What dropping the rows of one transaction should take; its commit takes several times as long."""
REST: Final = 4
"""How many times as long as a transaction took the pause after it is."""
UNKNOWN_SECONDS: Final = 24 * 60 * 60
"""For so long a job of a kind that no worker knows waits for one that does."""

Drop = Callable[[Tx, int], Awaitable[int]]
"""Drops so many rows at most; how many it has dropped."""

_log = structlog.get_logger("carnet.pruning")


async def in_batches(store: Store, drop: Drop) -> int:
    """Drops all there is to drop, batch by batch; how many rows.

    The size of a batch follows from what dropping the last one took: a row may be a few bytes or
    megabytes, and the machine fast or slow.
    """
    total, size = 0, FEWEST
    while True:
        started = time.perf_counter()
        dropped, took = await _drop(store, drop, size)
        total += dropped
        if dropped < size:
            return total
        await sleep((time.perf_counter() - started) * REST)
        size = max(FEWEST, min(MOST, 2 * size, int(size * BATCH_SECONDS / took)))


async def _drop(store: Store, drop: Drop, limit: int) -> tuple[int, float]:
    """One batch: how many rows it dropped, and the seconds that took without the commit."""

    async def timed(tx: Tx) -> tuple[int, float]:
        started = time.perf_counter()
        return await drop(tx, limit), time.perf_counter() - started

    return await store.write(timed)


async def prune_idempotency(store: Store, settings: Settings) -> None:
    """Drops idempotency records `retention.idempotency_hours` after they were made."""
    since = time.time() - settings.retention.idempotency_hours * 3600
    dropped = await in_batches(store, lambda tx, limit: idempotency.prune(tx, since, limit))
    if dropped:
        _log.info("pruned", idempotency=dropped)


async def prune_jobs(store: Store, settings: Settings) -> None:
    """Drops jobs `retention.jobs_days` after their end."""
    oldest = _days_ago(settings.retention.jobs_days)
    dropped = await in_batches(store, lambda tx, limit: jobs.prune(tx, oldest, limit))
    if dropped:
        _log.info("pruned", jobs=dropped)


async def prune_history(store: Store, settings: Settings) -> None:
    """Drops what is told of changes `history.days` after they were made."""
    oldest = _days_ago(settings.history.days)
    dropped = await in_batches(store, lambda tx, limit: journal.prune(tx, oldest, limit))
    if dropped:
        _log.info("pruned", history=dropped)


async def prune_deliveries(store: Store, settings: Settings) -> None:
    """Drops deliveries `retention.deliveries_days` after their end, and those of deleted webhooks.

    These an hour later: a write that was under way may still have added one.
    """
    oldest = _days_ago(settings.retention.deliveries_days)
    dropped = await in_batches(store, lambda tx, limit: deliveries.prune(tx, oldest, limit))
    hour_ago = timestamp(moment() - datetime.timedelta(hours=1))
    dropped += await in_batches(store, lambda tx, limit: webhooks.prune(tx, hour_ago, limit))
    if dropped:
        _log.info("pruned", deliveries=dropped)


async def prune_sign_ins(store: Store, settings: Settings) -> None:
    """Drops sessions that are over, failures of long ago, links and challenges past their time."""
    at, unix_seconds = now(), time.time()
    since = used_since(at, settings.retention.sessions_days)
    drops: tuple[Drop, ...] = (
        lambda tx, limit: sessions.prune(tx, since, limit),
        lambda tx, limit: credentials.prune_resets(tx, at, limit),
        lambda tx, limit: invites.prune(tx, at, limit),
        lambda tx, limit: challenges.prune(tx, unix_seconds, limit),
        lambda tx, limit: sign_in_failures.prune(tx, unix_seconds - WINDOW_SECONDS, limit),
    )
    dropped = sum([await in_batches(store, drop) for drop in drops])
    if dropped:
        _log.info("pruned", sign_ins=dropped)


def _days_ago(days: int) -> str:
    return timestamp(moment() - datetime.timedelta(days=days))


async def fail_unknown_jobs(store: Store, kinds: Collection[str]) -> None:
    """Fails jobs of kinds other than these that no worker has taken for a day."""
    error = Internal("No worker of this installation knows jobs of this kind").for_item()

    async def fail(tx: Tx, limit: int) -> int:
        due_before = time.time() - UNKNOWN_SECONDS
        failed = await job_claims.fail_unknown(tx, kinds, due_before, now(), limit, error)
        for job_id in failed:
            await idempotency.forget_job(tx, job_id)
        return len(failed)

    failed = await in_batches(store, fail)
    if failed:
        _log.error("unknown_jobs_failed", jobs=failed)
