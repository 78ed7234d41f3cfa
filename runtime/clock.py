"""The one place where the time comes from, beside durations; the database is never asked."""

import datetime

from domain.clock import timestamp


def moment() -> datetime.datetime:
    """The present moment, in UTC."""
    return datetime.datetime.now(datetime.UTC)


def now() -> str:
    """The same, as documents carry it."""
    return timestamp(moment())
