"""`until`, under the name that it had."""

from tests.waiting import until

__all__ = ["until"]
