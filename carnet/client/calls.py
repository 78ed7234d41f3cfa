"""What a method of a client gives: something to await, for the data or for the whole response."""

import dataclasses
from collections.abc import Coroutine, Generator, Mapping
from typing import Any, Generic, TypeAlias, TypedDict, TypeVar

T = TypeVar("T")

Document: TypeAlias = dict[str, Any]
"""A JSON object, as the API has it."""


class Page(TypedDict):
    """A page of a list."""

    items: list[Document]
    nextCursor: str | None
    """Leads to the next page; None on the last."""


@dataclasses.dataclass(frozen=True)
class Response(Generic[T]):
    """A response of the API that is no error; 202 and 207 are data like a 200."""

    data: T
    """None where there is no body, so of a 304."""
    status: int
    headers: Mapping[str, str]

    @property
    def request_id(self) -> str | None:
        """What the server's log knows the request by."""
        return self.headers.get("X-Request-Id")


class Call(Generic[T]):
    """A call under way, to be awaited once: `await call`, or `await call.with_response()`.

    Its body is serialised and its Idempotency-Key made already, and the same in each attempt.
    """

    def __init__(self, sending: Coroutine[Any, Any, Response[T]]) -> None:
        # A coroutine that nobody awaits is told of by Python.
        self._sending = sending

    def __await__(self) -> Generator[Any, None, T]:
        response = yield from self._sending.__await__()
        return response.data

    async def with_response(self) -> Response[T]:
        """The data with status and headers."""
        return await self._sending
