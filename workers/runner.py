"""Runs one job: claim, lease, attempt, and the state it leaves the job in."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import structlog

from domain.errors import CarnetError, Internal, NotFound, Unavailable
from runtime import measured, tracing
from runtime.clock import now
from runtime.signals import Signals
from storage import idempotency, job_claims
from storage.job_claims import Claim
from storage.leases import LeaseLost
from storage.store import Store, Tx
from workers.kinds import Kind

_log = structlog.get_logger("carnet.worker")

Logger = structlog.typing.FilteringBoundLogger


class Undecodable(Internal):
    """A job whose kind cannot read what it is to do: no other attempt could."""

    summary = "What this job is to do cannot be read"


async def claim_next(store: Store, kinds: Mapping[str, Kind]) -> Claim | None:
    """Takes the job of these kinds that is due first; None when none is.

    Jobs of other kinds are left to workers that know them.
    """
    due = await store.read(lambda tx: job_claims.next_due(tx, kinds))
    for name in sorted(due, key=due.__getitem__):
        if due[name] > time.time():
            break
        if (claim := await _claim(store, name)) is not None:
            return claim
    return None


async def _claim(store: Store, kind: str) -> Claim | None:
    return await store.write(lambda tx: job_claims.claim_next(tx, kind, now(), time.time()))


async def run(store: Store, signals: Signals, kind: Kind, claim: Claim) -> None:
    """Does a claimed job, and whatever comes of it, leaves the job in a state that says so."""
    log = _log.bind(
        job_id=claim.job_id,
        kind=claim.kind,
        trip_id=claim.trip_id,
        attempt=claim.attempt,
        request_id=claim.request_id,
    )
    try:
        with _traced(claim):
            async with _lease(store, claim):
                await _attempt(store, kind, claim, log)
    except LeaseLost:
        # Or a transaction that ran into the time-out has been committed all the same.
        log.warning("job_lost", reason="another attempt took it over")
    finally:
        await signals.job_ended(claim.job_id)


def _traced(claim: Claim) -> tracing.Part:
    return tracing.task(
        f"job {claim.kind}",
        claim.traceparent,
        job_id=claim.job_id,
        trip_id=claim.trip_id,
        attempt=claim.attempt,
        request_id=claim.request_id,
    )


@contextlib.asynccontextmanager
async def _lease(store: Store, claim: Claim) -> AsyncIterator[None]:
    """Keeps the lease while the job is worked on; a worker that stalls loses it."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(job_claims.LEASE_SECONDS / 3)
            with contextlib.suppress(Unavailable):
                await store.write(lambda tx: job_claims.renew(tx, claim, time.time()))

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        renewing.cancel()
        with contextlib.suppress(asyncio.CancelledError, LeaseLost):
            await renewing


async def _attempt(store: Store, kind: Kind, claim: Claim, log: Logger) -> None:
    """One attempt, up to the state it leaves the job in; `LeaseLost` when it may leave none."""
    if claim.attempt > kind.attempts:
        # Its workers died of it: an attempt that ends otherwise is counted where it ends.
        await _give_up(store, claim, Internal(), "abandoned")
        log.error("job_abandoned")
        return
    started = time.perf_counter()
    measured.JOB_ATTEMPTS.add(claim.kind)
    try:
        async with asyncio.timeout(kind.timeout):
            decoded = await asyncio.to_thread(_decode, kind, claim)
            status = await _do(store, kind, claim, decoded)
    except LeaseLost:
        raise
    except Undecodable as error:
        log.exception("job_undecodable")
        await _give_up(store, claim, error)
    except TimeoutError:
        await _try_again(store, kind, claim, Unavailable("The job took too long"))
        log.warning("job_postponed", reason="it took too long", timeout=kind.timeout)
    except Unavailable as error:
        await _try_again(store, kind, claim, error)
        log.warning("job_postponed", reason=error.message)
    except CarnetError as error:
        await _give_up(store, claim, error)
        log.warning("job_failed", code=error.code)
    except Exception:
        log.exception("job_crashed")
        await _try_again(store, kind, claim, Internal())
    else:
        seconds = time.perf_counter() - started
        measured.JOBS_ENDED.add(claim.kind, "succeeded")
        measured.JOB_SECONDS.observe(seconds, claim.kind)
        log.info("job_succeeded", items=claim.total, status=status, duration=round(seconds, 4))


def _decode(kind: Kind, claim: Claim) -> Any:
    try:
        return kind.decode(claim)
    except CarnetError:
        raise
    except Exception as error:
        raise Undecodable() from error


async def _do(store: Store, kind: Kind, claim: Claim, decoded: Any) -> int:
    """The effects and the end of a job; the status of its result."""
    if kind.effects == "outside":
        status, result = await kind.run(store, claim, decoded)
        await store.write(lambda tx: job_claims.succeed(tx, claim, now(), status, result))
        return status

    prepare = kind.prepare
    if prepare is not None:
        decoded = await store.read(lambda tx: prepare(tx, claim, decoded))

    async def effects(tx: Tx) -> int:
        status, result = await kind.run(tx, claim, decoded)
        await job_claims.succeed(tx, claim, now(), status, result)
        return status

    return await store.write(effects)


async def _try_again(store: Store, kind: Kind, claim: Claim, error: CarnetError) -> None:
    """Puts the job back for a later attempt, or gives up after the last one."""
    if claim.attempt >= kind.attempts:
        await _give_up(store, claim, error)
        return
    due_at = time.time() + kind.backoff(claim.attempt)
    await store.write(lambda tx: job_claims.retry(tx, claim, due_at))


async def _give_up(store: Store, claim: Claim, error: CarnetError, outcome: str = "failed") -> None:
    async def end(tx: Tx) -> None:
        await job_claims.fail(tx, claim, now(), error.status, error.for_item())
        # A 404 is remembered, other failures are not (contract section 4).
        if not isinstance(error, NotFound):
            await idempotency.forget_job(tx, claim.job_id)

    await store.write(end)
    measured.JOBS_ENDED.add(claim.kind, outcome)
