"""Every failure a client can see, as one tree rendered in one place (contract section 2)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import msgspec


class Detail(msgspec.Struct, frozen=True):
    """One thing that is wrong: where, why, and how to mend it.

    `path` is a dotted path from the body's root, `message` a sentence with the allowed values,
    form, limit or names that apply.
    """

    # The sentences are worded in `domain.details`; `reason` is one of `REASONS`.

    path: str
    reason: str
    message: str

    def below(self, prefix: str) -> "Detail":
        """The same detail seen from a root one level up, `prefix` being the way there."""
        joint = "." if self.path and not self.path.startswith("[") else ""
        return Detail(f"{prefix}{joint}{self.path}", self.reason, self.message)


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


MAX_DETAILS: Final = 1_000
"""The most details of one answer (contract section 5)."""

_DESCRIBED: Final = 5
"""How many details an error's own message repeats."""
_NAMED: Final = 20
"""How many missing fields it names."""
_PATH_CHARACTERS: Final = 80
"""How much of a path it shows: names that are sent have any length."""


class ErrorInfo(msgspec.Struct, omit_defaults=True, rename="camel"):
    """What went wrong; `requestId` finds it in the server's log."""

    code: str
    message: str
    request_id: str
    details: list[Detail] | msgspec.UnsetType = msgspec.UNSET


class ErrorBody(msgspec.Struct):
    """A failure."""

    error: ErrorInfo


class ItemError(msgspec.Struct, omit_defaults=True):
    """What was wrong with one item; the others are not touched by it."""

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

    def for_item(self, room: int = MAX_DETAILS) -> ItemError:
        """This failure as the outcome of one item, with `room` details at most."""
        return ItemError(self.code, self.message, self.details[:room] or msgspec.UNSET)

    def body(self, request_id: str) -> ErrorBody:
        """This failure as a response body."""
        return ErrorBody(
            ErrorInfo(self.code, self.message, request_id, self.details or msgspec.UNSET)
        )


class ValidationFailed(CarnetError):
    """The request is wrong; `details` lists all that is.

    Of more than `MAX_DETAILS` the first are kept; the message says that there are more.
    """

    code, status = "VALIDATION_ERROR", 400

    def __init__(self, details: Sequence[Detail], message: str | None = None) -> None:
        super().__init__(message or _describe(details), details[:MAX_DETAILS])


class Unauthorized(CarnetError):
    """No valid key. The challenge header is what RFC 6750 section 3 asks for."""

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
    """The path exists, the method does not; `Allow` names those that do (RFC 9110 15.5.6)."""

    code, status = "METHOD_NOT_ALLOWED", 405
    summary = "Method not allowed"


class IdempotencyConflict(CarnetError):
    """An Idempotency-Key came again with another request."""

    code, status = "IDEMPOTENCY_CONFLICT", 409
    summary = "This Idempotency-Key was used with a different request"


class Conflict(CarnetError):
    """What is there now stands in the way."""

    code, status = "CONFLICT", 409
    summary = "This conflicts with what is there now"


class Gone(CarnetError):
    """It was there, and is not kept any longer."""

    code, status = "GONE", 410
    summary = "This is not kept any longer"


class PreconditionFailed(CarnetError):
    """`If-Match` named another state than the present one, or `If-None-Match` the present one."""

    code, status = "PRECONDITION_FAILED", 412
    summary = "The resource has changed"


class PayloadTooLarge(CarnetError):
    """More bytes, or more items, than this server takes."""

    code, status = "PAYLOAD_TOO_LARGE", 413
    summary = "The request body is too large"


class UnsupportedMediaType(CarnetError):
    """A body of another kind than the operation takes, which is JSON in UTF-8."""

    code, status = "UNSUPPORTED_MEDIA_TYPE", 415
    summary = "Send JSON: Content-Type: application/json"


class RateLimited(CarnetError):
    """Too many requests in this window; `Retry-After` is in whole seconds."""

    code, status = "RATE_LIMITED", 429

    def __init__(self, retry_after: int, message: str | None = None) -> None:
        super().__init__(
            message or f"Too many requests; try again in {retry_after} s",
            headers={"Retry-After": str(retry_after)},
        )


class Internal(CarnetError):
    """A bug: nothing of it is shown here, and the log has it under the `requestId`."""


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
    Conflict,
    Gone,
    PreconditionFailed,
    PayloadTooLarge,
    UnsupportedMediaType,
    RateLimited,
    Internal,
    Unavailable,
)


def _describe(details: Sequence[Detail]) -> str:
    """What is wrong and how to mend it, for clients that show nothing but the message.

    Missing fields are named in the reference page's words.
    """
    missing = [detail.path for detail in details if detail.reason == "required"]
    wrong = [detail for detail in details if detail.reason != "required"]
    # A check that finds so many stops there.
    at_least = "at least " if len(details) > MAX_DETAILS else ""
    parts = []
    if missing:
        named = [_clipped(path) for path in missing[:_NAMED]]
        if len(missing) > _NAMED:
            named.append(f"and {at_least}{len(missing) - _NAMED} more")
        parts.append(f"Missing required fields: {', '.join(named)}")
    parts += [f"{_clipped(each.path) or 'body'}: {each.message}" for each in wrong[:_DESCRIBED]]
    if len(wrong) > _DESCRIBED:
        parts.append(f"and {at_least}{len(wrong) - _DESCRIBED} more")
    if at_least:
        parts.append(f"the first {MAX_DETAILS} are listed")
    return "; ".join(parts)


def _clipped(path: str) -> str:
    return path if len(path) <= _PATH_CHARACTERS else f"{path[:_PATH_CHARACTERS]}…"
