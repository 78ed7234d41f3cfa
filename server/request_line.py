"""The line of the log that tells of a request."""

from msgspec import UNSET, UnsetType

from runtime import tracing
from runtime.logs import Line


class RequestLine(Line, tag_field="event", tag="request", kw_only=True):
    """What the log tells of a request: route templates, never raw paths, which can have tokens."""

    request_id: str
    method: str
    route: str | UnsetType
    status: int
    duration: float
    """Seconds."""
    bytes: int
    """Of the body, of a stream 0."""
    key_id: str | UnsetType = UNSET
    trip_id: str | UnsetType = UNSET
    job_id: str | UnsetType = UNSET

    def log(self) -> None:
        """Writes the line, and tells the request's span the same."""
        super().log()
        if tracing.is_on():
            tracing.tell_request(
                self.method,
                self.route or None,
                request_id=self.request_id,
                trip_id=self.trip_id or None,
                job_id=self.job_id or None,
            )
