"""A database that is away, seen by a loop that asks again each second."""


class Outage:
    """When it begins and when it is over are told once each."""

    def __init__(self) -> None:
        self._reason: str | None = None

    def begins(self, reason: str) -> bool:
        """Notes a failure; whether it is to be told, as the first one for this reason is."""
        is_news = reason != self._reason
        self._reason = reason
        return is_news

    def ends(self) -> bool:
        """Notes what has not failed; whether it is to be told that the failures are over."""
        had_failed = self._reason is not None
        self._reason = None
        return had_failed
