"""A client of Carnet's API for asyncio, which needs nothing of the server.

`async with CarnetClient(base_url="http://localhost:8080", api_key="osk_...") as carnet:` gives one;
then `await carnet.me()`, `async for pin in carnet.iterate_map_pins(trip_id):` and so on.
"""

from carnet.client.calls import Call, Document, Page, Response
from carnet.client.client import CarnetClient, SharedTripClient
from carnet.client.errors import (
    CarnetError,
    Conflict,
    ConnectionFailed,
    DeadlineExceeded,
    Forbidden,
    Gone,
    IdempotencyConflict,
    Internal,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    PreconditionFailed,
    RateLimited,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
    UnsupportedMediaType,
    ValidationFailed,
)
from carnet.client.events import Event

__all__ = [
    "Call",
    "CarnetClient",
    "CarnetError",
    "Conflict",
    "ConnectionFailed",
    "DeadlineExceeded",
    "Document",
    "Event",
    "Forbidden",
    "Gone",
    "IdempotencyConflict",
    "Internal",
    "MethodNotAllowed",
    "NotFound",
    "Page",
    "PayloadTooLarge",
    "PreconditionFailed",
    "RateLimited",
    "Response",
    "SharedTripClient",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
    "UnsupportedMediaType",
    "ValidationFailed",
]
