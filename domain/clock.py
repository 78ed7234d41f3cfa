"""How Carnet writes a moment down."""

import datetime


def timestamp(moment: datetime.datetime) -> str:
    """RFC 3339 in UTC with milliseconds and `Z`; equal-length text that sorts by time."""
    text = moment.astimezone(datetime.UTC).isoformat(timespec="milliseconds")
    return f"{text[:-6]}Z"
