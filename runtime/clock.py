"""The one place where the time comes from, beside durations; the database is never asked."""

import datetime

from domain.clock import timestamp


def now() -> str:
    """The present moment, as documents carry it."""
    return timestamp(datetime.datetime.now(datetime.UTC))
