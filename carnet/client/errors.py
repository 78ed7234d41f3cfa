"""Why a call failed: a class for each code of the API, and for answers that are no Carnet's."""

from collections.abc import Mapping
from typing import Any, Final, TypedDict

import msgspec


class Detail(TypedDict):
    """One thing that is wrong with a request."""

    path: str
    """Dotted, from the root of the body; of a query parameter `?name`."""
    reason: str
    message: str
    """How to mend it."""


class CarnetError(Exception):
    """What a call may raise."""

    code: str = ""
    """The API's; a class below has the one that it is for."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        status: int | None = None,
        details: list[Detail] | None = None,
        request_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code or self.code
        self.message = message
        self.status = status
        """Of the response; None where there was none."""
        self.details = details or []
        self.request_id = request_id
        """What the server's log knows the request by."""
        self.headers = headers or {}


class ValidationFailed(CarnetError):
    """400: `details` has all that is wrong."""

    code = "VALIDATION_ERROR"


class Unauthorized(CarnetError):
    """401: the key is unknown, revoked or expired."""

    code = "UNAUTHORIZED"


class Forbidden(CarnetError):
    """403: a scope or a role is missing."""

    code = "FORBIDDEN"


class NotFound(CarnetError):
    """404."""

    code = "NOT_FOUND"


class MethodNotAllowed(CarnetError):
    """405."""

    code = "METHOD_NOT_ALLOWED"


class Conflict(CarnetError):
    """409: what is there now stands in the way."""

    code = "CONFLICT"


class IdempotencyConflict(CarnetError):
    """409: the Idempotency-Key was used with another request."""

    code = "IDEMPOTENCY_CONFLICT"


class Gone(CarnetError):
    """410: it was there, and is not kept any longer."""

    code = "GONE"


class PreconditionFailed(CarnetError):
    """412: `if_match` names another state than the present one."""

    code = "PRECONDITION_FAILED"


class PayloadTooLarge(CarnetError):
    """413."""

    code = "PAYLOAD_TOO_LARGE"


class UnsupportedMediaType(CarnetError):
    """415."""

    code = "UNSUPPORTED_MEDIA_TYPE"


class RateLimited(CarnetError):
    """429: the key has no request left in this window."""

    code = "RATE_LIMITED"


class Internal(CarnetError):
    """500: a bug of the server."""

    code = "INTERNAL"


class Unavailable(CarnetError):
    """503, or 502 and 504 of a proxy: worth trying again later."""

    code = "UNAVAILABLE"


class ConnectionFailed(CarnetError):
    """No whole answer came: the network, or a server that is not there."""

    code = "CONNECTION_FAILED"


class DeadlineExceeded(CarnetError):
    """The answer did not come within the call's `timeout`."""

    code = "TIMEOUT"


class UnexpectedAnswer(CarnetError):
    """The answer is another program's."""

    code = "UNEXPECTED_ANSWER"


BY_CODE: Final[Mapping[str, type[CarnetError]]] = {
    each.code: each for each in CarnetError.__subclasses__()
}

_BY_STATUS: Final[Mapping[int, type[CarnetError]]] = {
    400: ValidationFailed,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    409: Conflict,
    410: Gone,
    412: PreconditionFailed,
    413: PayloadTooLarge,
    415: UnsupportedMediaType,
    429: RateLimited,
    500: Internal,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}
"""For what a program in between answers, which knows no codes."""


class _Told(msgspec.Struct, rename="camel"):
    code: str
    message: str
    request_id: str | None = None
    details: list[dict[str, Any]] = []


class _Body(msgspec.Struct):
    error: _Told


def told(error: Mapping[str, Any]) -> CarnetError:
    """The error of a job, or of an item."""
    code = str(error.get("code", Internal.code))
    kind = BY_CODE.get(code, CarnetError)
    return kind(str(error.get("message", code)), code=code, details=error.get("details"))


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> CarnetError:
    """The error that a response tells; one of a program in between goes by its status."""
    try:
        found = msgspec.json.decode(body, type=_Body).error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        kind = _BY_STATUS.get(status, UnexpectedAnswer)
        request_id = headers.get("X-Request-Id")
        return kind(
            unexpected(status, headers), status=status, request_id=request_id, headers=headers
        )
    return BY_CODE.get(found.code, CarnetError)(
        found.message,
        code=found.code,
        status=status,
        details=found.details,  # type: ignore[arg-type]  # the API's words for it
        request_id=found.request_id,
        headers=headers,
    )


def reason(error: Exception) -> str:
    """Why a connection failed, in the system's words where there are some."""
    told = error.strerror if isinstance(error, OSError) else None
    return told or str(error) or type(error).__name__


def unexpected(status: int, headers: Mapping[str, str]) -> str:
    """What to say of an answer that is no Carnet's."""
    if "Location" in headers and 300 <= status < 400:
        where = headers["Location"]
        return f"The server redirects to {where}: give the address it points to as base_url"
    kind = headers.get("Content-Type", "nothing")
    return f"The answer is no Carnet's: status {status} with {kind}"
