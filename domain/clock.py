"""How Carnet writes a moment down."""

import datetime


def timestamp(moment: datetime.datetime) -> str:
    """RFC 3339 in UTC with milliseconds and `Z`; equal-length text that sorts by time."""
    utc = moment.astimezone(datetime.UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
