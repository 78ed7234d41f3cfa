"""Every failure a client can see, as one tree rendered in one place (contract section 2)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec


class Detail(msgspec.Struct, frozen=True):
    """One thing that is wrong: where (a dotted path from the body's root) and why."""

    path: str
    reason: str

    def below(self, prefix: str) -> "Detail":
        """The same detail seen from a root one level up, `prefix` being the way there."""
        joint = "." if self.path and not self.path.startswith("[") else ""
        return Detail(f"{prefix}{joint}{self.path}", self.reason)


REASONS = (
    "required",
    "wrong_type",
    "malformed",
    "not_allowed",
    "out_of_range",
    "too_long",
    "empty",
    "unknown_field",
    "not_found",
    "duplicate",
)


class ErrorInfo(msgspec.Struct, omit_defaults=True, rename="camel"):
    """The inside of the error envelope."""

    code: str
    message: str
    request_id: str
    details: list[Detail] | msgspec.UnsetType = msgspec.UNSET


class ErrorBody(msgspec.Struct):
    """The error envelope: `{"error": {...}}`."""

    error: ErrorInfo


class ItemError(msgspec.Struct, omit_defaults=True):
    """What was wrong with one item of a batch or a sync."""

    code: str
    message: str
    details: list[Detail] | msgspec.UnsetType = msgspec.UNSET


class CarnetError(Exception):
    """A failure with a contract code, an HTTP status, and headers of its own."""

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int] = 500
    summary: ClassVar[str] = "Something went wrong on the server"

    def __init__(
        self,
        message: str | None = None,
        details: Sequence[Detail] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.message = message or self.summary
        self.details = list(details)
        self.headers = dict(headers or {})
        super().__init__(self.message)

    def for_item(self) -> ItemError:
        """This failure as the outcome of one item."""
        return ItemError(self.code, self.message, self.details or msgspec.UNSET)

    def body(self, request_id: str) -> ErrorBody:
        """This failure as a response body."""
        return ErrorBody(
            ErrorInfo(self.code, self.message, request_id, self.details or msgspec.UNSET)
        )


class ValidationFailed(CarnetError):
    """The request is understood and wrong; `details` lists all that is wrong."""

    code, status = "VALIDATION_ERROR", 400

    def __init__(self, details: Sequence[Detail], message: str | None = None) -> None:
        super().__init__(message or _describe(details), details)


class Unauthorized(CarnetError):
    """No valid key (RFC 6750 section 3 asks for the challenge header)."""

    code, status = "UNAUTHORIZED", 401
    summary = "Missing or invalid API key"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(CarnetError):
    """A valid key that may not do this."""

    code, status = "FORBIDDEN", 403
    summary = "This key has no access to that"


class NotFound(CarnetError):
    """The thing does not exist, or not for this caller."""

    code, status = "NOT_FOUND", 404
    summary = "Not found"


class MethodNotAllowed(CarnetError):
    """The path exists, the method does not (RFC 9110 section 15.5.6: with `Allow`)."""

    code, status = "METHOD_NOT_ALLOWED", 405
    summary = "Method not allowed"


class IdempotencyConflict(CarnetError):
    """An Idempotency-Key came again with another request."""

    code, status = "IDEMPOTENCY_CONFLICT", 409
    summary = "This Idempotency-Key was used with a different request"


class PreconditionFailed(CarnetError):
    """`If-Match` named another state than the present one."""

    code, status = "PRECONDITION_FAILED", 412
    summary = "The resource has changed"


class PayloadTooLarge(CarnetError):
    """More bytes, or more items, than this server takes."""

    code, status = "PAYLOAD_TOO_LARGE", 413
    summary = "The request body is too large"


class UnsupportedMediaType(CarnetError):
    """A body that is not JSON in UTF-8."""

    code, status = "UNSUPPORTED_MEDIA_TYPE", 415
    summary = "Send JSON: Content-Type: application/json"


class RateLimited(CarnetError):
    """Too many requests in this window; `retry_after` is in whole seconds."""

    code, status = "RATE_LIMITED", 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            f"Too many requests; try again in {retry_after} s",
            headers={"Retry-After": str(retry_after)},
        )


class Internal(CarnetError):
    """A bug: nothing of it is told to the client."""


class Unavailable(CarnetError):
    """Storage or queue cannot be reached, or the server is stopping."""

    code, status = "UNAVAILABLE", 503
    summary = "The service is temporarily unavailable"

    def __init__(self, message: str | None = None, retry_after: int = 1) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


class Overloaded(Unavailable):
    """So many requests wait for the database that one more is refused at once."""

    summary = "Too many requests wait for the database"


ERRORS: tuple[type[CarnetError], ...] = (
    ValidationFailed,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    IdempotencyConflict,
    PreconditionFailed,
    PayloadTooLarge,
    UnsupportedMediaType,
    RateLimited,
    Internal,
    Unavailable,
)


def _describe(details: Sequence[Detail]) -> str:
    """One sentence over all details, in the reference page's words where it has some."""
    missing = [d.path for d in details if d.reason == "required"]
    wrong = [f"{d.path or 'body'} ({d.reason})" for d in details if d.reason != "required"]
    parts = []
    if missing:
        parts.append(f"Missing required fields: {', '.join(missing)}")
    if wrong:
        parts.append(f"Invalid fields: {', '.join(wrong)}")
    return "; ".join(parts)
