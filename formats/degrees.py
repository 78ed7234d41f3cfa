"""Degrees, as text that every format takes."""

from decimal import Decimal


def digits(degrees: float) -> str:
    """A number without an exponent, which neither XML Schema's decimals nor iCalendar's have."""
    return f"{Decimal(str(degrees)):f}"
