"""What is dropped when its time is over: answers kept for retries, and jobs that have ended."""

import datetime
import time

import structlog

from domain.clock import timestamp
from storage import idempotency, jobs
from storage.store import Store

EVERY_SECONDS = 3600.0

_log = structlog.get_logger("carnet.upkeep")


async def prune(store: Store) -> None:
    """Drops idempotency records after 24 hours, and ended jobs after `jobs.KEPT_DAYS`."""
    now = datetime.datetime.now(datetime.UTC)
    oldest = timestamp(now - datetime.timedelta(days=jobs.KEPT_DAYS))
    answers = await store.write(lambda tx: idempotency.prune(tx, time.time()))
    ended = await store.write(lambda tx: jobs.prune(tx, oldest))
    if answers or ended:
        _log.info("pruned", answers=answers, jobs=ended)
