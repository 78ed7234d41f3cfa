"""Runs one job: claim, work, effects and end in one transaction."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import structlog

from domain import body, imports
from domain.errors import CarnetError, Internal, NotFound, Unavailable
from runtime.clock import now
from runtime.signals import JobSignals
from storage import idempotency, jobs, trips
from storage import imports as stored_imports
from storage.jobs import MAX_ATTEMPTS, Claim, LeaseLost
from storage.store import Store, Tx
from storage.turns import Collection, empty, give_way

_log = structlog.get_logger("carnet.worker")


async def run_next(store: Store, signals: JobSignals) -> bool:
    """Does the job that is due first, if one is; whether one was."""
    due = await store.read(jobs.next_due)
    if due is None or due > time.time():
        return False
    claim = await store.write(lambda tx: jobs.claim_next(tx, now(), time.time()))
    if claim is None:
        return False
    await run(store, signals, claim)
    return True


async def run(store: Store, signals: JobSignals, claim: Claim) -> None:
    """Does a claimed job, and whatever comes of it, leaves the job in a state that says so."""
    used: list[Collection] = []
    log = _log.bind(job_id=claim.job_id, trip_id=claim.trip_id, attempt=claim.attempt)
    try:
        async with _lease(store, claim):
            used = await _attempt(store, claim, log)
    except LeaseLost:
        log.warning("job_lost", reason="another attempt took it over")
        return
    await signals.ended(claim.job_id)
    # Only now: who waits for the job need not wait for this.
    empty(*used)


@contextlib.asynccontextmanager
async def _lease(store: Store, claim: Claim) -> AsyncIterator[None]:
    """Keeps the lease while the job is worked on; a worker that stalls loses it."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(jobs.LEASE_SECONDS / 3)
            with contextlib.suppress(Unavailable):
                await store.write(lambda tx: jobs.renew(tx, claim, time.time()))

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        renewing.cancel()
        with contextlib.suppress(asyncio.CancelledError, LeaseLost):
            await renewing


async def _attempt(
    store: Store, claim: Claim, log: structlog.typing.FilteringBoundLogger
) -> list[Collection]:
    """One attempt, up to the state it leaves the job in; `LeaseLost` when it may leave none.

    Returns what it worked with, if that is much, to be cleared away.
    """
    if claim.attempt > MAX_ATTEMPTS:
        # Its workers died of it: an attempt that ends otherwise is counted where it ends.
        await _give_up(store, claim, Internal())
        log.error("job_abandoned")
        return []
    started = time.perf_counter()
    try:
        status, used = await _apply(store, claim)
    except LeaseLost:
        raise
    except Unavailable as error:
        await _try_again(store, claim, error)
        log.warning("job_postponed", reason=error.message)
    except CarnetError as error:
        await _give_up(store, claim, error)
        log.warning("job_failed", code=error.code)
    except Exception:
        log.exception("job_crashed")
        await _try_again(store, claim, Internal())
    else:
        duration = round(time.perf_counter() - started, 4)
        log.info("job_succeeded", items=claim.total, status=status, duration=duration)
        return used
    return []


async def _apply(store: Store, claim: Claim) -> tuple[int, list[Collection]]:
    sent = await asyncio.to_thread(_sent, claim.payload)
    lists = imports.items_of(claim.request, sent)
    # Planned beside other writers, so that they wait for the writing only.
    ahead = await store.read(
        lambda tx: stored_imports.plan(tx, claim.trip_id, claim.request, lists, now())
    )

    async def effects(tx: Tx) -> int:
        await trips.lock(tx, claim.trip_id)
        status, result = await stored_imports.apply(
            tx, claim.trip_id, claim.request, lists, now(), ahead
        )
        give_way()
        await jobs.succeed(tx, claim, now(), status, result)
        return status

    return await store.write(effects), ahead.running.held


def _sent(payload: bytes) -> Any:
    """The body of the request that asked for a job."""
    return body.decode(jobs.unpack(payload), give_way)


async def _try_again(store: Store, claim: Claim, error: CarnetError) -> None:
    """Puts the job back with exponential backoff, or gives up after the last attempt."""
    if claim.attempt >= MAX_ATTEMPTS:
        await _give_up(store, claim, error)
        return
    due_at = time.time() + 0.5 * 2**claim.attempt
    await store.write(lambda tx: jobs.retry(tx, claim, due_at))


async def _give_up(store: Store, claim: Claim, error: CarnetError) -> None:
    async def end(tx: Tx) -> None:
        await jobs.fail(tx, claim, now(), error.status, error.for_item())
        if not isinstance(error, NotFound):
            await idempotency.forget_job(tx, claim.job_id)

    await store.write(end)
